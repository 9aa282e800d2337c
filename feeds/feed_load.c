#include "feeds/feed_load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feeds/config_file.h"
#include "feeds/feed_check.h"
#include "feeds/feed_claims.h"
#include "feeds/feed_settings.h"
#include "feeds/for_each.h"
#include "feeds/service_load.h"
#include "feeds/template.h"
#include "feeds/template_check.h"

enum { SET_BYTES_MAX = 256 << 20 };

/* One loading under way. */
struct loader {
    struct feed_set *set;
    const struct feed_set *previous; /* NULL: a start */
    struct mistakes mistakes;
    struct feed_claims claims;
    int dir_fd;
    struct service_load service;
    char **files; /* "feeds/bus.json", sorted */
    size_t file_count, file_capacity;
    size_t feed_capacity;
    size_t bytes;     /* of the feeds' definitions */
    const char *file; /* the present one */
    char stem[NAME_MAX + 1];
    size_t first; /* of its feeds in the set */
};

/* The array with room for one more; NULL: no memory, the old one stands. */
static void *with_room(void *items, size_t count, size_t *capacity, size_t size)
{
    size_t wanted = *capacity ? 2 * *capacity : 16;
    void *grown = NULL;

    if (count < *capacity)
        return items;
    grown = realloc(items, wanted * size);
    if (grown)
        *capacity = wanted;
    return grown;
}

/* Takes `feed`, even on failure. */
static int add_feed(struct loader *loader, struct feed *feed, struct err *err)
{
    struct feed_set *set = loader->set;
    struct feed **feeds =
        with_room(set->feeds, set->count, &loader->feed_capacity, sizeof(struct feed *));

    if (!feeds) {
        feed_drop(feed);
        return err_memory(err);
    }
    set->feeds = feeds;
    set->feeds[set->count++] = feed;
    return 0;
}

/* 0, or 1 if another feed has the name, or -1. */
static int claim_name(struct loader *loader, const struct feed *feed, const struct json *file,
                      struct err *err)
{
    int is_new = 0;
    const char *holder = feed_claims_take(&loader->claims, feed->name, loader->file, &is_new);
    const struct json *name = json_get(file, "name");

    if (!holder)
        return err_memory(err);
    if (is_new)
        return 0;
    if (strcmp(holder, loader->file) == 0)
        mistakes_say(&loader->mistakes, loader->file, name ? name : file,
                     "\"name\" must be unique: this file makes two feeds of name \"%.110s\"",
                     feed->name);
    else
        mistakes_say(&loader->mistakes, loader->file, name ? name : file,
                     "\"name\" must be unique: \"%.110s\" is a feed of %s too", feed->name, holder);
    return 1;
}

/* Many feeds, or large ones, not both. */
static bool is_too_much(struct loader *loader, const struct feed *feed, const struct json *file)
{
    loader->bytes += feed->definition ? strlen(feed->definition) : 0;
    if (loader->bytes <= SET_BYTES_MAX)
        return false;
    mistakes_say(&loader->mistakes, loader->file, file,
                 "the feeds of this configuration are more than %d MiB in all",
                 SET_BYTES_MAX >> 20);
    return true;
}

static int on_feed_file(void *cookie, const struct json *file, struct err *err)
{
    struct loader *loader = cookie;
    struct feed_source source = {.file = loader->file,
                                 .name = loader->stem,
                                 .tree = file,
                                 .defaults = loader->service.defaults,
                                 .has_unknown_defaults = loader->service.has_unknown_defaults,
                                 .dir = loader->set->dir,
                                 .secrets = loader->set->secrets,
                                 .mistakes = &loader->mistakes};
    struct feed *feed = feed_make(&source);
    struct feed *old = NULL;

    if (!feed)
        return err_memory(err);
    if (loader->mistakes.is_sketch) {
        feed_drop(feed);
        return 0;
    }
    if (claim_name(loader, feed, file, err) < 0) {
        feed_drop(feed);
        return -1;
    }
    old = loader->previous ? feed_set_find(loader->previous, feed->name) : NULL;
    if (old && hash_equal(&old->fingerprint, &feed->fingerprint) &&
        strcmp(old->file, feed->file) == 0) {
        feed_drop(feed);
        feed = feed_hold(old);
    }
    if (is_too_much(loader, feed, file)) {
        feed_drop(feed);
        return 1;
    }
    return add_feed(loader, feed, err);
}

static int on_kept_secret(void *cookie, const char *name, struct err *err)
{
    struct loader *loader = cookie;

    if (secrets_load(loader->set->secrets, name, err) == 0)
        return 0;
    return secrets_copy(loader->set->secrets, loader->previous->secrets, name, err);
}

/* The feed goes on with the secrets that it had where they are gone now. */
static void keep_secrets(struct loader *loader, const struct feed *feed)
{
    const char *const texts[] = {feed->url, feed->body, feed->auth.username, feed->auth.password,
                                 feed->auth.token};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i])
            template_check(texts[i], on_kept_secret, loader, NULL);
    }
    for (size_t i = 0; i < feed->header_count; i++)
        template_check(feed->headers[i].value, on_kept_secret, loader, NULL);
}

/* The feeds that the present file gave before, unless an earlier file has taken the name. */
static int keep_previous(struct loader *loader, struct err *err)
{
    const struct feed_set *previous = loader->previous;

    for (size_t i = 0; previous && i < previous->count; i++) {
        struct feed *feed = previous->feeds[i];
        const char *holder = NULL;
        int is_new = 0;

        if (strcmp(feed->file, loader->file) != 0)
            continue;
        holder = feed_claims_take(&loader->claims, feed->name, loader->file, &is_new);
        if (!holder)
            return err_memory(err);
        if (strcmp(holder, loader->file) != 0)
            continue;
        keep_secrets(loader, feed);
        if (add_feed(loader, feed_hold(feed), err) != 0)
            return -1;
    }
    return 0;
}

static int add_broken(struct loader *loader, struct err *err)
{
    struct feed_set *set = loader->set;

    set->broken_files[set->broken_count] = strdup(loader->file); /* has room for every file */
    if (!set->broken_files[set->broken_count])
        return err_memory(err);
    set->broken_count++;
    while (set->count > loader->first)
        feed_drop(set->feeds[--set->count]);
    return keep_previous(loader, err);
}

static int load_file(struct loader *loader, const char *file, struct err *err)
{
    const char *base = strrchr(file, '/') + 1;
    size_t found = loader->mistakes.found;
    struct json *tree = NULL;
    int status = 0;

    loader->file = file;
    loader->first = loader->set->count;
    snprintf(loader->stem, sizeof loader->stem, "%.*s", (int)(strlen(base) - strlen(".json")),
             base);
    mistakes_enter(&loader->mistakes, file);
    if (config_file_read(loader->dir_fd, file, &tree, &loader->mistakes) > 0)
        mistakes_add(&loader->mistakes, 0, 0, "it is gone, or a link to nothing");
    if (tree)
        status = for_each_file(tree, FEEDS_MAX - loader->set->count, &loader->mistakes,
                               on_feed_file, loader, err);
    json_free(tree);
    if (status == 0 && loader->mistakes.found != found)
        status = add_broken(loader, err);
    return status;
}

static bool is_feed_file(const char *name)
{
    size_t length = strlen(name);

    return name[0] != '.' && length > 5 && strcmp(name + length - 5, ".json") == 0;
}

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static char *file_path(const char *name)
{
    char *path = NULL;

    return asprintf(&path, "feeds/%s", name) < 0 ? NULL : path;
}

static int list_files(struct loader *loader, DIR *dir, struct err *err)
{
    for (;;) {
        struct dirent *entry = NULL;
        char **files = NULL;

        errno = 0;
        entry = readdir(dir);
        if (!entry && errno != 0)
            return err_set(err, ERR_CONFIG, "cannot read \"%s/feeds\": %s", loader->set->dir,
                           strerror(errno));
        if (!entry)
            break;
        if (!is_feed_file(entry->d_name))
            continue;
        if (loader->file_count > FEEDS_MAX)
            return err_set(err, ERR_CONFIG, "\"%s/feeds\" holds more than %d files",
                           loader->set->dir, FEEDS_MAX);
        files = with_room(loader->files, loader->file_count, &loader->file_capacity, sizeof *files);
        if (!files)
            return err_memory(err);
        loader->files = files;
        files[loader->file_count] = file_path(entry->d_name);
        if (!files[loader->file_count])
            return err_memory(err);
        loader->file_count++;
    }
    if (loader->file_count > 1)
        qsort(loader->files, loader->file_count, sizeof *loader->files, compare_texts);
    return 0;
}

static int find_files(struct loader *loader, struct err *err)
{
    int fd = openat(loader->dir_fd, "feeds", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    int status = 0;

    if (!dir && fd < 0 && errno == ENOENT)
        return 0;
    if (!dir) {
        status = err_set(err, ERR_CONFIG, "cannot read \"%s/feeds\": %s", loader->set->dir,
                         strerror(errno));
        if (fd >= 0)
            close(fd);
        return status;
    }
    status = list_files(loader, dir, err);
    closedir(dir);
    return status;
}

static int compare_feeds(const void *left, const void *right)
{
    return strcmp((*(struct feed *const *)left)->name, (*(struct feed *const *)right)->name);
}

static int load(struct loader *loader, struct err *err)
{
    struct feed_set *set = loader->set;

    if (service_load(&loader->service, set, loader->previous, loader->dir_fd, &loader->mistakes) !=
        0)
        return err_memory(err);
    if (find_files(loader, err) != 0)
        return -1;
    set->broken_files = calloc(loader->file_count + 1, sizeof *set->broken_files);
    if (!set->broken_files)
        return err_memory(err);
    for (size_t i = 0; i < loader->file_count; i++) {
        if (load_file(loader, loader->files[i], err) != 0)
            return -1;
    }
    if (set->count > 1)
        qsort(set->feeds, set->count, sizeof(struct feed *), compare_feeds);
    if (loader->mistakes.is_incomplete)
        return err_memory(err);
    mistakes_sort(&loader->mistakes);
    set->mistakes = loader->mistakes.items;
    set->mistake_count = loader->mistakes.count;
    loader->mistakes = (struct mistakes){0};
    return 0;
}

int feed_set_load(struct feed_set **set, const char *dir, const struct feed_set *previous,
                  struct err *err)
{
    struct loader loader = {.previous = previous, .dir_fd = -1};
    struct err own = {0};
    int status = -1;

    *set = NULL;
    if (!err)
        err = &own;
    loader.set = calloc(1, sizeof *loader.set);
    if (!loader.set || !(loader.set->dir = strdup(dir)) ||
        !(loader.set->secrets = secrets_new(dir))) {
        err_memory(err);
        goto fail;
    }
    loader.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (loader.dir_fd < 0) {
        err_set(err, ERR_CONFIG, "cannot read the config directory \"%s\": %s%s", dir,
                strerror(errno),
                errno == ENOENT ? ": --config or $POLLARD_CONFIG names another" : "");
        goto fail;
    }
    status = load(&loader, err);
fail:
    if (loader.dir_fd >= 0)
        close(loader.dir_fd);
    service_load_release(&loader.service);
    feed_claims_release(&loader.claims);
    mistakes_release(&loader.mistakes);
    for (size_t i = 0; i < loader.file_count; i++)
        free(loader.files[i]);
    free(loader.files);
    if (status == 0)
        *set = loader.set;
    else
        feed_set_free(loader.set);
    return status;
}

int feed_set_print_mistakes(const struct feed_set *set, struct buf *out)
{
    for (size_t i = 0; i < set->mistake_count; i++) {
        const struct mistake *mistake = &set->mistakes[i];

        if (buf_printf(out, "%s:%d:%d: %s\n", mistake->file, mistake->line ? mistake->line : 1,
                       mistake->column ? mistake->column : 1, mistake->text) != 0)
            return -1;
    }
    return 0;
}
