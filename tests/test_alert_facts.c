/* What opens an incident, and what ends it: staleness, bytes that stay the same, room,
 * certificates, files, feeds that go. */
#include "alert_stage.h"

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
    const struct CMUnitTest tests[] = {
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

    return cmocka_run_group_tests(tests, NULL, NULL);
}
