#include "storage/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/backup_parts.h"
#include "storage/store_files.h"
#include "storage/verify.h"

static const char *const leftovers[] = {"data.mdb", "data.mdb.partial", "lock.mdb"};
enum { LEFTOVER_COUNT = sizeof leftovers / sizeof leftovers[0], FAULT_MAX = 400 };

struct backup {
    const char *dir;
    char *dest, *partial; /* without slashes at the end; DEST.partial */
    int partial_fd;       /* locked; -1: not ours */
    char fault[FAULT_MAX];
};

static int system_error(const char *what, const char *path, struct err *err)
{
    return err_set(err, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO,
                   "cannot %s \"%s\": %s", what, path, strerror(errno));
}

/* The directory above, for the life of its entry. */
static int sync_above(const char *path, struct err *err)
{
    char *above = strdup(path);
    char *slash = above ? strrchr(above, '/') : NULL;
    int fd, failed;

    if (!above)
        return err_memory(err);
    if (slash)
        slash[slash == above] = '\0';
    fd = open(slash ? above : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    failed = fd < 0 || fsync(fd) ? system_error("sync", slash ? above : ".", err) : 0;
    if (fd >= 0)
        (void)close(fd);
    free(above);
    return failed;
}

static bool is_empty_dir(const char *path)
{
    DIR *entries = opendir(path);
    struct dirent *entry;
    bool is_empty = true;

    if (!entries)
        return false;
    while (is_empty && (entry = readdir(entries)))
        is_empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    (void)closedir(entries);
    return is_empty;
}

static int check_dest(const struct backup *backup, struct err *err)
{
    struct stat st;

    if (lstat(backup->dest, &st))
        return errno == ENOENT ? 0 : system_error("look at", backup->dest, err);
    if (S_ISDIR(st.st_mode) && is_empty_dir(backup->dest))
        return 0;
    return err_set(err, ERR_IO, "\"%s\" is there already: name a directory that is new, or empty",
                   backup->dest);
}

static void clear(const struct backup *backup)
{
    for (size_t i = 0; i < LEFTOVER_COUNT; i++)
        (void)unlinkat(backup->partial_fd, leftovers[i], 0);
}

static int open_partial(struct backup *backup, struct err *err)
{
    if (mkdir(backup->partial, STORE_DIR_MODE) && errno != EEXIST)
        return system_error("create", backup->partial, err);
    backup->partial_fd = open(backup->partial, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (backup->partial_fd < 0)
        return system_error("open", backup->partial, err);
    if (flock(backup->partial_fd, LOCK_EX | LOCK_NB)) {
        (void)close(backup->partial_fd);
        backup->partial_fd = -1;
        return err_set(err, ERR_IO, "another backup to \"%s\" is under way", backup->dest);
    }
    clear(backup);
    if (!is_empty_dir(backup->partial)) {
        (void)close(backup->partial_fd);
        backup->partial_fd = -1;
        return err_set(err, ERR_IO, "\"%s\" is in the way: remove it", backup->partial);
    }
    return 0;
}

/* Under another name until it is whole: what a kill leaves does not look like a store. */
static int copy_pages(struct backup *backup, const struct backup_watcher *watcher, struct err *err)
{
    int fd = openat(backup->partial_fd, "data.mdb.partial",
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, STORE_DATA_MODE);
    int failed;

    if (fd < 0)
        return system_error("create a file in", backup->partial, err);
    failed = backup_stream(backup->dir, fd, backup->partial, watcher, err);
    if (!failed && (fchmod(fd, STORE_DATA_MODE) || fsync(fd)))
        failed = system_error("write", backup->partial, err);
    if (close(fd) && !failed)
        failed = system_error("write", backup->partial, err);
    if (!failed && renameat(backup->partial_fd, "data.mdb.partial", backup->partial_fd, "data.mdb"))
        failed = system_error("rename in", backup->partial, err);
    return failed;
}

static void on_fault(void *cookie, const char *text)
{
    struct backup *backup = cookie;

    if (!backup->fault[0])
        (void)snprintf(backup->fault, sizeof backup->fault, "%s", text);
}

static int check_sound(struct backup *backup, const char *dir, struct err *err)
{
    struct verify_counts counts;

    if (verify_run_child(dir, on_fault, backup, &counts, err))
        return -1;
    if (!counts.faults)
        return 0;
    return err_set(err, ERR_DAMAGED, "store \"%s\" is damaged: %s: run pollard verify", backup->dir,
                   backup->fault);
}

/* A wish to stop that came while the copy was checked. */
static int ask(const struct backup_watcher *watcher, struct err *err)
{
    if (watcher && watcher->on_progress && watcher->on_progress(watcher->cookie, 1, 1))
        return err_set(err, ERR_NONE, "given up");
    return 0;
}

static int put_in_place(struct backup *backup, struct err *err)
{
    (void)unlinkat(backup->partial_fd, "lock.mdb", 0);
    if (fsync(backup->partial_fd))
        return system_error("sync", backup->partial, err);
    if (rename(backup->partial, backup->dest))
        return system_error("make", backup->dest, err);
    return sync_above(backup->dest, err);
}

static void backup_release(struct backup *backup)
{
    if (backup->partial_fd >= 0)
        (void)close(backup->partial_fd);
    free(backup->dest);
    free(backup->partial);
}

static int backup_init(struct backup *backup, const char *dir, const char *dest, struct err *err)
{
    size_t length = strlen(dest);

    *backup = (struct backup){.dir = dir, .partial_fd = -1};
    while (length > 1 && dest[length - 1] == '/')
        length--;
    if (!length) {
        err_set(err, ERR_USAGE, "DEST is empty");
        return -1;
    }
    backup->dest = strndup(dest, length);
    backup->partial = malloc(length + sizeof ".partial");
    if (!backup->dest || !backup->partial) {
        err_memory(err);
        return -1;
    }
    (void)snprintf(backup->partial, length + sizeof ".partial", "%s.partial", backup->dest);
    return 0;
}

int backup_to_dir(const char *dir, const char *dest, const struct backup_watcher *watcher,
                  struct err *err)
{
    struct backup backup;
    int failed = -1;

    if (backup_init(&backup, dir, dest, err) || check_dest(&backup, err) ||
        open_partial(&backup, err))
        goto fail;
    failed = copy_pages(&backup, watcher, err) || check_sound(&backup, backup.partial, err) ||
                     ask(watcher, err) || put_in_place(&backup, err)
                 ? -1
                 : 0;
    if (failed) {
        clear(&backup);
        (void)rmdir(backup.partial);
    }
fail:
    backup_release(&backup);
    return failed;
}

int backup_to_fd(const char *dir, int fd, const struct backup_watcher *watcher, struct err *err)
{
    struct backup backup = {.dir = dir};

    return check_sound(&backup, dir, err) || backup_stream(dir, fd, "standard output", watcher, err)
               ? -1
               : 0;
}
