/* plan.h against a slow oracle: random schedules around changes of the clock, every slot of weeks
 * enumerated and tried one by one. The seed is fixed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "scheduler/plan.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { SLOTS_MAX = 60000, TIMES_MAX = 6, WARM_UP_DAYS = 3, ROUNDS = 250, ALL_DAYS = 127 };

static uint64_t seed = 20261123;

/* splitmix64, by Vigna. */
static uint64_t dice(uint64_t sides)
{
    uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % sides;
}

struct trial {
    struct schedule schedule;
    struct plan plan;
    unsigned times[TIMES_MAX];
    int64_t from_at, to_at; /* the stretch that is compared */
    int64_t *slots;
    size_t count;
};

static bool oracle_inside(const struct trial *trial, int64_t at)
{
    const struct schedule *schedule = &trial->schedule;
    struct civil civil;
    bool today, yesterday;
    int minute;

    if (at < schedule->from_at || at >= schedule->until_at || at >= trial->plan.end_at)
        return false;
    zone_civil(schedule->zone, at, &civil);
    minute = civil.hour * 60 + civil.minute;
    today = schedule->days & 1U << civil.weekday;
    yesterday = schedule->days & 1U << (civil.weekday + 6) % 7;
    if (!schedule->has_hours)
        return today;
    for (int start = -1440; start <= 0; start += 1440) {
        int from = schedule->hours_from_min + start, to = schedule->hours_to_min + start;

        if (to <= from)
            to += 1440;
        if (minute >= from && minute < to && (start == 0 ? today : yesterday))
            return true;
    }
    return false;
}

static void note_slot(struct trial *trial, int64_t at)
{
    if (at < trial->from_at || at >= trial->to_at || !oracle_inside(trial, at))
        return;
    assert_true(trial->count < SLOTS_MAX);
    trial->slots[trial->count++] = at;
}

static void enumerate_interval(struct trial *trial)
{
    int64_t step = trial->schedule.interval_ms * 1000, at = trial->schedule.offset_ms * 1000;

    at += (trial->from_at / step - 1) * step;
    for (; at < trial->to_at; at += step)
        note_slot(trial, at);
}

/* A wall time runs at the first instant at which the wall clock shows it or a later one. */
static void enumerate_times(struct trial *trial)
{
    int64_t at = trial->from_at - WARM_UP_DAYS * US_PER_DAY, shown = INT64_MIN;

    for (; at < trial->to_at; at += US_PER_MINUTE) {
        int64_t wall = at + zone_offset_s(trial->schedule.zone, at) * US_PER_SECOND;
        bool is_due = false;

        if (shown == INT64_MIN)
            shown = wall;
        for (; shown < wall; shown += US_PER_MINUTE)
            for (size_t i = 0; i < trial->schedule.time_count; i++)
                is_due |= (shown + US_PER_MINUTE) % US_PER_DAY ==
                          trial->schedule.times[i] * US_PER_SECOND;
        if (is_due)
            note_slot(trial, at);
    }
}

static void choose_windows(struct schedule *schedule)
{
    schedule->days = dice(2) ? ALL_DAYS : (unsigned)dice(128);
    schedule->has_hours = dice(3) > 0;
    if (!schedule->has_hours)
        return;
    schedule->hours_from_min = (int)dice(dice(2) ? 240 : 1440);
    schedule->hours_to_min = (int)dice(dice(2) ? 240 : 1441);
}

static void choose_times(struct trial *trial)
{
    unsigned minute = (unsigned)dice(240);

    trial->schedule.interval_ms = trial->schedule.offset_ms = 0;
    trial->schedule.times = trial->times;
    trial->schedule.time_count = 1 + dice(TIMES_MAX);
    for (size_t i = 0; i < trial->schedule.time_count; i++) {
        trial->times[i] = minute * 60;
        minute += 1 + (unsigned)dice(dice(2) ? 30 : 200);
    }
}

static void choose(struct trial *trial)
{
    static const char *zones[] = {"UTC",           "America/Los_Angeles", "Australia/Lord_Howe",
                                  "Asia/Kolkata",  "Pacific/Apia",        "America/Sao_Paulo",
                                  "Europe/Dublin", "America/St_Johns"};
    static const int64_t intervals[] = {10000,   60000,    420000,   3600000,
                                        5400000, 21600000, 86400000, 90000000};
    static const int64_t years[] = {40, 41, 47,
                                    56}; /* since 1970: St. John's, Samoa, Brazil, now */
    struct schedule *schedule = &trial->schedule;
    struct err err;
    int64_t change;

    *schedule = (struct schedule){.interval_ms = intervals[dice(COUNT(intervals))]};
    schedule->offset_ms = (int64_t)dice((uint64_t)schedule->interval_ms);
    schedule->from_at = AT_NONE;
    schedule->until_at = trial->plan.end_at = AT_NEVER;
    assert_int_equal(zone_find(&schedule->zone, zones[dice(COUNT(zones))], &err), 0);
    choose_windows(schedule);
    trial->from_at = (years[dice(COUNT(years))] * 366 + (int64_t)dice(366)) * US_PER_DAY;
    change = zone_next_change(schedule->zone, trial->from_at);
    if (dice(4) > 0 && change != AT_NEVER)
        trial->from_at = change - US_PER_DAY;
    trial->to_at = trial->from_at + schedule->interval_ms * 1000 * 3000;
    if (trial->to_at > trial->from_at + 40 * US_PER_DAY)
        trial->to_at = trial->from_at + 40 * US_PER_DAY;
    if (dice(3) == 0)
        choose_times(trial);
    if (dice(4) == 0)
        schedule->from_at = trial->from_at + (int64_t)dice(5 * US_PER_DAY);
    if (dice(4) == 0)
        schedule->until_at = trial->to_at - (int64_t)dice(5 * US_PER_DAY);
    if (dice(4) == 0)
        trial->plan.end_at = trial->to_at - (int64_t)dice(5 * US_PER_DAY);
}

static void compare_forwards(const struct trial *trial, unsigned round)
{
    int64_t at = plan_slot_from(&trial->plan, trial->from_at);

    for (size_t i = 0; i < trial->count; i++) {
        if (at != trial->slots[i])
            fail_msg("round %u: slot %zu of %zu", round, i, trial->count);
        assert_true(plan_slot_from(&trial->plan, at) == at);
        at = plan_slot_after(&trial->plan, at);
    }
    assert_true(at >= trial->to_at);
}

static void compare_backwards(const struct trial *trial, unsigned round)
{
    int64_t at = plan_slot_until(&trial->plan, trial->to_at - 1);

    for (size_t i = trial->count; i > 0; i--) {
        if (at != trial->slots[i - 1])
            fail_msg("round %u: slot %zu of %zu, backwards", round, i - 1, trial->count);
        at = plan_slot_until(&trial->plan, at - 1);
    }
    assert_true(at < trial->from_at);
}

static void compare_anywhere(const struct trial *trial)
{
    for (int i = 0; i < 20; i++) {
        int64_t at = trial->from_at + (int64_t)dice((uint64_t)(trial->to_at - trial->from_at));
        size_t next = 0;

        assert_int_equal(plan_is_open(&trial->plan, at), oracle_inside(trial, at));
        while (next < trial->count && trial->slots[next] < at)
            next++;
        if (next < trial->count)
            assert_true(plan_slot_from(&trial->plan, at) == trial->slots[next]);
        if (next > 0)
            assert_true(plan_slot_until(&trial->plan, at - 1) == trial->slots[next - 1]);
    }
}

/* Runs give the same slots, and none could have been longer. */
static void compare_runs(const struct trial *trial, unsigned round)
{
    size_t i = 0;
    int64_t at = trial->from_at;

    for (;;) {
        struct plan_run run = plan_run_from(&trial->plan, at, trial->to_at);

        if (run.count == 0)
            break;
        assert_true(run.step_us == 0 ? run.count == 1 : run.count > 1);
        for (uint64_t k = 0; k < run.count; k++, i++) {
            at = run.first_at + (int64_t)k * run.step_us;
            if (i >= trial->count || at != trial->slots[i])
                fail_msg("round %u: slot %zu of %zu, by runs", round, i, trial->count);
        }
        if (trial->schedule.interval_ms > 0 && i < trial->count)
            assert_true(trial->slots[i] != at + trial->schedule.interval_ms * 1000);
        at++;
    }
    assert_true(i == trial->count);
}

static void random_schedules_agree_with_an_enumeration(void **state)
{
    size_t slots = 0, empty = 0;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct trial trial = {.slots = malloc(SLOTS_MAX * sizeof(int64_t))};

        assert_non_null(trial.slots);
        choose(&trial);
        trial.plan.schedule = &trial.schedule;
        if (trial.schedule.interval_ms > 0)
            enumerate_interval(&trial);
        else
            enumerate_times(&trial);
        compare_forwards(&trial, round);
        compare_backwards(&trial, round);
        compare_anywhere(&trial);
        compare_runs(&trial, round);
        slots += trial.count;
        empty += trial.count == 0;
        free(trial.slots);
    }
    print_message("%zu slots in %d schedules, %zu of them empty\n", slots, ROUNDS, empty);
    assert_true(slots > 50000 && empty < ROUNDS / 2);
}

static double ns_of(const struct plan *plan, int calls)
{
    struct timespec from, to;
    int64_t at = INT64_C(1795428000) * US_PER_SECOND;

    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < calls; i++)
        at = plan_slot_after(plan, at);
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_true(at != AT_NEVER);
    return ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / calls;
}

/* Printed, not judged: machines differ. */
static void the_cost_of_a_slot(void **state)
{
    unsigned times[] = {3600, 9000, 64800};
    struct schedule schedule = {.interval_ms = 120000, .days = ALL_DAYS, .from_at = AT_NONE};
    struct plan plan = {&schedule, AT_NEVER};
    struct err err;

    (void)state;
    schedule.until_at = AT_NEVER;
    assert_int_equal(zone_find(&schedule.zone, "America/Los_Angeles", &err), 0);
    print_message("plain %.0f ns", ns_of(&plan, 20000));
    schedule.has_hours = true;
    schedule.hours_from_min = 300;
    schedule.hours_to_min = 90;
    print_message(", with hours %.0f ns", ns_of(&plan, 20000));
    schedule.days = 2;
    schedule.interval_ms = 86400000 / 2;
    print_message(", two a week %.0f ns", ns_of(&plan, 500));
    schedule.interval_ms = 0;
    schedule.times = times;
    schedule.time_count = COUNT(times);
    print_message(", times on Mondays %.0f ns\n", ns_of(&plan, 500));
}

static int forget_zones(void **state)
{
    (void)state;
    zones_release();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_schedules_agree_with_an_enumeration),
        cmocka_unit_test(the_cost_of_a_slot),
    };

    return cmocka_run_group_tests(tests, NULL, forget_zones);
}
