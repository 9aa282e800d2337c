/* A config directory for a test: made in /tmp, filled, loaded, removed. */
#ifndef TESTS_CONFIG_DIR_H
#define TESTS_CONFIG_DIR_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feeds/feed_load.h"

struct config_dir {
    char path[64];
};

static inline void config_dir_open(struct config_dir *dir)
{
    char path[128];

    snprintf(dir->path, sizeof dir->path, "/tmp/pollard-config-XXXXXX");
    assert_non_null(mkdtemp(dir->path));
    snprintf(path, sizeof path, "%s/feeds", dir->path);
    assert_int_equal(mkdir(path, 0755), 0);
    snprintf(path, sizeof path, "%s/secrets", dir->path);
    assert_int_equal(mkdir(path, 0700), 0);
}

static inline int config_dir_remove(const char *path, const struct stat *stat, int type,
                                    struct FTW *walk)
{
    (void)stat;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline void config_dir_close(struct config_dir *dir)
{
    assert_int_equal(nftw(dir->path, config_dir_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline void config_dir_put_bytes(struct config_dir *dir, const char *file, const char *bytes,
                                        size_t length)
{
    char path[512];
    int fd = -1;

    snprintf(path, sizeof path, "%s/%s", dir->path, file);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), (ssize_t)length);
    close(fd);
}

static inline void config_dir_put(struct config_dir *dir, const char *file, const char *text)
{
    config_dir_put_bytes(dir, file, text, strlen(text));
}

static inline void config_dir_delete(struct config_dir *dir, const char *file)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", dir->path, file);
    assert_int_equal(unlink(path), 0);
}

static inline struct feed_set *config_dir_load(struct config_dir *dir,
                                               const struct feed_set *previous)
{
    struct feed_set *set = NULL;
    struct err err = {0};

    if (feed_set_load(&set, dir->path, previous, &err) != 0)
        fail_msg("%s", err.text);
    return set;
}

/* The mistakes of a set, line by line, are exactly these. */
static inline void config_dir_expect(const struct feed_set *set, const char *lines)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    assert_int_equal(feed_set_print_mistakes(set, &out), 0);
    assert_string_equal(buf_text(&out), lines);
    buf_release(&out);
}

/* For cmocka: a directory to each test. */
static inline int config_dir_start(void **state)
{
    static struct config_dir dir;

    config_dir_open(&dir);
    *state = &dir;
    return 0;
}

static inline int config_dir_end(void **state)
{
    config_dir_close(*state);
    return 0;
}

static inline const struct feed *config_dir_feed(const struct feed_set *set, const char *name)
{
    const struct feed *feed = feed_set_find(set, name);

    if (!feed)
        fail_msg("no feed \"%s\"", name);
    return feed;
}

#endif
