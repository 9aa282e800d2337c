#include "feeds/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "feeds/feed_settings.h"

enum { SERVICE_FILE_MAX = 1024 * 1024 };

static const char *first_of(const char *argument, const char *variable)
{
    const char *value = argument ? argument : getenv(variable);

    return value && *value ? value : NULL;
}

static char *copy(const char *text, size_t length, struct err *err)
{
    char *copied = strndup(text, length);

    if (!copied)
        err_memory(err);
    return copied;
}

/* An unset variable of a shell: --store "$HERE". Another directory would be a surprise. */
static bool is_empty(const char *argument, const char *option, struct err *err)
{
    if (!argument || *argument)
        return false;
    err_set(err, ERR_USAGE, "%s \"\" names no directory", option);
    return true;
}

char *config_dir_choose(const char *argument, struct err *err)
{
    const char *dir = first_of(argument, "POLLARD_CONFIG");

    if (is_empty(argument, "--config", err))
        return NULL;
    if (!dir)
        dir = "/etc/pollard";
    return copy(dir, strlen(dir), err);
}

static int read_fd(int fd, struct buf *content, struct err *err)
{
    for (;;) {
        char *room = buf_reserve(content, 4096);
        ssize_t got;

        if (!room)
            return err_set(err, ERR_CONFIG, "the file is too large");
        got = read(fd, room, 4096);
        if (got == 0)
            return 0;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, ERR_CONFIG, "%s", strerror(errno));
        content->length += (size_t)got;
    }
}

/* Leaves `content` empty if there is no such file. */
static int read_file(const char *path, struct buf *content, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int result;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (fd < 0)
        return err_set(err, ERR_CONFIG, "%s", strerror(errno));
    result = read_fd(fd, content, err);
    close(fd);
    return result;
}

/* A text of pollard.json, and what it must be. */
struct wanted {
    const char *key, *must;
};

/* What the text of pollard.json says, as written; NULL in `value`: it is not set. Other mistakes of
 * the file are for those who need the rest of it. */
static int find_text(const char *path, const struct buf *content, const struct wanted *wanted,
                     char **value, struct err *err)
{
    struct json_mistake mistake;
    struct json *file = json_parse(content->bytes, content->length, &mistake);
    const struct json *found;
    int result = 0;

    if (!file)
        return err_set(err, ERR_CONFIG, "%s:%d:%d: %s", path, mistake.line, mistake.column,
                       mistake.text);
    found = file->type == JSON_OBJECT ? json_get(file, wanted->key) : NULL;
    if (found && (found->type != JSON_STRING || !found->length))
        result = err_set(err, ERR_CONFIG, "%s:%d:%d: \"%s\" must be %s", path, found->line,
                         found->column, wanted->key, wanted->must);
    else if (found && !(*value = copy(found->text, found->length, err)))
        result = -1;
    json_free(file);
    return result;
}

/* NULL in `value`: not set there. */
static int read_text(const char *config_dir, const struct wanted *wanted, char **value,
                     struct err *err)
{
    struct buf content;
    char *path = NULL;
    int result = -1;

    *value = NULL;
    buf_init(&content, SERVICE_FILE_MAX);
    if (asprintf(&path, "%s/pollard.json", config_dir) < 0) {
        path = NULL;
        err_memory(err);
        goto fail;
    }
    if (read_file(path, &content, err))
        err_within(err, "%s", path);
    else
        result = content.length ? find_text(path, &content, wanted, value, err) : 0;
fail:
    buf_release(&content);
    free(path);
    return result;
}

char *store_dir_choose(const char *argument, const char *config_dir, struct err *err)
{
    static const struct wanted wanted = {"store", "the path of a directory"};
    const char *dir = first_of(argument, "POLLARD_STORE");
    char *store, *beside;

    if (is_empty(argument, "--store", err))
        return NULL;
    if (dir)
        return copy(dir, strlen(dir), err);
    if (read_text(config_dir, &wanted, &store, err))
        return NULL;
    if (store && store[0] == '/')
        return store;
    if (store) {
        if (asprintf(&beside, "%s/%s", config_dir, store) < 0) {
            beside = NULL;
            err_memory(err);
        }
        free(store);
        return beside;
    }
    dir = first_of(NULL, "STATE_DIRECTORY");
    if (!dir)
        dir = "/var/lib/pollard";
    /* systemd gives several with colons between; ours is the first (systemd.exec(5)). */
    return copy(dir, strcspn(dir, ":"), err);
}

char *listen_choose(const char *argument, const char *config_dir, struct err *err)
{
    static const struct wanted wanted = {"listen", "\"off\" or an address and a port"};
    char *listen;

    if (argument)
        return copy(argument, strlen(argument), err);
    if (read_text(config_dir, &wanted, &listen, err))
        return NULL;
    return listen ? listen : copy(LISTEN_DEFAULT, strlen(LISTEN_DEFAULT), err);
}
