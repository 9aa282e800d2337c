#include "companion/output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a signal has to remove; handlers can reach nothing else. */
static char pending[PATH_MAX];
static bool is_pending_dir, is_stopping_softly;
static volatile sig_atomic_t stopped_by;
static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP};

void output_abandon(void)
{
    if (!pending[0])
        return;
    if (is_pending_dir)
        rmdir(pending);
    else
        unlink(pending);
}

/* A directory that has files in it can be removed by the program only. */
static bool is_ours_to_end(void)
{
    if (is_stopping_softly)
        return false;
    return !is_pending_dir || !pending[0] || rmdir(pending) == 0;
}

static void on_ending_signal(int number)
{
    int before = errno;

    if (is_ours_to_end()) {
        output_abandon();
        /* SA_RESETHAND has put the default action back, which ends us as the sender meant. */
        raise(number);
    }
    stopped_by = number;
    errno = before;
}

static void watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_ending_signal, .sa_flags = SA_RESETHAND};
    size_t i;

    sigemptyset(&action.sa_mask);
    for (i = 0; i < sizeof ending_signals / sizeof ending_signals[0]; i++) {
        struct sigaction before;

        /* nohup has it ignored, and so it stays. */
        if (!sigaction(ending_signals[i], NULL, &before) && before.sa_handler != SIG_IGN)
            sigaction(ending_signals[i], &action, NULL);
    }
}

static void set_pending(const char *path, bool is_dir)
{
    pending[0] = '\0';
    is_pending_dir = is_dir;
    if (path && strlen(path) < sizeof pending)
        memcpy(pending, path, strlen(path) + 1);
    if (path)
        watch_signals();
}

void output_guard_dir(const char *path)
{
    set_pending(path, true);
}

void output_stop_softly(void)
{
    is_stopping_softly = true;
    watch_signals();
}

int output_stopped_by(void)
{
    return stopped_by;
}

int output_write_all(int fd, const char *what, const struct text_span *text, struct err *err)
{
    const char *bytes = text->bytes;
    size_t length = text->length;

    while (length) {
        ssize_t written = write(fd, bytes, length);

        if (written >= 0) {
            bytes += written;
            length -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd ready = {.fd = fd, .events = POLLOUT};

            poll(&ready, 1, -1);
        } else if (errno == EPIPE) {
            return err_set(err, ERR_NONE, "the reader has gone");
        } else if (errno != EINTR) {
            return err_set(err, ERR_IO, "cannot write \"%s\": %s", what, strerror(errno));
        }
        if (length && stopped_by)
            return err_set(err, ERR_NONE, "stopped by a signal");
    }
    return 0;
}

static int output_write(void *cookie, const char *bytes, size_t length, struct err *err)
{
    struct output *output = cookie;
    const struct text_span text = {bytes, length};

    return output_write_all(output->fd, output->path ? output->path : "standard output", &text,
                            err);
}

bool output_reader_has_gone(const struct output *output)
{
    struct pollfd state = {.fd = output->fd};

    return poll(&state, 1, 0) > 0 && (state.revents & (POLLERR | POLLHUP)) != 0;
}

/* The real place of `path`, so that a link is followed and not replaced. Returns owned. */
static char *resolve(const char *path, struct err *err)
{
    char *resolved = realpath(path, NULL);

    if (!resolved && errno == ENOENT)
        resolved = strdup(path);
    if (!resolved)
        err_set(err, ERR_IO, "cannot write \"%s\": %s", path, strerror(errno));
    return resolved;
}

static int open_temporary(struct output *output, struct err *err)
{
    const char *slash = strrchr(output->path, '/');
    int dir_length = slash ? (int)(slash + 1 - output->path) : 0;
    mode_t mask = umask(0);

    umask(mask);
    if (asprintf(&output->temporary, "%.*s.%s.XXXXXX", dir_length, output->path,
                 output->path + dir_length) < 0) {
        output->temporary = NULL;
        return err_memory(err);
    }
    output->fd = mkostemp(output->temporary, O_CLOEXEC);
    if (output->fd < 0) {
        free(output->temporary);
        output->temporary = NULL;
        return err_set(err, ERR_IO, "cannot write \"%s\": %s", output->path, strerror(errno));
    }
    set_pending(output->temporary, false);
    if (fchmod(output->fd, 0666 & ~mask))
        return err_set(err, ERR_IO, "cannot write \"%s\": %s", output->path, strerror(errno));
    return 0;
}

static int open_special(struct output *output, const char *path, struct err *err)
{
    output->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (output->fd < 0)
        return err_set(err, ERR_IO, "cannot write \"%s\": %s", path, strerror(errno));
    return 0;
}

int output_open(struct output *output, const char *path, struct err *err)
{
    struct stat stat_of;
    bool exists;

    *output = (struct output){.sink = {output_write, output}, .fd = STDOUT_FILENO};
    if (!path || strcmp(path, "-") == 0)
        return 0;
    exists = stat(path, &stat_of) == 0;
    if ((exists && S_ISDIR(stat_of.st_mode)) || !*path || path[strlen(path) - 1] == '/')
        return err_set(err, ERR_USAGE,
                       "cannot write \"%s\": it is a directory, which --split and --format raw "
                       "are for",
                       path);
    if (exists && !S_ISREG(stat_of.st_mode))
        return open_special(output, path, err);
    output->path = resolve(path, err);
    return output->path ? open_temporary(output, err) : -1;
}

/* The name is durable only when its directory is. */
static int sync_dir(const char *path)
{
    char *copied = strdup(path);
    int fd, result;

    if (!copied)
        return -1;
    fd = open(dirname(copied), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copied);
    if (fd < 0)
        return -1;
    result = fsync(fd);
    close(fd);
    return result;
}

int output_commit(struct output *output, struct err *err)
{
    int fd = output->fd;

    if (!output->temporary)
        return 0;
    if (fsync(fd))
        goto fail;
    output->fd = -1;
    if (close(fd) || rename(output->temporary, output->path))
        goto fail;
    set_pending(NULL, false);
    free(output->temporary);
    output->temporary = NULL;
    if (sync_dir(output->path))
        goto fail;
    return 0;
fail:
    return err_set(err, ERR_IO, "cannot write \"%s\": %s", output->path, strerror(errno));
}

void output_close(struct output *output)
{
    if (output->fd > STDERR_FILENO)
        close(output->fd);
    if (output->temporary)
        unlink(output->temporary);
    set_pending(NULL, false);
    free(output->temporary);
    free(output->path);
    *output = (struct output){.fd = -1};
}
