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
#include <time.h>
#include <unistd.h>

#include "scheduler/net/loop.h"

enum { GUARD_S = 20, MANY = 400, ROUNDS_MAX = 10 * 1000 * 1000 };

static struct loop *loop;
static struct alarm *guard;

static int64_t mono_us(void)
{
    return loop_now(loop).mono_us;
}

static void on_guard(void *cookie)
{
    (void)cookie;
    print_message("nothing happened for %d s\n", GUARD_S);
    abort();
}

static void run(void)
{
    alarm_set(guard, mono_us() + GUARD_S * US_PER_SECOND);
    assert_int_equal(loop_run(loop, NULL), 0);
}

static int make_loop(void **state)
{
    (void)state;
    if (loop_new(&loop, NULL) < 0)
        return -1;
    guard = alarm_new(loop, on_guard, NULL);
    return guard ? 0 : -1;
}

static int free_loop(void **state)
{
    (void)state;
    alarm_free(guard);
    loop_free(loop);
    return 0;
}

static void on_stop(void *cookie)
{
    (void)cookie;
    loop_stop(loop);
}

static void set_after_ms(struct alarm *alarm, int64_t ms)
{
    alarm_set(alarm, mono_us() + ms * US_PER_MS);
}

static void busy_ms(int64_t ms)
{
    int64_t until = mono_us() + ms * US_PER_MS;

    while (mono_us() < until)
        ;
}

/* Many alarms at odd microseconds: the order, and how late. */
struct timed {
    struct alarm *alarm;
    int64_t due_us, fired_us;
};

static struct timed timed[MANY];
static int fired;
static int64_t last_due_us;

static void on_timed(void *cookie)
{
    struct timed *one = cookie;

    one->fired_us = mono_us();
    assert_true(one->due_us >= last_due_us);
    last_due_us = one->due_us;
    if (++fired == MANY)
        loop_stop(loop);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void alarms_fire_in_order_and_never_early(void **state)
{
    int64_t late[MANY], start = mono_us() + 5000;

    (void)state;
    fired = 0;
    last_due_us = 0;
    for (int i = 0; i < MANY; i++) {
        timed[i].due_us = start + (int64_t)i * 7919 % MANY * 1237;
        timed[i].alarm = alarm_new(loop, on_timed, &timed[i]);
        alarm_set(timed[i].alarm, timed[i].due_us);
    }
    run();
    for (int i = 0; i < MANY; i++) {
        late[i] = timed[i].fired_us - timed[i].due_us;
        assert_true(late[i] >= 0);
        alarm_free(timed[i].alarm);
    }
    qsort(late, MANY, sizeof(late[0]), compare);
    print_message("alarm lateness: p50 %ld us, p99 %ld us, most %ld us\n", (long)late[MANY / 2],
                  (long)late[MANY * 99 / 100], (long)late[MANY - 1]);
}

static struct alarm *restless;
static int rounds;

static void on_restless(void *cookie)
{
    (void)cookie;
    if (++rounds > ROUNDS_MAX)
        abort(); /* nobody else gets a turn */
    alarm_set(restless, 0);
}

static void an_alarm_that_sets_itself_into_the_past_lets_others_run(void **state)
{
    struct alarm *stop = alarm_new(loop, on_stop, NULL);

    (void)state;
    rounds = 0;
    restless = alarm_new(loop, on_restless, NULL);
    alarm_set(restless, 0);
    set_after_ms(stop, 20);
    run();
    assert_true(rounds > 1);
    alarm_free(restless);
    alarm_free(stop);
}

static void an_alarm_in_the_past_does_not_fire_before_the_loop_runs(void **state)
{
    struct alarm *alarm = alarm_new(loop, on_restless, NULL);
    struct alarm *stop = alarm_new(loop, on_stop, NULL);

    (void)state;
    rounds = 0;
    restless = alarm;
    alarm_set(alarm, INT64_MIN);
    assert_int_equal(rounds, 0);
    alarm_clear(alarm);
    set_after_ms(stop, 10);
    run();
    alarm_set(alarm, INT64_MAX);
    set_after_ms(stop, 10);
    run();
    assert_int_equal(rounds, 0);
    alarm_free(alarm);
    alarm_free(stop);
}

static struct alarm *pair[2];
static int pair_fired;

static void on_pair(void *cookie)
{
    (void)cookie;
    pair_fired++;
    alarm_free(pair[0]);
    alarm_free(pair[1]);
}

static void an_alarm_may_free_itself_and_another_that_is_due(void **state)
{
    struct alarm *stop = alarm_new(loop, on_stop, NULL);

    (void)state;
    pair_fired = 0;
    pair[0] = alarm_new(loop, on_pair, NULL);
    pair[1] = alarm_new(loop, on_pair, NULL);
    alarm_set(pair[0], 1);
    alarm_set(pair[1], 2);
    set_after_ms(stop, 10);
    run();
    assert_int_equal(pair_fired, 1);
    alarm_free(stop);
}

static void an_alarm_can_be_moved_both_ways(void **state)
{
    struct alarm *stop = alarm_new(loop, on_stop, NULL);
    int64_t start = mono_us();

    (void)state;
    alarm_set(stop, start + 3600 * US_PER_SECOND);
    alarm_set(stop, start + 5 * US_PER_MS);
    alarm_set(stop, start + 40 * US_PER_MS);
    run();
    assert_true(mono_us() >= start + 40 * US_PER_MS);
    assert_true(mono_us() < start + 10 * US_PER_SECOND);
    alarm_free(stop);
}

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

static void signals_that_would_kill_are_ignored(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(write(ends[1], "x", 1), -1);
    close(ends[1]);
    raise(SIGXFSZ);
}

static void on_nothing(void *cookie)
{
    (void)cookie;
}

static void on_busy(void *cookie)
{
    (void)cookie;
    busy_ms(60);
}

/* The wake's callback runs inside libuv's poll step, where a naive measure sees nothing. */
static void the_gap_is_time_at_work_and_not_asleep(void **state)
{
    struct alarm *stop = alarm_new(loop, on_stop, NULL);
    struct wake *wake = wake_new(loop, on_busy, NULL);

    (void)state;
    restless = alarm_new(loop, on_nothing, NULL);
    loop_gap_reset(loop);
    set_after_ms(restless, 1000);
    set_after_ms(stop, 1010); /* a turn is measured when the next begins */
    run();
    alarm_free(restless);
    assert_true(loop_gap_max_ms(loop) < 900); /* slept 1,000 */
    loop_gap_reset(loop);
    assert_int_equal(loop_gap_max_ms(loop), 0);
    wake_send(wake);
    set_after_ms(stop, 200);
    run();
    assert_true(loop_gap_max_ms(loop) >= 60);
    wake_free(wake);
    alarm_free(stop);
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

static void the_clocks_go_on(void **state)
{
    struct loop_time before = loop_now(loop), after;

    (void)state;
    usleep(2000);
    after = loop_now(loop);
    assert_true(after.mono_us - before.mono_us >= 2000);
    assert_true(after.boot_us - before.boot_us >= 2000);
    assert_true(after.wall_at > INT64_C(1600000000) * US_PER_SECOND);
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

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    alarm_free(NULL);
    wake_free(NULL);
    signal_watch_free(NULL);
    dir_watch_free(NULL);
    loop_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alarms_fire_in_order_and_never_early),
        cmocka_unit_test(an_alarm_that_sets_itself_into_the_past_lets_others_run),
        cmocka_unit_test(an_alarm_in_the_past_does_not_fire_before_the_loop_runs),
        cmocka_unit_test(an_alarm_may_free_itself_and_another_that_is_due),
        cmocka_unit_test(an_alarm_can_be_moved_both_ways),
        cmocka_unit_test(a_wake_from_another_thread_is_told_once_for_many),
        cmocka_unit_test(a_signal_is_told_on_the_loop),
        cmocka_unit_test(signals_that_would_kill_are_ignored),
        cmocka_unit_test(the_gap_is_time_at_work_and_not_asleep),
        cmocka_unit_test(a_change_in_a_directory_is_told_once_it_is_quiet),
        cmocka_unit_test(the_clocks_go_on),
        cmocka_unit_test(a_freed_loop_leaves_no_descriptor_open),
        cmocka_unit_test(freeing_nothing_is_fine),
    };

    return cmocka_run_group_tests(tests, make_loop, free_loop);
}
