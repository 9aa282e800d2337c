/* When somebody is told: openings, closings, reminders, crowds, the cap, and what survives a
 * restart. */
#include "alert_stage.h"

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

static void more_feeds_than_are_known_leave_room_for_the_rest(void **state)
{
    const struct alert_space full = {.free_bytes = 0, .is_disk_full = true};

    (void)state;
    for (int feed = 0; feed < 500; feed++)
        for (int i = 0; i < 3; i++)
            poll_bad(feed);
    note_crowd(FEEDS);
    alerts_note_space(alerts, &full, now_at);
    pass(HOURS);
    assert_int_equal(count_told(ALERT_OPEN, "most_failing:"), 1);
    assert_int_equal(count_told(ALERT_OPEN, "disk_full:"), 1);
    assert_int_equal(told_count, 2);
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

int main(void)
{
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
        TEST(more_feeds_than_are_known_leave_room_for_the_rest),
        TEST(a_restart_neither_repeats_nor_forgets),
        TEST(a_restart_does_not_forget_that_it_flaps),
        TEST(what_was_not_delivered_is_told_after_a_restart),
        TEST(a_closing_waits_until_the_opening_was_delivered),
        TEST(a_note_that_is_none_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
