/* The windows of a history, against every slot counted one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/outputs/history.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SECOND       US_PER_SECOND
#define MINUTE       (60 * SECOND)
#define HOUR         (60 * MINUTE)
#define NOON         (INT64_C(20781) * US_PER_DAY + 12 * HOUR)

static const int64_t bucket_us[WINDOW_COUNT] = {MINUTE, 30 * MINUTE, 90 * MINUTE};

static void note(struct history *history, int64_t slot_at, enum outcome outcome, unsigned flags)
{
    struct poll_record poll;

    poll_record_init(&poll);
    poll.slot_at = slot_at;
    poll.outcome = outcome;
    poll.flags = flags;
    history_note(history, &poll);
}

static void note_run(struct history *history, int64_t slot_at, int64_t step_us, uint64_t count)
{
    struct poll_record poll;

    poll_record_init(&poll);
    poll.slot_at = slot_at;
    poll.outcome = OUTCOME_MISSED;
    poll.detail = DETAIL_DOWN;
    poll.step_us = step_us;
    poll.count = count;
    history_note(history, &poll);
}

static void assert_window(const struct history *history, enum history_window window, int64_t now_at,
                          uint64_t slots, uint64_t complete)
{
    uint64_t found_complete;
    uint64_t found = history_slots(history, window, now_at, &found_complete);

    assert_int_equal(found, slots);
    assert_int_equal(found_complete, complete);
}

/* Every slot by itself, and the windows as the header says: from the edge of the bucket that holds
 * the instant an hour, a day, a week ago. */
struct ledger {
    int64_t at[4096];
    bool is_complete[4096];
    size_t count;
};

static void assert_windows(const struct history *history, const struct ledger *ledger,
                           int64_t now_at)
{
    for (int i = 0; i < WINDOW_COUNT; i++) {
        int64_t from_at = now_at - history_window_us((enum history_window)i);
        uint64_t slots = 0, complete = 0;

        from_at = clock_floor_div(from_at, bucket_us[i]) * bucket_us[i];
        for (size_t k = 0; k < ledger->count; k++) {
            if (ledger->at[k] < from_at || ledger->at[k] > now_at)
                continue;
            slots++;
            complete += ledger->is_complete[k];
        }
        assert_window(history, (enum history_window)i, now_at, slots, complete);
    }
}

static void the_windows_count_what_every_slot_adds_up_to(void **state)
{
    static const int64_t steps[] = {SECOND, 7 * SECOND, MINUTE, 11 * MINUTE, HOUR, 26 * HOUR};
    static struct ledger ledger;

    (void)state;
    srand(17);
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct history history;
        int64_t at = NOON + (int64_t)i * 1234567;

        history_init(&history);
        ledger.count = 0;
        while (ledger.count + 100 < COUNT(ledger.at)) {
            int dice = rand() % 100;

            if (dice < 3) {
                uint64_t count = (uint64_t)(rand() % 90) + 2;

                note_run(&history, at, steps[i], count);
                for (uint64_t k = 0; k < count; k++, at += steps[i]) {
                    ledger.is_complete[ledger.count] = false;
                    ledger.at[ledger.count++] = at;
                }
            } else {
                enum outcome outcome = dice < 50   ? OUTCOME_NEW
                                       : dice < 90 ? OUTCOME_SAME
                                                   : OUTCOME_FAILED;
                bool is_invalid = outcome <= OUTCOME_SAME && dice % 7 == 0;

                note(&history, at, outcome, is_invalid ? POLL_INVALID : 0);
                ledger.is_complete[ledger.count] = outcome <= OUTCOME_SAME && !is_invalid;
                ledger.at[ledger.count++] = at;
                at += steps[i];
            }
            if (dice % 10 == 0)
                assert_windows(&history, &ledger, at - steps[i] + rand() % steps[i]);
        }
        assert_windows(&history, &ledger, at - steps[i] + 3 * HOUR);
        assert_windows(&history, &ledger, at - steps[i] + 200 * HOUR);
    }
}

static void a_year_of_missed_slots_is_counted_without_walking_it(void **state)
{
    struct history history;
    uint64_t complete, slots;

    (void)state;
    history_init(&history);
    note(&history, NOON - 366 * US_PER_DAY, OUTCOME_NEW, 0);
    note_run(&history, NOON - 365 * US_PER_DAY, SECOND / 10, UINT64_C(365) * 86400 * 10 + 1);
    assert_window(&history, WINDOW_HOUR, NOON, 36001, 0);
    slots = history_slots(&history, WINDOW_WEEK, NOON, &complete);
    assert_int_equal(slots, INT64_C(7) * 864000 + 1);
    assert_int_equal(complete, 0);
}

static void nothing_is_known_of_a_feed_without_slots(void **state)
{
    struct history history;
    char recent[HISTORY_RECENT + 1];

    (void)state;
    history_init(&history);
    for (int i = 0; i < WINDOW_COUNT; i++)
        assert_window(&history, (enum history_window)i, NOON, 0, 0);
    history_recent(&history, recent);
    assert_string_equal(recent, "");
    assert_true(history.first_at == AT_NONE);
}

/* The clock was far ahead and went back: what counted then counts no more, and nothing breaks. */
static void a_clock_that_was_far_ahead_is_survived(void **state)
{
    struct history history;

    (void)state;
    history_init(&history);
    note(&history, NOON, OUTCOME_NEW, 0);
    note(&history, NOON + 3650 * US_PER_DAY, OUTCOME_NEW, 0);
    assert_window(&history, WINDOW_HOUR, NOON + MINUTE, 0, 0);
    note(&history, NOON + MINUTE, OUTCOME_NEW, 0);
    assert_window(&history, WINDOW_HOUR, NOON + 2 * MINUTE, 0, 0);
    assert_window(&history, WINDOW_HOUR, NOON + 3650 * US_PER_DAY, 1, 1);
    note(&history, INT64_MAX - 1, OUTCOME_NEW, 0);
    note(&history, -(INT64_MAX - 1), OUTCOME_NEW, 0);
    assert_window(&history, WINDOW_WEEK, NOON + 3650 * US_PER_DAY, 1, 1);
}

static void the_last_outcomes_are_letters_oldest_first(void **state)
{
    char recent[HISTORY_RECENT + 1];
    struct history history;

    (void)state;
    history_init(&history);
    note(&history, NOON, OUTCOME_NEW, 0);
    note(&history, NOON + 1, OUTCOME_SAME, 0);
    note(&history, NOON + 2, OUTCOME_SAME, POLL_INVALID);
    note(&history, NOON + 3, OUTCOME_FAILED, 0);
    note_run(&history, NOON + 4, 1, 2);
    history_recent(&history, recent);
    assert_string_equal(recent, "nsifmm");
    note_run(&history, NOON + 6, 1, 1000000);
    note(&history, NOON + 1000006, OUTCOME_NEW, 0);
    history_recent(&history, recent);
    assert_int_equal(strlen(recent), HISTORY_RECENT);
    assert_int_equal(strspn(recent, "m"), HISTORY_RECENT - 1);
    assert_int_equal(recent[HISTORY_RECENT - 1], 'n');
}

static void a_feed_takes_no_more_than_a_kibibyte(void **state)
{
    (void)state;
    assert_true(sizeof(struct history) <= 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_windows_count_what_every_slot_adds_up_to),
        cmocka_unit_test(a_year_of_missed_slots_is_counted_without_walking_it),
        cmocka_unit_test(nothing_is_known_of_a_feed_without_slots),
        cmocka_unit_test(a_clock_that_was_far_ahead_is_survived),
        cmocka_unit_test(the_last_outcomes_are_letters_oldest_first),
        cmocka_unit_test(a_feed_takes_no_more_than_a_kibibyte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
