#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loop_stage.h"

enum { MANY = 400, ROUNDS_MAX = 10 * 1000 * 1000 };

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
        cmocka_unit_test(signals_that_would_kill_are_ignored),
        cmocka_unit_test(the_gap_is_time_at_work_and_not_asleep),
        cmocka_unit_test(the_clocks_go_on),
        cmocka_unit_test(freeing_nothing_is_fine),
    };

    return cmocka_run_group_tests(tests, make_loop, free_loop);
}
