/* When: slots, windows, retries, backoff. PURE: no clock, dice, file or socket; everything comes in
 * as an argument. Instants in µs, durations in ms as elsewhere. Slots lie on a fixed grid counted
 * from 1970-01-01T00:00Z, so nothing drifts. */
#ifndef SCHEDULER_PLAN_H
#define SCHEDULER_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "feeds/feed.h"

/* `end_at`: where `for` ends the feed (AT_NEVER: nowhere yet); all other bounds are in the
 * schedule. */
struct plan {
    const struct schedule *schedule;
    int64_t end_at;
};

/* The first slot at or after `at`; AT_NEVER: there is none (within five years). */
int64_t plan_slot_from(const struct plan *plan, int64_t at);
/* The last slot at or before `at`; AT_NONE: there is none (within five years). */
int64_t plan_slot_until(const struct plan *plan, int64_t at);
/* The slot after `slot_at`. */
int64_t plan_slot_after(const struct plan *plan, int64_t slot_at);

/* May the feed be polled at this instant, slot or not: inside its windows and bounds? */
bool plan_is_open(const struct plan *plan, int64_t at);

/* A run of evenly spaced slots. */
struct plan_run {
    int64_t first_at, step_us; /* step 0 if count is 1 */
    uint64_t count;            /* 0: none */
};
/* The longest run that starts with the first slot at or after `from_at` and stays before `to_at`.
 */
struct plan_run plan_run_from(const struct plan *plan, int64_t from_at, int64_t to_at);

/* How long to wait before the next attempt, `attempts` having been made: full jitter, a uniform
 * share `dice` in [0,1) of wait × 2^(attempts-1), at most max_wait; never less than `asked_ms`
 * (what the server asked for; 0: nothing). */
int64_t plan_retry_ms(const struct feed_retry *retry, unsigned attempts, int64_t asked_ms,
                      double dice);
/* The instant before which a feed with `failures` failed slots in a row is not polled again, the
 * last having been `slot_at`: doubling from twice the interval, at most backoff.max, whole
 * intervals. AT_NONE: no backoff. */
int64_t plan_backoff_until(const struct feed *feed, unsigned failures, int64_t slot_at);
/* How late a catch-up may be started: a share `dice` of the smaller of the interval and a minute.
 */
int64_t plan_catch_up_ms(const struct schedule *schedule, double dice);

/* The fuse: a bucket of requests per feed that makes a flood impossible whatever the bug. It holds
 * what one slot may need (attempts × (1 + redirects), and one slot to spare) and fills as slots
 * pass, on the monotonic clock. */
struct plan_fuse {
    double tokens;
    int64_t filled_us;
};
void plan_fuse_init(struct plan_fuse *fuse, const struct feed *feed, int64_t mono_us);
/* Takes a token. false: this request must not be made. */
bool plan_fuse_take(struct plan_fuse *fuse, const struct feed *feed, int64_t mono_us);

#endif
