/* What may wake the loop from outside: threads, signals, a directory; and what it leaves open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loop_stage.h"

static struct wake *bell;
static int rung;

static void on_rung(void *cookie)
{
    int *wanted = cookie;

    if (++rung >= *wanted)
        loop_stop(loop);
}

static void *ring(void *unused)
{
    (void)unused;
    for (int i = 0; i < 1000; i++)
        wake_send(bell);
    return NULL;
}

static void a_wake_from_another_thread_is_told_once_for_many(void **state)
{
    int wanted = 1;
    pthread_t thread;

    (void)state;
    rung = 0;
    bell = wake_new(loop, on_rung, &wanted);
    assert_int_equal(pthread_create(&thread, NULL, ring, NULL), 0);
    pthread_join(thread, NULL);
    run();
    assert_int_equal(rung, 1);
    wake_free(bell);
}

static int signal_seen;

static void on_signal(void *cookie, int number)
{
    (void)cookie;
    signal_seen = number;
    loop_stop(loop);
}

static void a_signal_is_told_on_the_loop(void **state)
{
    struct signal_watch *watch = signal_watch_new(loop, SIGUSR1, on_signal, NULL);

    (void)state;
    signal_seen = 0;
    assert_non_null(watch);
    raise(SIGUSR1);
    assert_int_equal(signal_seen, 0);
    run();
    assert_int_equal(signal_seen, SIGUSR1);
    assert_null(signal_watch_new(loop, SIGKILL, on_signal, NULL));
    signal_watch_free(watch);
}

static int changes;

static void on_change(void *cookie)
{
    (void)cookie;
    changes++;
    loop_stop(loop);
}

static void write_file(const char *dir, const char *name)
{
    char path[300];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("x", file);
    fclose(file);
}

static void remove_file(const char *dir, const char *name)
{
    char path[300];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    unlink(path);
}

static void a_change_in_a_directory_is_told_once_it_is_quiet(void **state)
{
    char dir[] = "/tmp/test_loop_XXXXXX", moved[64];
    struct dir_watch *watch;
    int64_t start;

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_null(dir_watch_new(loop, "/nonexistent/dir", on_change, NULL));
    watch = dir_watch_new(loop, dir, on_change, NULL);
    assert_non_null(watch);
    changes = 0;
    start = mono_us();
    write_file(dir, "a");
    write_file(dir, "b");
    run();
    assert_int_equal(changes, 1);
    assert_true(mono_us() - start >= 500 * US_PER_MS);

    /* An editor or a deployment may put another directory in its place. */
    snprintf(moved, sizeof(moved), "%s.old", dir);
    assert_int_equal(rename(dir, moved), 0);
    assert_int_equal(mkdir(dir, 0700), 0);
    run();
    write_file(dir, "c");
    run();
    assert_int_equal(changes, 3);

    dir_watch_free(watch);
    remove_file(dir, "c");
    remove_file(moved, "a");
    remove_file(moved, "b");
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(rmdir(moved), 0);
}

static int open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

/* Compared with a loop as fresh: libuv opens some only when they are needed. */
static void a_freed_loop_leaves_no_descriptor_open(void **state)
{
    int before, wanted = 1;

    (void)state;
    free_loop(NULL);
    assert_int_equal(make_loop(NULL), 0);
    before = open_files();
    for (int i = 0; i < 5; i++) {
        struct signal_watch *watch;
        struct dir_watch *dir;

        free_loop(NULL);
        assert_int_equal(make_loop(NULL), 0);
        watch = signal_watch_new(loop, SIGUSR2, on_signal, NULL);
        dir = dir_watch_new(loop, "/tmp", on_change, NULL);
        bell = wake_new(loop, on_rung, &wanted);
        rung = 0;
        wake_send(bell);
        run();
        raise(SIGUSR2); /* caught and never told: freed all the same */
        wake_send(bell);
        wake_free(bell);
        dir_watch_free(dir);
        signal_watch_free(watch);
    }
    free_loop(NULL);
    assert_int_equal(make_loop(NULL), 0);
    assert_int_equal(open_files(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wake_from_another_thread_is_told_once_for_many),
        cmocka_unit_test(a_signal_is_told_on_the_loop),
        cmocka_unit_test(a_change_in_a_directory_is_told_once_it_is_quiet),
        cmocka_unit_test(a_freed_loop_leaves_no_descriptor_open),
    };

    return cmocka_run_group_tests(tests, make_loop, free_loop);
}
