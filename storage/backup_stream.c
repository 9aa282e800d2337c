#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/backup_parts.h"
#include "storage/store_files.h"
#include "storage/tables.h"

enum { CHUNK_BYTES = 1 << 20, WAIT_MS = 200 };

/* From the child: how it stands before the first byte, or why it failed. */
struct news {
    bool has_failed;
    uint64_t used_bytes;
    struct err err;
};

struct stream {
    pid_t child;
    int pages, tells;  /* ends of the child's pipes; -1: closed */
    int fd;            /* where the bytes go */
    const char *what;  /* … in words */
    size_t part_bytes; /* so many at once do not wait for a pipe that has room */
    char *data_path;
    uint64_t file_bytes; /* of the store when it began */
    uint64_t total_bytes, done_bytes;
    const struct backup_watcher *watcher;
    char *chunk;
};

static int copy(struct store *store, int fd)
{
    int rc = mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT);

    if (rc == MDB_MAP_RESIZED && !store_adopt_map(store))
        rc = mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT);
    return rc;
}

static _Noreturn void be_child(const char *dir, int pages, int tells)
{
    static const int deadly[] = {SIGBUS, SIGSEGV, SIGFPE, SIGABRT, SIGILL};
    struct store *store = NULL;
    struct store_space space = {0};
    struct news news = {0};
    int rc = 0;

    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
        (void)signal(deadly[i], SIG_DFL);
    news.has_failed =
        store_open(&store, dir, STORE_READ, &news.err) || store_space(store, &space, &news.err);
    news.used_bytes = space.used_bytes;
    if (write(tells, &news, sizeof news) != sizeof news || news.has_failed)
        _exit(1);
    rc = copy(store, pages);
    if (!rc)
        _exit(0);
    news.has_failed = true;
    (void)table_error(store, rc, "cannot copy", &news.err);
    (void)!write(tells, &news, sizeof news);
    _exit(1);
}

static void shut(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static int start(struct stream *stream, const char *dir, struct err *err)
{
    int pages[2] = {-1, -1}, tells[2] = {-1, -1};

    if (pipe2(pages, O_CLOEXEC) || pipe2(tells, O_CLOEXEC)) {
        shut(&pages[0]);
        shut(&pages[1]);
        return err_set(err, ERR_IO, "cannot make a pipe: %s", strerror(errno));
    }
    (void)fcntl(pages[0], F_SETPIPE_SZ, CHUNK_BYTES);
    stream->child = fork();
    if (stream->child == 0) {
        (void)close(pages[0]);
        (void)close(tells[0]);
        be_child(dir, pages[1], tells[1]);
    }
    (void)close(pages[1]);
    (void)close(tells[1]);
    stream->pages = pages[0];
    stream->tells = tells[0];
    if (stream->child < 0)
        return err_set(err, ERR_IO, "cannot start a child process: %s", strerror(errno));
    return 0;
}

/* 1: got news; 0: the child ended without any. A message is smaller than a pipe's atomic write. */
static int hear(struct stream *stream, struct news *news)
{
    ssize_t got;

    do
        got = read(stream->tells, news, sizeof *news);
    while (got < 0 && errno == EINTR);
    return got == sizeof *news;
}

static uint64_t file_bytes(const struct stream *stream)
{
    struct stat st;

    return stat(stream->data_path, &st) ? 0 : (uint64_t)st.st_size;
}

static int check_growth(const struct stream *stream, struct err *err)
{
    uint64_t most =
        stream->file_bytes / 4 > BACKUP_GROWTH_BYTES ? stream->file_bytes / 4 : BACKUP_GROWTH_BYTES;

    if (file_bytes(stream) <= stream->file_bytes + most)
        return 0;
    return err_set(err, ERR_FULL,
                   "cannot copy so slowly: the store grew by more than %llu bytes meanwhile; back "
                   "it up to a directory of this machine, and send that",
                   (unsigned long long)most);
}

static int note(struct stream *stream, struct err *err)
{
    const struct backup_watcher *watcher = stream->watcher;

    if (watcher && watcher->on_progress &&
        watcher->on_progress(watcher->cookie, stream->done_bytes, stream->total_bytes))
        return err_set(err, ERR_NONE, "given up");
    return check_growth(stream, err);
}

/* A receiver that does not take anything must not keep us from looking at the store. */
static int send_chunk(struct stream *stream, size_t length, struct err *err)
{
    size_t sent = 0;

    while (sent < length) {
        struct pollfd out = {stream->fd, POLLOUT, 0};
        size_t part = length - sent < stream->part_bytes ? length - sent : stream->part_bytes;
        ssize_t wrote = 0;

        if (poll(&out, 1, WAIT_MS) > 0)
            wrote = write(stream->fd, stream->chunk + sent, part);
        if (wrote < 0 && errno == EPIPE)
            return err_set(err, ERR_NONE, "the reader has gone");
        if (wrote < 0 && errno != EINTR && errno != EAGAIN)
            return err_set(err, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO,
                           "cannot write \"%s\": %s", stream->what, strerror(errno));
        if (wrote <= 0 && note(stream, err))
            return -1;
        if (wrote > 0) {
            sent += (size_t)wrote;
            stream->done_bytes += (uint64_t)wrote;
        }
    }
    return 0;
}

static int carry(struct stream *stream, struct err *err)
{
    for (;;) {
        ssize_t got = read(stream->pages, stream->chunk, CHUNK_BYTES);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, ERR_IO, "cannot read a pipe: %s", strerror(errno));
        if (got == 0)
            return 0;
        if (send_chunk(stream, (size_t)got, err) || note(stream, err))
            return -1;
    }
}

/* The end of a child that was not needed any more says nothing. */
static int finish(struct stream *stream, const char *dir, int failed, struct err *err)
{
    struct news news = {0};
    int status = 0;
    pid_t waited;

    shut(&stream->pages); /* a child that still writes ends */
    if (failed && stream->child > 0)
        (void)kill(stream->child, SIGKILL);
    do
        waited = stream->child > 0 ? waitpid(stream->child, &status, 0) : -1;
    while (waited < 0 && stream->child > 0 && errno == EINTR);
    if (failed || waited < 0)
        return -1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (hear(stream, &news) && news.has_failed)
        return err_set(err, news.err.kind, "%s", news.err.text);
    return err_set(err, ERR_DAMAGED,
                   "store \"%s\" is damaged: its pages cannot be read: run pollard verify", dir);
}

int backup_stream(const char *dir, int fd, const char *what, const struct backup_watcher *watcher,
                  struct err *err)
{
    struct stream stream = {.child = -1,
                            .pages = -1,
                            .tells = -1,
                            .fd = fd,
                            .what = what,
                            .data_path = store_path(dir, "data.mdb"),
                            .watcher = watcher,
                            .chunk = malloc(CHUNK_BYTES)};
    struct news news = {0};
    struct stat st;
    int failed = -1;

    stream.part_bytes = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? CHUNK_BYTES : PIPE_BUF;
    if (!stream.chunk || !stream.data_path)
        failed = err_memory(err);
    else if (!start(&stream, dir, err)) {
        if (hear(&stream, &news) && news.has_failed) {
            failed = err_set(err, news.err.kind, "%s", news.err.text);
        } else {
            stream.total_bytes = news.used_bytes;
            stream.file_bytes = file_bytes(&stream);
            failed = carry(&stream, err);
        }
        failed = finish(&stream, dir, failed, err);
    }
    shut(&stream.pages);
    shut(&stream.tells);
    free(stream.data_path);
    free(stream.chunk);
    return failed;
}
