#include "companion/output_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "companion/output.h"

enum { WALK_FDS = 16, WALK_ENDED = 2 };

static int cannot_write(const char *what, struct err *err)
{
    return err_set(err, ERR_IO, "cannot write \"%s\": %s", what, strerror(errno));
}

static int close_file(struct output_dir *dir, struct err *err)
{
    int fd = dir->fd;

    dir->fd = -1;
    return fd >= 0 && close(fd) ? cannot_write(dir->path, err) : 0;
}

/* `name` may have one directory before it. */
static int open_file(struct output_dir *dir, const char *name)
{
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
    char *slash;

    free(dir->name);
    if (asprintf(&dir->name, "%s/%s", dir->hidden, name) < 0) {
        dir->name = NULL;
        errno = ENOMEM;
        return -1;
    }
    dir->fd = open(dir->name, flags, 0666);
    if (dir->fd >= 0 || errno != ENOENT)
        return dir->fd < 0 ? -1 : 0;
    slash = strrchr(dir->name, '/');
    *slash = '\0';
    if (mkdir(dir->name, 0777) && errno != EEXIST)
        return -1;
    *slash = '/';
    dir->fd = open(dir->name, flags, 0666);
    return dir->fd < 0 ? -1 : 0;
}

static int turn_to(void *cookie, const char *name, bool *is_new, struct err *err)
{
    struct output_dir *dir = cookie;
    struct stat stat_of;

    if (close_file(dir, err))
        return -1;
    if (open_file(dir, name) || fstat(dir->fd, &stat_of))
        return cannot_write(name, err);
    *is_new = stat_of.st_size == 0;
    return 0;
}

static int dir_write(void *cookie, const char *bytes, size_t length, struct err *err)
{
    struct output_dir *dir = cookie;
    const struct text_span text = {bytes, length};

    if (output_stopped_by())
        return err_set(err, ERR_NONE, "stopped by a signal");
    return output_write_all(dir->fd, dir->path, &text, err);
}

static int stamp(void *cookie, int64_t at, struct err *err)
{
    struct output_dir *dir = cookie;
    int64_t seconds = clock_floor_div(at, US_PER_SECOND);
    struct timespec times[2] = {
        {.tv_sec = (time_t)seconds, .tv_nsec = (long)(at - seconds * US_PER_SECOND) * 1000}};

    times[1] = times[0];
    if (futimens(dir->fd, times))
        return cannot_write(dir->name, err);
    return close_file(dir, err);
}

int output_dir_open(struct output_dir *dir, const char *path, struct err *err)
{
    struct stat stat_of;

    *dir = (struct output_dir){.fd = -1};
    dir->files = (struct sink_set){{dir_write, dir}, turn_to, stamp, dir};
    if (mkdir(path, 0777) && errno != EEXIST)
        return cannot_write(path, err);
    if (stat(path, &stat_of))
        return cannot_write(path, err);
    if (!S_ISDIR(stat_of.st_mode))
        return err_set(err, ERR_USAGE, "cannot write \"%s\": it is no directory, and many files go",
                       path);
    dir->path = strdup(path);
    if (!dir->path || asprintf(&dir->hidden, "%s/.pollard-XXXXXX", path) < 0) {
        dir->hidden = NULL;
        return err_memory(err);
    }
    if (mkdtemp(dir->hidden)) {
        output_guard_dir(dir->hidden);
        return 0;
    }
    free(dir->hidden);
    dir->hidden = NULL;
    return cannot_write(path, err);
}

/* nftw() has no cookie. */
static struct {
    const char *from, *to;
} moving;

/* The same place in the directory itself. */
static int move_one(const char *path, const struct stat *stat_of, int type, struct FTW *walk)
{
    char *place;
    int result = 0;

    (void)stat_of;
    if (walk->level == 0)
        return 0;
    if (asprintf(&place, "%s%s", moving.to, path + strlen(moving.from)) < 0)
        return WALK_ENDED;
    if (type == FTW_D)
        result = mkdir(place, 0777) && errno != EEXIST ? -1 : 0;
    else
        result = rename(path, place);
    free(place);
    return result ? WALK_ENDED : 0;
}

static int remove_one(const char *path, const struct stat *stat_of, int type, struct FTW *walk)
{
    (void)stat_of;
    (void)walk;
    if (type == FTW_DP)
        rmdir(path);
    else
        unlink(path);
    return 0;
}

int output_dir_commit(struct output_dir *dir, struct err *err)
{
    int fd, result;

    if (close_file(dir, err))
        return -1;
    if (output_stopped_by())
        return err_set(err, ERR_NONE, "stopped by a signal");
    fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return cannot_write(dir->path, err);
    moving.from = dir->hidden;
    moving.to = dir->path;
    /* One call for all of them, before the first has its name: a million fsyncs take hours. */
    result = syncfs(fd);
    if (!result)
        result = nftw(dir->hidden, move_one, WALK_FDS, FTW_PHYS);
    if (!result)
        result = syncfs(fd);
    if (result)
        cannot_write(dir->path, err);
    close(fd);
    return result ? -1 : 0;
}

void output_dir_close(struct output_dir *dir)
{
    if (!dir->path)
        return;
    if (dir->fd >= 0)
        close(dir->fd);
    if (dir->hidden)
        nftw(dir->hidden, remove_one, WALK_FDS, FTW_PHYS | FTW_DEPTH);
    output_guard_dir(NULL);
    /* Now that nothing is left behind it may end us as its sender meant. */
    if (output_stopped_by())
        raise(output_stopped_by());
    free(dir->hidden);
    free(dir->name);
    free(dir->path);
    *dir = (struct output_dir){.fd = -1};
}
