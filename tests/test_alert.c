/* When somebody is told: openings, closings, reminders, crowds, the cap, and what survives a
 * restart. Time is a number here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/outputs/alert.h"

#define START   (INT64_C(1764000000) * US_PER_SECOND)
#define MINUTES (INT64_C(60) * US_PER_SECOND)
#define HOURS   (60 * MINUTES)
#define DAYS    US_PER_DAY
#define STEP_US (INT64_C(10) * US_PER_SECOND)

enum { FEEDS = 1200, MESSAGES_MAX = 4000 };

static struct alerts *alerts;
static int64_t now_at;
static struct feed *feeds[FEEDS];
static struct alert_watch watches[FEEDS];
static struct alert_item told[MESSAGES_MAX]; /* every item of every message */
static int64_t message_ats[MESSAGES_MAX];
static unsigned told_count, message_count;
static bool is_holding; /* messages are not delivered */
static uint64_t held_number;

static int set_up(void **state)
{
    (void)state;
    now_at = START;
    told_count = message_count = 0;
    is_holding = false;
    alerts = alerts_new(now_at);
    for (int i = 0; i < FEEDS; i++) {
        feeds[i] = feed_new();
        feeds[i]->alert = (struct feed_alert){.failures = 3};
        feeds[i]->name = malloc(16);
        snprintf(feeds[i]->name, 16, "f%d", i);
        alert_watch_init(&watches[i], now_at, 0, AT_NONE, AT_NONE);
    }
    return alerts ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    alerts_free(alerts);
    for (int i = 0; i < FEEDS; i++)
        feed_drop(feeds[i]);
    return 0;
}

static void pump(void)
{
    struct alert_message *message;

    while (alerts_next(alerts, now_at, &message) == 1) {
        assert_true(message->count >= 1 && message_count < MESSAGES_MAX);
        message_ats[message_count++] = now_at;
        for (size_t i = 0; i < message->count; i++) {
            assert_true(told_count < MESSAGES_MAX);
            told[told_count++] = message->items[i];
        }
        held_number = message->number;
        if (!is_holding)
            alerts_told(alerts, message->number, now_at);
        free(message);
    }
}

static void pass(int64_t us)
{
    for (int64_t end_at = now_at + us; now_at < end_at;) {
        now_at += STEP_US;
        pump();
    }
}

static void poll_as(int feed, enum outcome outcome, unsigned flags)
{
    struct poll_record poll;

    poll_record_init(&poll);
    poll.slot_at = poll.started_at = now_at;
    poll.ended_at = now_at;
    poll.outcome = outcome;
    poll.flags = flags;
    poll.detail = outcome == OUTCOME_FAILED ? DETAIL_TIMEOUT : DETAIL_NONE;
    alerts_note_poll(alerts, &watches[feed], feeds[feed], &poll, "", now_at);
}

static void poll_good(int feed)
{
    poll_as(feed, OUTCOME_NEW, 0);
}

static void poll_bad(int feed)
{
    poll_as(feed, OUTCOME_FAILED, 0);
}

/* So many slots of a minute. */
static void poll_minutes(int feed, unsigned slots, void (*how)(int feed))
{
    for (unsigned i = 0; i < slots; i++) {
        how(feed);
        pass(MINUTES);
    }
}

static unsigned count_told(enum alert_event event, const char *key)
{
    unsigned count = 0;

    for (unsigned i = 0; i < told_count; i++)
        count += told[i].event == event && (!key || strcmp(told[i].key, key) == 0);
    return count;
}

/* `count` feeds from the first on, `bad` of them bad for so long that they count as failing. */
static void note_crowd(unsigned count)
{
    struct alert_crowd crowd = {.feeds = count};

    for (unsigned i = 0; i < count; i++) {
        crowd.bad += watches[i].bad > 0;
        crowd.failing += alert_watch_is_bad(&watches[i], feeds[i]);
    }
    alerts_note_crowd(alerts, &crowd, now_at);
}

static void a_feed_that_fails_is_told_once_and_its_recovery_once(void **state)
{
    (void)state;
    poll_minutes(0, 5, poll_good);
    poll_minutes(0, 2, poll_bad);
    assert_int_equal(message_count, 0);
    poll_minutes(0, 100, poll_bad);
    assert_int_equal(message_count, 1);
    assert_string_equal(told[0].key, "failing:f0");
    assert_string_equal(told[0].words, "timeout");
    assert_int_equal(told[0].since_at, START + 5 * MINUTES);
    poll_minutes(0, 4, poll_good);
    assert_int_equal(message_count, 1); /* not for long enough */
    poll_minutes(0, 60, poll_good);
    assert_int_equal(message_count, 2);
    assert_int_equal(told[1].event, ALERT_CLOSE);
    assert_int_equal(alerts_open_count(alerts), 0);
}

static void invalid_answers_count_and_missed_slots_do_not(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        poll_as(0, OUTCOME_NEW, POLL_INVALID);
    for (int i = 0; i < 9; i++)
        poll_as(1, OUTCOME_MISSED, 0);
    for (int i = 0; i < 9; i++) {
        poll_bad(2);
        poll_as(2, i % 2 ? OUTCOME_SAME : OUTCOME_MISSED, 0);
    }
    pass(5 * MINUTES);
    assert_int_equal(told_count, 1);
    assert_string_equal(told[0].key, "failing:f0");
    assert_string_equal(told[0].words, "the answer is not well-formed");
}

static void a_feed_that_is_not_watched_is_not_told(void **state)
{
    (void)state;
    feeds[0]->alert = (struct feed_alert){0};
    poll_minutes(0, 50, poll_bad);
    assert_int_equal(message_count, 0);
}

/* How long it fails and how long it answers, in turns, for thirty days. */
static void a_flapping_feed_does_not_chatter(void **state)
{
    static const struct {
        unsigned bad, good, openings_most;
    } rows[] = {{3, 3, 1}, {3, 6, 2}, {10, 30, 4}, {1, 1, 0}, {3, 1, 1}, {60, 120, 6}};

    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        unsigned openings, closings;

        tear_down(state);
        set_up(state);
        while (now_at < START + 30 * DAYS) {
            poll_minutes(0, rows[row].bad, poll_bad);
            poll_minutes(0, rows[row].good, poll_good);
        }
        openings = count_told(ALERT_OPEN, NULL);
        closings = count_told(ALERT_CLOSE, NULL);
        if (openings > rows[row].openings_most || openings > closings + 1 || closings > openings)
            fail_msg("row %zu: %u openings, %u closings", row, openings, closings);
        assert_true(count_told(ALERT_REMIND, NULL) <= 30);
    }
}

static void an_open_incident_is_repeated_once_a_day_with_all_others(void **state)
{
    (void)state;
    for (int feed = 0; feed < 3; feed++) {
        for (int i = 0; i < 3; i++)
            poll_bad(feed);
        pass(HOURS);
    }
    assert_int_equal(message_count, 3);
    pass(30 * DAYS);
    for (int feed = 0; feed < 3; feed++) {
        char key[16];

        snprintf(key, sizeof key, "failing:f%d", feed);
        assert_in_range(count_told(ALERT_REMIND, key), 29, 30);
    }
    assert_in_range(message_count, 3 + 29, 3 + 30);
}

static void when_most_feeds_fail_one_message_says_so(void **state)
{
    (void)state;
    for (int slot = 0; slot < 20; slot++) {
        for (int feed = 0; feed < 100; feed++)
            poll_bad(feed);
        note_crowd(100);
        pass(MINUTES);
    }
    assert_int_equal(message_count, 1);
    assert_string_equal(told[0].key, "most_failing:");
    assert_string_equal(told[0].words, "100 of 100 feeds");
    for (int slot = 0; slot < 20; slot++) {
        for (int feed = 0; feed < 100; feed++)
            poll_good(feed);
        note_crowd(100);
        pass(MINUTES);
    }
    assert_int_equal(message_count, 2);
    assert_int_equal(told[1].event, ALERT_CLOSE);
}

static void who_still_fails_after_the_crowd_is_told_alone(void **state)
{
    (void)state;
    for (int slot = 0; slot < 40; slot++) {
        for (int feed = 0; feed < 10; feed++)
            if (slot < 10 || feed == 7)
                poll_bad(feed);
            else
                poll_good(feed);
        note_crowd(10);
        pass(MINUTES);
    }
    assert_int_equal(count_told(ALERT_OPEN, "most_failing:"), 1);
    assert_int_equal(count_told(ALERT_CLOSE, "most_failing:"), 1);
    assert_int_equal(count_told(ALERT_OPEN, "failing:f7"), 1);
    assert_int_equal(told_count, 3);
}

static void few_feeds_are_no_crowd(void **state)
{
    (void)state;
    for (int slot = 0; slot < 5; slot++) {
        for (int feed = 0; feed < 4; feed++)
            poll_bad(feed);
        note_crowd(4);
        pass(MINUTES);
    }
    assert_int_equal(count_told(ALERT_OPEN, "most_failing:"), 0);
    assert_int_equal(count_told(ALERT_OPEN, NULL), 4);
}

static void messages_are_capped_and_the_rest_comes_in_one(void **state)
{
    unsigned most = 0;

    (void)state;
    for (int feed = 0; feed < 40; feed++) {
        for (int i = 0; i < 3; i++)
            poll_bad(feed);
        note_crowd(FEEDS);
        pass(MINUTES);
    }
    pass(2 * HOURS);
    for (unsigned i = 0; i < message_count; i++) {
        unsigned in_hour = 0;

        for (unsigned j = i; j < message_count && message_ats[j] < message_ats[i] + HOURS; j++)
            in_hour++;
        if (in_hour > most)
            most = in_hour;
    }
    assert_in_range(most, 6, 12);
    for (int feed = 0; feed < 40; feed++) {
        char key[16];

        snprintf(key, sizeof key, "failing:f%d", feed);
        assert_int_equal(count_told(ALERT_OPEN, key), 1);
    }
}

static void a_thousand_feeds_that_fail_one_by_one_are_a_crowd(void **state)
{
    (void)state;
    for (int feed = 0; feed < 300; feed++) {
        for (int i = 0; i < 3; i++)
            poll_bad(feed);
        note_crowd(FEEDS);
        pass(STEP_US);
    }
    pass(HOURS);
    assert_int_equal(count_told(ALERT_OPEN, "most_failing:"), 1);
    assert_true(alerts_open_count(alerts) <= ALERT_INCIDENTS_MAX);
    assert_true(message_count < 20);
}

static void restart(void)
{
    struct buf text;

    buf_init(&text, 65536);
    assert_int_equal(alerts_write(alerts, &text), 0);
    assert_false(alerts_is_news(alerts));
    alerts_free(alerts);
    alerts = alerts_new(now_at);
    alerts_read(alerts, buf_text(&text), now_at);
    buf_release(&text);
}

static void a_restart_neither_repeats_nor_forgets(void **state)
{
    (void)state;
    for (int feed = 0; feed < 2; feed++)
        poll_minutes(feed, 3, poll_bad);
    pass(MINUTES);
    assert_int_equal(told_count, 2);
    restart();
    alert_watch_init(&watches[0], now_at, 3, now_at, AT_NONE);
    poll_minutes(0, 10, poll_bad);
    assert_int_equal(told_count, 2);
    restart();
    poll_minutes(0, 10, poll_good);
    assert_int_equal(told_count, 3);
    assert_int_equal(count_told(ALERT_CLOSE, "failing:f0"), 1);
    assert_int_equal(told[2].since_at, START);
    restart();
    poll_minutes(0, 10, poll_good);
    assert_int_equal(told_count, 3);
}

static void a_restart_does_not_forget_that_it_flaps(void **state)
{
    (void)state;
    poll_minutes(0, 4, poll_bad);
    poll_minutes(0, 8, poll_good);
    assert_int_equal(told_count, 2);
    restart();
    poll_minutes(0, 4, poll_bad);
    poll_minutes(0, 8, poll_good);
    assert_int_equal(told_count, 3); /* five minutes are not enough any more */
    poll_minutes(0, 4, poll_good);
    assert_int_equal(told_count, 4);
}

static void what_was_not_delivered_is_told_after_a_restart(void **state)
{
    (void)state;
    is_holding = true;
    poll_minutes(0, 4, poll_bad);
    assert_int_equal(told_count, 1); /* on its way, and lost with the process */
    restart();
    is_holding = false;
    poll_minutes(0, 1, poll_bad);
    assert_int_equal(count_told(ALERT_OPEN, "failing:f0"), 2);
    is_holding = true;
    poll_minutes(0, 10, poll_good);
    assert_int_equal(count_told(ALERT_CLOSE, "failing:f0"), 1);
    restart();
    is_holding = false;
    pass(MINUTES);
    assert_int_equal(count_told(ALERT_CLOSE, "failing:f0"), 2);
    restart();
    pass(DAYS * 2);
    assert_int_equal(told_count, 4);
}

static void a_closing_waits_until_the_opening_was_delivered(void **state)
{
    (void)state;
    is_holding = true;
    poll_minutes(0, 4, poll_bad);
    poll_minutes(0, 30, poll_good);
    assert_int_equal(told_count, 1);
    is_holding = false;
    alerts_told(alerts, held_number, now_at);
    pass(MINUTES);
    assert_int_equal(told_count, 2);
    assert_int_equal(told[1].event, ALERT_CLOSE);
}

static void a_note_that_is_none_is_forgotten(void **state)
{
    static const char *const texts[] = {
        "",
        "alerts 2\t1\t1\nopen\tfailing\t0\t1\t1\t1\t1\tf0\tx\n",
        "alerts 1\tnan\t-9\nopen\n",
        "alerts 1\t1e9\t9223372036854775807\nopen\twhat\t0\t1\t1\t1\t1\tf0\tx\n",
        "alerts 1\t1\t1\nopening\tfailing\t0\t1\t1\t1\t1\tf0\tx\n",
        "alerts 1\t1\t1\nopen\tfailing\t0\t1\t1\t1\t1\tf0\n",
        "alerts 1\t1\t1\nopen\tfailing\t0\t1\t1\t1\t1\tf0\tx\tmore\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        alerts_read(alerts, texts[i], now_at);
        assert_int_equal(alerts_open_count(alerts), 0);
    }
    pass(MINUTES);
    alerts_read(alerts, "alerts 1\t1\t1\nopen\tfailing\t99\t1\t1\t1\t1\tf0\tx\n", now_at);
    assert_int_equal(alerts_open_count(alerts), 1);
}

/* The feed has `stale`; what the minute's look finds. */
static void a_feed_without_answers_is_stale(void **state)
{
    int64_t last_at;

    (void)state;
    feeds[0]->alert = (struct feed_alert){.stale_ms = 600000};
    poll_good(0);
    last_at = now_at;
    for (int minute = 0; minute < 30; minute++) {
        alerts_note_minute(alerts, &watches[0], feeds[0], true, now_at - MINUTES, now_at);
        if (now_at < last_at + 10 * MINUTES)
            assert_int_equal(alerts_open_count(alerts), 0);
        pass(MINUTES);
    }
    assert_int_equal(told_count, 1);
    assert_string_equal(told[0].key, "stale:f0");
    assert_int_equal(told[0].since_at, last_at);
    assert_in_range(message_ats[0], last_at + 10 * MINUTES, last_at + 12 * MINUTES);
    poll_minutes(0, 10, poll_good);
    assert_int_equal(told_count, 2);
}

static void a_closed_window_is_not_stale_nor_is_the_time_before_the_start(void **state)
{
    (void)state;
    feeds[0]->alert = (struct feed_alert){.stale_ms = 600000};
    poll_good(0);
    for (int minute = 0; minute < 300; minute++) {
        bool is_open = minute < 5 || minute >= 290;

        alerts_note_minute(alerts, &watches[0], feeds[0], is_open, now_at - MINUTES, now_at);
        pass(MINUTES);
    }
    assert_int_equal(told_count, 0); /* open for just under ten minutes again */
    alert_watch_wake(&watches[0], now_at);
    for (int minute = 0; minute < 9; minute++) {
        alerts_note_minute(alerts, &watches[0], feeds[0], true, now_at - MINUTES, now_at);
        pass(MINUTES);
    }
    assert_int_equal(told_count, 0);
    /* An hourly feed has not had a slot since its last answer. */
    now_at += 30 * MINUTES;
    alerts_note_minute(alerts, &watches[0], feeds[0], true, watches[0].begun_at - 1, now_at);
    pass(MINUTES);
    assert_int_equal(told_count, 0);
    alerts_note_minute(alerts, &watches[0], feeds[0], true, now_at - MINUTES, now_at);
    pass(MINUTES);
    assert_int_equal(told_count, 1);
}

static void a_clock_that_is_set_makes_nothing_stale(void **state)
{
    static const int64_t steps[] = {400 * DAYS, -400 * DAYS};

    (void)state;
    feeds[0]->alert = (struct feed_alert){.failures = 3, .stale_ms = 600000};
    poll_minutes(1, 4, poll_bad);
    assert_int_equal(told_count, 1);
    for (int i = 0; i < 2; i++) {
        poll_good(0);
        now_at += steps[i];
        alert_watch_step(&watches[0], steps[i]);
        alerts_step(alerts, steps[i]);
        for (int minute = 0; minute < 9; minute++) {
            alerts_note_minute(alerts, &watches[0], feeds[0], true, now_at - MINUTES, now_at);
            pass(MINUTES);
        }
        assert_int_equal(told_count, 1); /* no reminder either */
    }
}

static void the_same_bytes_for_long_are_told(void **state)
{
    (void)state;
    feeds[0]->alert = (struct feed_alert){.unchanged_ms = 3600000};
    poll_good(0);
    for (int minute = 1; minute < 200; minute++) {
        pass(MINUTES);
        poll_as(0, OUTCOME_SAME, 0);
    }
    assert_int_equal(told_count, 1);
    assert_string_equal(told[0].key, "unchanged:f0");
    assert_int_equal(told[0].since_at, START);
    assert_in_range(message_ats[0], START + HOURS, START + HOURS + 2 * MINUTES);
    poll_good(0);
    pass(10 * MINUTES);
    assert_int_equal(told_count, 2);
    assert_int_equal(told[1].event, ALERT_CLOSE);
}

static void note_space(int64_t free_mib, bool is_full)
{
    const int64_t mib = 1 << 20;
    struct alert_space space = {
        .free_bytes = free_mib * mib, .reserve_bytes = 500 * mib, .is_disk_full = is_full};

    alerts_note_space(alerts, &space, now_at);
    pass(MINUTES);
}

static void a_disk_that_fills_is_told_before_and_when_it_is_full(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        note_space(1001, false);
    assert_int_equal(told_count, 0);
    for (int i = 0; i < 20; i++)
        note_space(i % 2 ? 999 : 1010, false); /* to and fro is one incident */
    assert_int_equal(told_count, 1);
    assert_string_equal(told[0].key, "disk:");
    for (int i = 0; i < 20; i++)
        note_space(499, true);
    assert_int_equal(told_count, 2);
    assert_string_equal(told[1].key, "disk_full:");
    for (int i = 0; i < 20; i++)
        note_space(5000, false);
    assert_int_equal(told_count, 4);
    assert_int_equal(count_told(ALERT_CLOSE, NULL), 2);
}

static void a_disk_that_lasts_less_than_a_day_is_told(void **state)
{
    (void)state;
    /* 200 MiB an hour, 4800 a day. */
    for (int hour = 0; hour < 30; hour++) {
        int64_t free_mib = 10500 - hour * 200;

        note_space(free_mib, false);
        if (hour < 24)
            assert_int_equal(told_count, 0);
        pass(59 * MINUTES);
    }
    assert_int_equal(told_count, 1);
    assert_string_equal(told[0].key, "disk:");
}

static void a_store_near_its_limit_is_told_unless_it_makes_room_by_itself(void **state)
{
    struct alert_space space = {
        .free_bytes = -1, .used_bytes = 91, .limit_bytes = 100, .can_prune = true};

    (void)state;
    alerts_note_space(alerts, &space, now_at);
    pass(5 * MINUTES);
    assert_int_equal(told_count, 0);
    space.can_prune = false;
    alerts_note_space(alerts, &space, now_at);
    pass(5 * MINUTES);
    assert_int_equal(told_count, 1);
    assert_string_equal(told[0].key, "store:");
    assert_string_equal(told[0].words, "91 % of store_limit are in use");
    space.is_store_full = true;
    alerts_note_space(alerts, &space, now_at);
    pass(5 * MINUTES);
    assert_string_equal(told[1].key, "store_full:");
}

static void a_certificate_is_told_two_weeks_before_its_end(void **state)
{
    (void)state;
    alerts_note_certificate(alerts, "a.test:443", now_at + 15 * DAYS, now_at);
    pass(5 * MINUTES);
    assert_int_equal(told_count, 0);
    for (int day = 0; day < 3; day++) {
        alerts_note_certificate(alerts, "a.test:443", START + 13 * DAYS, now_at);
        pass(DAYS);
    }
    assert_int_equal(count_told(ALERT_OPEN, "certificate:a.test:443"), 1);
    alerts_note_certificate(alerts, "a.test:443", now_at + 90 * DAYS, now_at);
    pass(5 * MINUTES);
    assert_int_equal(count_told(ALERT_CLOSE, "certificate:a.test:443"), 1);
}

static void a_broken_file_is_told_unless_it_is_mended_at_once(void **state)
{
    char file[] = "feeds/a.json", text[] = "unknown key \"x\"";
    char *files[] = {file};
    struct mistake mistake = {file, 3, 5, text};
    struct feed_set set = {.mistakes = &mistake,
                           .mistake_count = 1,
                           .broken_files = files,
                           .broken_count = 1,
                           .feeds = feeds,
                           .count = 1};
    struct feed_set mended = {.feeds = feeds, .count = 1};

    (void)state;
    alerts_note_config(alerts, &set, now_at);
    pass(STEP_US);
    alerts_note_config(alerts, &mended, now_at);
    pass(5 * MINUTES);
    assert_int_equal(told_count, 0);
    alerts_note_config(alerts, &set, now_at);
    pass(5 * MINUTES);
    alerts_note_config(alerts, &set, now_at);
    pass(5 * MINUTES);
    assert_int_equal(told_count, 1);
    assert_string_equal(told[0].key, "config:feeds/a.json");
    assert_string_equal(told[0].words, "3:5: unknown key \"x\"");
    alerts_note_config(alerts, &mended, now_at);
    pass(MINUTES);
    assert_int_equal(told_count, 2);
}

static void a_feed_that_goes_takes_its_incident_along(void **state)
{
    struct feed_set with = {.feeds = feeds, .count = 1}, without = {.count = 0};

    (void)state;
    poll_minutes(0, 4, poll_bad);
    assert_int_equal(told_count, 1);
    alerts_note_config(alerts, &with, now_at);
    pass(MINUTES);
    assert_int_equal(told_count, 1);
    alerts_note_config(alerts, &without, now_at);
    pass(MINUTES);
    assert_int_equal(told_count, 2);
    assert_true(told[1].is_moot);
    assert_string_equal(told[1].words, "the feed was removed or disabled");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_feed_that_fails_is_told_once_and_its_recovery_once),
        TEST(invalid_answers_count_and_missed_slots_do_not),
        TEST(a_feed_that_is_not_watched_is_not_told),
        TEST(a_flapping_feed_does_not_chatter),
        TEST(an_open_incident_is_repeated_once_a_day_with_all_others),
        TEST(when_most_feeds_fail_one_message_says_so),
        TEST(who_still_fails_after_the_crowd_is_told_alone),
        TEST(few_feeds_are_no_crowd),
        TEST(messages_are_capped_and_the_rest_comes_in_one),
        TEST(a_thousand_feeds_that_fail_one_by_one_are_a_crowd),
        TEST(a_restart_neither_repeats_nor_forgets),
        TEST(a_restart_does_not_forget_that_it_flaps),
        TEST(what_was_not_delivered_is_told_after_a_restart),
        TEST(a_closing_waits_until_the_opening_was_delivered),
        TEST(a_note_that_is_none_is_forgotten),
        TEST(a_feed_without_answers_is_stale),
        TEST(a_closed_window_is_not_stale_nor_is_the_time_before_the_start),
        TEST(a_clock_that_is_set_makes_nothing_stale),
        TEST(the_same_bytes_for_long_are_told),
        TEST(a_disk_that_fills_is_told_before_and_when_it_is_full),
        TEST(a_disk_that_lasts_less_than_a_day_is_told),
        TEST(a_store_near_its_limit_is_told_unless_it_makes_room_by_itself),
        TEST(a_certificate_is_told_two_weeks_before_its_end),
        TEST(a_broken_file_is_told_unless_it_is_mended_at_once),
        TEST(a_feed_that_goes_takes_its_incident_along),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
