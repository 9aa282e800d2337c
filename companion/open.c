#include "companion/open.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "companion/crash.h"
#include "feeds/paths.h"

char *open_store_dir(const struct arguments *arguments, struct err *err)
{
    char *config_dir = config_dir_choose(arguments->config, err);
    char *dir = config_dir ? store_dir_choose(arguments->store, config_dir, err) : NULL;

    free(config_dir);
    return dir;
}

static int open_as(struct store **store, const struct arguments *arguments, enum store_mode mode,
                   struct err *err)
{
    char *dir = open_store_dir(arguments, err);
    int result;

    if (!dir)
        return -1;
    crash_watch();
    result = store_open(store, dir, mode, err);
    if (result && err->kind == ERR_ABSENT)
        result = err_set(
            err, ERR_ABSENT,
            "no store in \"%s\": pollardd makes it, --store or $POLLARD_STORE says where", dir);
    free(dir);
    return result;
}

int open_store(struct store **store, const struct arguments *arguments, struct err *err)
{
    return open_as(store, arguments, STORE_READ, err);
}

int open_store_to_change(struct store **store, const struct arguments *arguments, struct err *err)
{
    return open_as(store, arguments, STORE_CHANGE, err);
}

static int print_mistakes(const struct feed_set *set, struct err *err)
{
    struct buf text;
    int result;

    buf_init(&text, (size_t)1 << 30);
    result = feed_set_print_mistakes(set, &text) ? err_memory(err) : 0;
    if (!result && text.length)
        fwrite(text.bytes, 1, text.length, stderr);
    buf_release(&text);
    return result;
}

int open_feeds(struct feed_set **set, const struct arguments *arguments, struct err *err)
{
    char *dir = config_dir_choose(arguments->config, err);
    int result;

    *set = NULL;
    if (!dir)
        return -1;
    result = feed_set_load(set, dir, NULL, err);
    if (!result)
        result = print_mistakes(*set, err);
    free(dir);
    if (result) {
        feed_set_free(*set);
        *set = NULL;
    }
    return result;
}

bool feed_is_meant(const struct arguments *arguments, const char *name, bool *has_matched)
{
    bool is_meant = arguments->feed_count == 0;
    size_t i;

    for (i = 0; i < arguments->feed_count; i++) {
        if (fnmatch(arguments->feeds[i], name, 0))
            continue;
        is_meant = true;
        if (has_matched)
            has_matched[i] = true;
    }
    return is_meant;
}

int feeds_verdict(const struct feed_set *set, struct err *err)
{
    if (!set->mistake_count)
        return 0;
    return err_set(err, ERR_CONFIG, "the configuration in \"%s\" is wrong: %zu mistake%s", set->dir,
                   set->mistake_count, set->mistake_count == 1 ? "" : "s");
}
