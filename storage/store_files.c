#include "storage/store_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PID_TEXT_MAX = 24, LOCK_LOOKS = 5, LOCK_LOOK_US = 20000 };

char *store_path(const char *dir, const char *name)
{
    size_t length = strlen(dir) + strlen(name) + 2;
    char *path = malloc(length);

    if (path)
        (void)snprintf(path, length, "%s/%s", dir, name);
    return path;
}

static int make_one(const char *dir, mode_t mode, struct err *err)
{
    if (mkdir(dir, mode) == 0)
        return 1;
    if (errno == EEXIST)
        return 0;
    return err_set(err, ERR_IO, "cannot create \"%s\": %s", dir, strerror(errno));
}

int store_make_dir(const char *dir, struct err *err)
{
    char *path = strdup(dir);
    int made = 0;

    if (!path)
        return err_memory(err);
    for (char *slash = strchr(path + 1, '/'); path[0] && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        made = make_one(path, 0755, err);
        if (made < 0)
            break;
        *slash = '/';
    }
    free(path);
    if (made < 0)
        return -1;
    made = make_one(dir, STORE_DIR_MODE, err);
    if (made < 0)
        return -1;
    if (made && chmod(dir, STORE_DIR_MODE))
        return err_set(err, ERR_IO, "cannot set the mode of \"%s\": %s", dir, strerror(errno));
    return 0;
}

static int look_at(const char *dir, const char *name, bool *exists, struct err *err)
{
    struct stat st;
    char *path = store_path(dir, name);
    int found, why;

    if (!path)
        return err_memory(err);
    found = lstat(path, &st);
    why = errno;
    free(path);
    *exists = found == 0;
    if (found && why != ENOENT)
        return err_set(err, ERR_IO, "cannot look at \"%s/%s\": %s", dir, name, strerror(why));
    if (found == 0 && !S_ISREG(st.st_mode))
        return err_set(err, ERR_IO, "\"%s/%s\" is not a plain file", dir, name);
    return 0;
}

int store_look_at_files(const char *dir, bool *exists, struct err *err)
{
    bool has_lock;

    if (look_at(dir, "lock.mdb", &has_lock, err))
        return -1;
    return look_at(dir, "data.mdb", exists, err);
}

/* The holder writes its pid right after it has the lock: it may take a moment. */
static int in_use(const char *dir, int fd, struct err *err)
{
    char text[PID_TEXT_MAX] = "";

    for (int i = 0; i < LOCK_LOOKS; i++) {
        ssize_t got = pread(fd, text, sizeof text - 1, 0);
        long pid;

        text[got > 0 ? got : 0] = '\0';
        pid = strtol(text, NULL, 10);
        if (pid > 0)
            return err_set(err, ERR_IN_USE, "store \"%s\" is in use by pollardd with pid %ld", dir,
                           pid);
        (void)usleep(LOCK_LOOK_US);
    }
    return err_set(err, ERR_IN_USE, "store \"%s\" is in use by another pollardd", dir);
}

int store_lock(const char *dir, int *fd, struct err *err)
{
    char text[PID_TEXT_MAX];
    char *path = store_path(dir, "pollardd.lock");
    int length, failed;

    if (!path)
        return err_memory(err);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, STORE_DATA_MODE);
    free(path);
    if (*fd < 0)
        return err_set(err, ERR_IO, "cannot open \"%s/pollardd.lock\": %s", dir, strerror(errno));
    if (flock(*fd, LOCK_EX | LOCK_NB)) {
        failed = errno == EWOULDBLOCK ? in_use(dir, *fd, err)
                                      : err_set(err, ERR_IO, "cannot lock \"%s/pollardd.lock\": %s",
                                                dir, strerror(errno));
        (void)close(*fd);
        *fd = -1;
        return failed;
    }
    /* On a full disk the pid may not fit: the lock holds all the same. */
    length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(*fd, 0) == 0 && pwrite(*fd, text, (size_t)length, 0) != length)
        (void)!ftruncate(*fd, 0);
    return 0;
}

void store_unlock(int fd)
{
    if (fd < 0)
        return;
    (void)!ftruncate(fd, 0);
    (void)close(fd);
}

void store_set_modes(const char *dir)
{
    static const struct {
        const char *name;
        mode_t mode;
    } files[] = {{"data.mdb", STORE_DATA_MODE}, {"lock.mdb", STORE_LOCK_MODE}};

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char *path = store_path(dir, files[i].name);

        if (path)
            (void)chmod(path, files[i].mode);
        free(path);
    }
}

static bool same_file(int fd, const struct stat *files, size_t count)
{
    struct stat st;

    if (fstat(fd, &st))
        return false;
    for (size_t i = 0; i < count; i++)
        if (st.st_ino == files[i].st_ino && st.st_dev == files[i].st_dev)
            return true;
    return false;
}

void store_close_on_exec(const char *dir)
{
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    struct stat files[2];
    size_t count = 0;
    DIR *open_fds = opendir("/proc/self/fd");
    struct dirent *entry;

    for (size_t i = 0; i < 2; i++) {
        char *path = store_path(dir, names[i]);

        if (path && stat(path, &files[count]) == 0)
            count++;
        free(path);
    }
    while (open_fds && (entry = readdir(open_fds))) {
        int fd = (int)strtol(entry->d_name, NULL, 10);

        if (entry->d_name[0] != '.' && same_file(fd, files, count))
            (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    if (open_fds)
        (void)closedir(open_fds);
}

void guise_take(struct guise *guise, const char *dir)
{
    struct stat st;

    guise->is_taken = false;
    if (geteuid() != 0 || stat(dir, &st) || st.st_uid == 0)
        return;
    if (setegid(st.st_gid))
        return;
    if (seteuid(st.st_uid)) {
        (void)!setegid(getgid());
        return;
    }
    guise->is_taken = true;
}

int guise_drop(struct guise *guise, struct err *err)
{
    if (!guise->is_taken)
        return 0;
    guise->is_taken = false;
    if (seteuid(0) || setegid(getgid()))
        return err_set(err, ERR_IO, "cannot become root again: %s", strerror(errno));
    return 0;
}
