#include "feeds/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SECRET_MAX = 64 * 1024,
    SECRET_ROOM = SECRET_MAX + 3, /* a newline of two bytes, and one byte too many */
    SECRET_NAME_MAX = 100,
    SECRETS_MAX = 10000,
};

struct secret {
    char *name;
    char *bytes;
    size_t length;
    bool is_kept; /* from an earlier load, its file is gone or wrong: each asker is told so */
};

struct secrets {
    char *config_dir;
    struct secret *items; /* in no order: there are few */
    size_t count, capacity;
};

static bool is_secret_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool secret_name_is_legal(const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < length; i++) {
        if (!is_secret_char(name[i]))
            return false;
    }
    return length >= 1 && length <= SECRET_NAME_MAX && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

struct secrets *secrets_new(const char *config_dir)
{
    struct secrets *secrets = calloc(1, sizeof *secrets);

    if (!secrets)
        return NULL;
    secrets->config_dir = strdup(config_dir);
    if (!secrets->config_dir) {
        free(secrets);
        return NULL;
    }
    return secrets;
}

static void secret_wipe(struct secret *secret)
{
    explicit_bzero(secret->bytes, secret->length);
    free(secret->bytes);
    free(secret->name);
}

void secrets_free(struct secrets *secrets)
{
    if (!secrets)
        return;
    for (size_t i = 0; i < secrets->count; i++)
        secret_wipe(&secrets->items[i]);
    free(secrets->items);
    free(secrets->config_dir);
    free(secrets);
}

static struct secret *secrets_find(const struct secrets *secrets, const char *name)
{
    for (size_t i = 0; i < secrets->count; i++) {
        if (strcmp(secrets->items[i].name, name) == 0)
            return &secrets->items[i];
    }
    return NULL;
}

static int secrets_add(struct secrets *secrets, const char *name, const char *bytes, size_t length)
{
    struct secret secret = {.length = length};
    struct secret *old = secrets_find(secrets, name);

    if (secrets->count == SECRETS_MAX && !old)
        return -1;
    if (secrets->count == secrets->capacity && !old) {
        size_t capacity = secrets->capacity ? 2 * secrets->capacity : 8;
        struct secret *items = realloc(secrets->items, capacity * sizeof *items);

        if (!items)
            return -1;
        secrets->items = items;
        secrets->capacity = capacity;
    }
    secret.name = strdup(name);
    secret.bytes = malloc(length + 1);
    if (!secret.name || !secret.bytes) {
        free(secret.name);
        free(secret.bytes);
        return -1;
    }
    memcpy(secret.bytes, bytes, length);
    secret.bytes[length] = '\0';
    if (old) {
        secret_wipe(old);
        *old = secret;
    } else {
        secrets->items[secrets->count++] = secret;
    }
    return 0;
}

/* 0: open in `*fd`; 1: no such file; -1. */
static int secret_open(const char *dir, const char *subdir, const char *name, int *fd)
{
    int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int sub_fd = -1;
    int saved_errno = 0;

    *fd = -1;
    if (dir_fd >= 0)
        sub_fd = openat(dir_fd, subdir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (sub_fd >= 0)
        *fd = openat(sub_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    saved_errno = errno;
    if (sub_fd >= 0)
        close(sub_fd);
    if (dir_fd >= 0)
        close(dir_fd);
    errno = saved_errno;
    if (*fd >= 0)
        return 0;
    return errno == ENOENT || errno == ENOTDIR ? 1 : -1;
}

static int secret_check_file(int fd, bool must_be_private, const char *name, struct err *err)
{
    struct stat stat;

    if (fstat(fd, &stat) != 0)
        return err_set(err, ERR_CONFIG, "%s", strerror(errno));
    if (!S_ISREG(stat.st_mode))
        return err_set(err, ERR_CONFIG, "it is not a regular file");
    if (must_be_private && (stat.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return err_set(err, ERR_CONFIG, "others may read it (mode %04o), do: chmod 600 secrets/%s",
                       (unsigned)(stat.st_mode & 07777), name);
    return 0;
}

/* The length, without one trailing newline; -1. `bytes` has SECRET_ROOM. */
static ssize_t secret_read(int fd, char *bytes, struct err *err)
{
    size_t length = 0;

    while (length < SECRET_ROOM) {
        ssize_t got = read(fd, bytes + length, SECRET_ROOM - length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, ERR_CONFIG, "%s", strerror(errno));
        if (got == 0)
            break;
        length += (size_t)got;
    }
    if (length > 0 && bytes[length - 1] == '\n') {
        length--;
        if (length > 0 && bytes[length - 1] == '\r')
            length--;
    }
    if (length > SECRET_MAX)
        return err_set(err, ERR_CONFIG, "it is larger than 64KiB");
    if (length == 0)
        return err_set(err, ERR_CONFIG, "it is empty");
    if (memchr(bytes, '\0', length) || memchr(bytes, '\r', length) || memchr(bytes, '\n', length))
        return err_set(err, ERR_CONFIG, "it must be one line without NUL bytes");
    return (ssize_t)length;
}

static int secrets_read(struct secrets *secrets, const char *name, int fd, struct err *err)
{
    char *bytes = malloc(SECRET_ROOM);
    ssize_t length = -1;
    int status = -1;

    if (!bytes)
        return err_memory(err);
    length = secret_read(fd, bytes, err);
    if (length >= 0) {
        status = secrets_add(secrets, name, bytes, (size_t)length);
        if (status != 0)
            err_memory(err);
    }
    explicit_bzero(bytes, SECRET_ROOM);
    free(bytes);
    return status;
}

int secrets_load(struct secrets *secrets, const char *name, struct err *err)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    bool is_own = true;
    const struct secret *old = secrets_find(secrets, name);
    int fd = -1;
    int status = 0;

    if (old && !old->is_kept)
        return 0;
    if (!secret_name_is_legal(name))
        return err_set(
            err, ERR_CONFIG,
            "secret \"%.120s\": a name is 1 to 100 letters, digits, \".\", \"_\" or \"-\"", name);
    status = secret_open(secrets->config_dir, "secrets", name, &fd);
    if (status == 1 && credentials && *credentials) {
        is_own = false;
        status = secret_open(credentials, ".", name, &fd);
    }
    if (status == 1)
        return err_set(err, ERR_CONFIG,
                       "secret \"%s\" is absent: put it into secrets/%s, mode 0600", name, name);
    if (status == 0)
        status = secret_check_file(fd, is_own, name, err);
    else
        err_set(err, ERR_CONFIG, "%s",
                errno == ELOOP ? "it is a link, not a regular file" : strerror(errno));
    if (status == 0)
        status = secrets_read(secrets, name, fd, err);
    if (fd >= 0)
        close(fd);
    return status == 0 ? 0 : err_within(err, "secret \"%s\"", name);
}

int secrets_copy(struct secrets *secrets, const struct secrets *from, const char *name,
                 struct err *err)
{
    const struct secret *secret = secrets_find(from, name);

    if (secrets_find(secrets, name))
        return 0;
    if (!secret)
        return err_set(err, ERR_ABSENT, "secret \"%s\" is not loaded", name);
    if (secrets_add(secrets, name, secret->bytes, secret->length) != 0)
        return err_memory(err);
    secrets_find(secrets, name)->is_kept = true;
    return 0;
}

int secrets_append(const struct secrets *secrets, const char *name, struct buf *out,
                   struct err *err)
{
    const struct secret *secret = secrets_find(secrets, name);

    if (!secret)
        return err_set(err, ERR_ABSENT, "secret \"%s\" is not loaded", name);
    if (buf_append(out, secret->bytes, secret->length) != 0)
        return err_set(err, ERR_FULL, "the text with secret \"%s\" is too long", name);
    return 0;
}
