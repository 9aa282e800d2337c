#include "scheduler/plan.h"

#include "base/clock.h"

/* Years 1 to 9999. What lies outside is cut to it, so that no sum here can overflow. */
#define EARLIEST_AT (INT64_C(-62135596800) * US_PER_SECOND)
#define LATEST_AT   (INT64_C(253402300800) * US_PER_SECOND)
#define SEARCH_US   (INT64_C(1827) * US_PER_DAY)
#define US_PER_MIN  (60 * US_PER_SECOND)

enum {
    ALL_DAYS = 127,
    MINUTES_A_DAY = 1440,
    THURSDAY = 4,
    MS_PER_MIN = 60000,
    MS_PER_HOUR = 3600000
};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The grid: every slot there would be without windows. */

static int64_t step_us(const struct schedule *schedule)
{
    return schedule->interval_ms * US_PER_MS;
}

static int64_t interval_until(const struct schedule *schedule, int64_t at)
{
    int64_t offset_us = schedule->offset_ms * US_PER_MS;

    return clock_floor_div(at - offset_us, step_us(schedule)) * step_us(schedule) + offset_us;
}

static int64_t local_day(const struct zone *zone, int64_t at)
{
    return clock_floor_div(at + zone_offset_s(zone, at) * US_PER_SECOND, US_PER_DAY);
}

static int64_t time_at(const struct schedule *schedule, int64_t day, size_t index)
{
    unsigned second = schedule->times[index];
    struct civil civil = {0};

    clock_date_from_days(day, &civil.year, &civil.month, &civil.day);
    civil.hour = (int)(second / 3600);
    civil.minute = (int)(second / 60 % 60);
    civil.second = (int)(second % 60);
    return zone_instant(schedule->zone, &civil, false);
}

/* The first of the day's times whose instant is `at` or later; time_count: none is. */
static size_t first_time(const struct schedule *schedule, int64_t day, int64_t at)
{
    size_t low = 0, high = schedule->time_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (time_at(schedule, day, middle) < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A time that is skipped at the end of a day runs on the next one, and clocks put back over
 * midnight give a day's first times before the last ones of the day before: so the neighbours are
 * looked at too. */
static int64_t times_from(const struct schedule *schedule, int64_t at)
{
    int64_t today = local_day(schedule->zone, at);

    for (int64_t day = today - 1; day <= today + 3; day++) {
        size_t index = first_time(schedule, day, at);

        if (index < schedule->time_count)
            return time_at(schedule, day, index);
    }
    return AT_NEVER;
}

static int64_t times_until(const struct schedule *schedule, int64_t at)
{
    int64_t today = local_day(schedule->zone, at);

    for (int64_t day = today + 1; day >= today - 3; day--) {
        size_t index = first_time(schedule, day, at + 1);

        if (index > 0)
            return time_at(schedule, day, index - 1);
    }
    return AT_NONE;
}

static int64_t grid_from(const struct schedule *schedule, int64_t at)
{
    if (schedule->interval_ms == 0)
        return times_from(schedule, at);
    return interval_until(schedule, at + step_us(schedule) - 1);
}

static int64_t grid_until(const struct schedule *schedule, int64_t at)
{
    if (schedule->interval_ms == 0)
        return times_until(schedule, at);
    return interval_until(schedule, at);
}

/* The windows: `hours` and `days`. Whether an instant is inside cannot change between two
 * boundaries: midnights, the ends of `hours`, and changes of the zone's offset. The searches jump
 * from one to the next. */

struct wall {
    int64_t day;       /* since 1970-01-01 */
    int64_t of_day_us; /* 0 … US_PER_DAY - 1 */
};

static struct wall wall_of(const struct schedule *schedule, int64_t at)
{
    int64_t local = at + zone_offset_s(schedule->zone, at) * US_PER_SECOND;
    struct wall wall = {.day = clock_floor_div(local, US_PER_DAY)};

    wall.of_day_us = local - wall.day * US_PER_DAY;
    return wall;
}

static bool is_day(const struct schedule *schedule, int64_t day)
{
    int64_t weekday = day + THURSDAY - clock_floor_div(day + THURSDAY, 7) * 7;

    return schedule->days >> weekday & 1;
}

static bool is_always(const struct schedule *schedule)
{
    int from = schedule->hours_from_min, to = schedule->hours_to_min;

    return (schedule->days & ALL_DAYS) == ALL_DAYS &&
           (!schedule->has_hours || from == to || (from == 0 && to == MINUTES_A_DAY));
}

static bool is_inside(const struct schedule *schedule, int64_t at)
{
    struct wall wall;
    int64_t minute;

    if (is_always(schedule))
        return true;
    wall = wall_of(schedule, at);
    if (!schedule->has_hours)
        return is_day(schedule, wall.day);
    minute = wall.of_day_us / US_PER_MIN;
    if (schedule->hours_from_min < schedule->hours_to_min)
        return minute >= schedule->hours_from_min && minute < schedule->hours_to_min &&
               is_day(schedule, wall.day);
    return (minute >= schedule->hours_from_min && is_day(schedule, wall.day)) ||
           (minute < schedule->hours_to_min && is_day(schedule, wall.day - 1));
}

/* The first boundary after `at`. */
static int64_t boundary_after(const struct schedule *schedule, int64_t at)
{
    int64_t of_day_us = wall_of(schedule, at).of_day_us;
    int64_t from_us = schedule->hours_from_min * US_PER_MIN;
    int64_t to_us = schedule->hours_to_min * US_PER_MIN;
    int64_t next_us = US_PER_DAY;

    if (schedule->has_hours && from_us > of_day_us)
        next_us = least(next_us, from_us);
    if (schedule->has_hours && to_us > of_day_us)
        next_us = least(next_us, to_us);
    return least(at + next_us - of_day_us, zone_next_change(schedule->zone, at));
}

/* The last boundary at or before `at`. */
static int64_t boundary_until(const struct schedule *schedule, int64_t at)
{
    int64_t of_day_us = wall_of(schedule, at).of_day_us;
    int64_t from_us = schedule->hours_from_min * US_PER_MIN;
    int64_t to_us = schedule->hours_to_min * US_PER_MIN;
    int64_t last_us = 0;

    if (schedule->has_hours && from_us <= of_day_us)
        last_us = most(last_us, from_us);
    if (schedule->has_hours && to_us <= of_day_us)
        last_us = most(last_us, to_us);
    return most(at - of_day_us + last_us, zone_last_change(schedule->zone, at));
}

/* No slot lies before this, or at or after the next. */
static int64_t opens_at(const struct plan *plan)
{
    return most(plan->schedule->from_at, EARLIEST_AT);
}

static int64_t closes_at(const struct plan *plan)
{
    return least(least(plan->schedule->until_at, plan->end_at), LATEST_AT);
}

bool plan_is_open(const struct plan *plan, int64_t at)
{
    return at >= opens_at(plan) && at < closes_at(plan) && is_inside(plan->schedule, at);
}

int64_t plan_slot_from(const struct plan *plan, int64_t at)
{
    const struct schedule *schedule = plan->schedule;
    int64_t from_at = most(at, opens_at(plan));
    int64_t to_at = closes_at(plan);

    if (from_at >= to_at)
        return AT_NEVER;
    to_at = least(to_at, from_at + SEARCH_US);
    for (;;) {
        int64_t slot_at = grid_from(schedule, from_at);

        if (slot_at >= to_at)
            return AT_NEVER;
        if (is_inside(schedule, slot_at))
            return slot_at;
        from_at = boundary_after(schedule, slot_at);
    }
}

int64_t plan_slot_until(const struct plan *plan, int64_t at)
{
    const struct schedule *schedule = plan->schedule;
    int64_t from_at = opens_at(plan);
    int64_t last_at;

    if (closes_at(plan) <= from_at)
        return AT_NONE;
    last_at = least(at, closes_at(plan) - 1);
    if (last_at < from_at)
        return AT_NONE;
    from_at = most(from_at, last_at - SEARCH_US);
    for (;;) {
        int64_t slot_at = grid_until(schedule, last_at);

        if (slot_at < from_at)
            return AT_NONE;
        if (is_inside(schedule, slot_at))
            return slot_at;
        last_at = boundary_until(schedule, slot_at) - 1;
    }
}

int64_t plan_slot_after(const struct plan *plan, int64_t slot_at)
{
    return slot_at == AT_NEVER ? AT_NEVER : plan_slot_from(plan, slot_at + 1);
}

/* The last slot before `end_at` that follows `slot_at` without a gap. Looks five years ahead: what
 * is left then is the next run. */
static int64_t last_of_run(const struct schedule *schedule, int64_t slot_at, int64_t end_at)
{
    int64_t step = step_us(schedule);

    if (is_always(schedule))
        return slot_at + (end_at - 1 - slot_at) / step * step;
    end_at = least(end_at, slot_at + SEARCH_US);
    for (;;) {
        int64_t stop_at = least(boundary_after(schedule, slot_at), end_at);

        slot_at += (stop_at - 1 - slot_at) / step * step;
        if (slot_at + step >= end_at || !is_inside(schedule, slot_at + step))
            return slot_at;
        slot_at += step;
    }
}

struct plan_run plan_run_from(const struct plan *plan, int64_t from_at, int64_t to_at)
{
    const struct schedule *schedule = plan->schedule;
    struct plan_run run = {0};
    int64_t first_at = plan_slot_from(plan, from_at);
    int64_t end_at = least(to_at, closes_at(plan));

    if (first_at >= end_at)
        return run;
    run.first_at = first_at;
    run.count = 1;
    if (schedule->interval_ms == 0)
        return run;
    run.count +=
        (uint64_t)((last_of_run(schedule, first_at, end_at) - first_at) / step_us(schedule));
    run.step_us = run.count > 1 ? step_us(schedule) : 0;
    return run;
}

/* `value` doubled `times` times, at most `ceiling`. */
static int64_t doubled(int64_t value, unsigned times, int64_t ceiling)
{
    while (times > 0 && value > 0 && value < ceiling) {
        value = value > ceiling / 2 ? ceiling : value * 2;
        times--;
    }
    return least(value, ceiling);
}

int64_t plan_retry_ms(const struct feed_retry *retry, unsigned attempts, int64_t asked_ms,
                      double dice)
{
    int64_t ceiling_ms =
        doubled(retry->wait_ms, attempts > 0 ? attempts - 1 : 0, retry->max_wait_ms);

    return most((int64_t)((double)ceiling_ms * dice), asked_ms);
}

int64_t plan_backoff_until(const struct feed *feed, unsigned failures, int64_t slot_at)
{
    int64_t interval_ms = feed->schedule.interval_ms;
    unsigned after = feed->backoff.after;
    int64_t intervals;

    if (after == 0 || failures < after || interval_ms == 0)
        return AT_NONE;
    intervals = doubled(interval_ms, failures - after + 1, feed->backoff.max_ms) / interval_ms;
    if (intervals <= 1)
        return AT_NONE;
    return slot_at + intervals * interval_ms * US_PER_MS;
}

int64_t plan_catch_up_ms(const struct schedule *schedule, double dice)
{
    int64_t spread_ms = MS_PER_MIN;

    if (schedule->interval_ms > 0)
        spread_ms = least(spread_ms, schedule->interval_ms);
    return (int64_t)((double)spread_ms * dice);
}

static double requests_a_slot(const struct feed *feed)
{
    unsigned attempts = feed->retry.attempts > 0 ? feed->retry.attempts : 1;

    return (double)attempts * (1.0 + (double)feed->redirects);
}

void plan_fuse_init(struct plan_fuse *fuse, const struct feed *feed, int64_t mono_us)
{
    fuse->tokens = 2 * requests_a_slot(feed);
    fuse->filled_us = mono_us;
}

bool plan_fuse_take(struct plan_fuse *fuse, const struct feed *feed, int64_t mono_us)
{
    int64_t interval_ms = feed->schedule.interval_ms > 0 ? feed->schedule.interval_ms : MS_PER_HOUR;
    double slots;

    if (mono_us > fuse->filled_us) {
        slots = (double)(mono_us - fuse->filled_us) / (double)(interval_ms * US_PER_MS);
        fuse->tokens += slots * requests_a_slot(feed);
        fuse->filled_us = mono_us;
    }
    if (fuse->tokens > 2 * requests_a_slot(feed))
        fuse->tokens = 2 * requests_a_slot(feed);
    if (fuse->tokens < 0.999) /* not 1: rounding must not refuse what was planned */
        return false;
    fuse->tokens -= 1;
    return true;
}
