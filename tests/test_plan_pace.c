/* plan.h's second half: retry, backoff, catching up, the fuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "scheduler/plan.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MINUTES(n)   ((n)*INT64_C(60000))
#define HOURS(n)     MINUTES((n)*INT64_C(60))
#define DAYS(n)      HOURS((n)*INT64_C(24))

static void a_retry_waits_a_share_of_a_doubling_time(void **state)
{
    static const struct {
        int64_t wait_ms, max_wait_ms;
        unsigned attempts;
        int64_t asked_ms;
        double dice;
        int64_t expected_ms;
    } cases[] = {
        {1000, 30000, 1, 0, 0.0, 0},
        {1000, 30000, 1, 0, 0.5, 500},
        {1000, 30000, 2, 0, 0.5, 1000},
        {1000, 30000, 3, 0, 0.999, 3996},
        {1000, 30000, 5, 0, 0.5, 8000},
        {1000, 30000, 6, 0, 0.5, 15000},
        {1000, 30000, 10, 0, 0.5, 15000},
        {1000, 30000, 4000000000, 0, 0.5, 15000},
        {1000, 30000, 2, 5000, 0.5, 5000},
        {1000, 30000, 4, 5000, 0.75, 6000},
        {1000, 30000, 1, 86400000, 0, 86400000},
        {0, 30000, 5, 0, 0.9, 0},
        {5000, 1000, 1, 0, 0.5, 500},
        {1000, 0, 3, 0, 0.9, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct feed_retry retry = {10, cases[i].wait_ms, cases[i].max_wait_ms};
        int64_t wait_ms =
            plan_retry_ms(&retry, cases[i].attempts, cases[i].asked_ms, cases[i].dice);

        if (wait_ms != cases[i].expected_ms)
            fail_msg("row %zu: %lld ms", i, (long long)wait_ms);
    }
}

static void backoff_doubles_in_whole_intervals(void **state)
{
    static const struct {
        int64_t interval_ms;
        unsigned after;
        int64_t max_ms;
        unsigned failures, intervals; /* 0: no backoff */
    } cases[] = {
        {MINUTES(2), 5, MINUTES(15), 4, 0},          {MINUTES(2), 5, MINUTES(15), 5, 2},
        {MINUTES(2), 5, MINUTES(15), 6, 4},          {MINUTES(2), 5, MINUTES(15), 7, 7},
        {MINUTES(2), 5, MINUTES(15), 4000000000, 7}, {MINUTES(7), 5, MINUTES(15), 5, 2},
        {MINUTES(8), 5, MINUTES(15), 9, 0},          {HOURS(1), 5, MINUTES(15), 9, 0},
        {MINUTES(2), 0, MINUTES(15), 9, 0},          {MINUTES(2), 1, MINUTES(15), 1, 2},
        {100, 1, DAYS(366), 4000000000, 316224000},  {0, 5, MINUTES(15), 9, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct feed feed = {.backoff = {cases[i].after, cases[i].max_ms}};
        int64_t slot_at = INT64_C(1795428000000000), until_at;
        int64_t gap_us = cases[i].interval_ms * cases[i].intervals * US_PER_MS;

        feed.schedule = (struct schedule){.interval_ms = cases[i].interval_ms};
        until_at = plan_backoff_until(&feed, cases[i].failures, slot_at);
        if (until_at != (cases[i].intervals == 0 ? AT_NONE : slot_at + gap_us))
            fail_msg("row %zu: until %lld", i, (long long)until_at);
    }
}

static void a_catch_up_starts_within_the_interval_and_a_minute(void **state)
{
    struct schedule daily = {0}, slow = {.interval_ms = HOURS(1)}, fast = {.interval_ms = 10000};

    (void)state;
    assert_int_equal(plan_catch_up_ms(&daily, 0.5), 30000);
    assert_int_equal(plan_catch_up_ms(&slow, 0.5), 30000);
    assert_int_equal(plan_catch_up_ms(&fast, 0.5), 5000);
    assert_int_equal(plan_catch_up_ms(&slow, 0), 0);
}

static struct feed fused_feed(int64_t interval_ms)
{
    return (struct feed){.schedule.interval_ms = interval_ms, .retry.attempts = 3, .redirects = 3};
}

static void the_fuse_stops_a_flood(void **state)
{
    static const int64_t intervals[] = {100, MINUTES(2), 0};

    (void)state;
    for (size_t i = 0; i < COUNT(intervals); i++) {
        struct feed feed = fused_feed(intervals[i]);
        int64_t interval_us = (intervals[i] ? intervals[i] : HOURS(1)) * US_PER_MS;
        struct plan_fuse fuse;
        unsigned taken = 0;

        plan_fuse_init(&fuse, &feed, 0);
        for (int k = 0; k < 100; k++)
            taken +=
                plan_fuse_take(&fuse, &feed, -k); /* the clock may not go back; it must not help */
        assert_int_equal(taken, 24);
        for (int k = 0; k <= 1000; k++)
            taken += plan_fuse_take(&fuse, &feed, interval_us * k / 100);
        assert_in_range(taken, 24 + 119, 24 + 121);
        plan_fuse_init(&fuse, &feed, 0);
        taken = 0;
        for (int k = 0; k < 100; k++)
            taken += plan_fuse_take(&fuse, &feed, interval_us * 9 / 10); /* it was full */
        assert_int_equal(taken, 24);
        taken = 0;
        for (int k = 0; k < 100; k++)
            taken += plan_fuse_take(&fuse, &feed, INT64_MAX / 2);
        assert_int_equal(taken, 24);
    }
}

static void the_fuse_lets_everything_through_that_was_planned(void **state)
{
    struct feed feed = fused_feed(MINUTES(2));
    int64_t interval_us = MINUTES(2) * US_PER_MS;
    struct plan_fuse fuse;

    (void)state;
    plan_fuse_init(&fuse, &feed, 0);
    for (int slot = 0; slot < 1000; slot++) /* late, then early, all attempts and redirects */
        for (int k = 0; k < 12; k++)
            assert_true(plan_fuse_take(&fuse, &feed,
                                       slot * interval_us + (slot % 2 ? 0 : interval_us - 12 + k)));
    feed.redirects = 0; /* a reload */
    for (int k = 0; k < 6; k++)
        assert_true(plan_fuse_take(&fuse, &feed, 5000 * interval_us));
    assert_false(plan_fuse_take(&fuse, &feed, 5000 * interval_us));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retry_waits_a_share_of_a_doubling_time),
        cmocka_unit_test(backoff_doubles_in_whole_intervals),
        cmocka_unit_test(a_catch_up_starts_within_the_interval_and_a_minute),
        cmocka_unit_test(the_fuse_stops_a_flood),
        cmocka_unit_test(the_fuse_lets_everything_through_that_was_planned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
