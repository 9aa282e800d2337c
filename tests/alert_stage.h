/* For tests of alerts: feeds whose polls end as a test says, a clock that is a number, and all that
 * was told. */
#ifndef TESTS_ALERT_STAGE_H
#define TESTS_ALERT_STAGE_H

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

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
    (void)state;
    alerts_free(alerts);
    for (int i = 0; i < FEEDS; i++)
        feed_drop(feeds[i]);
    return 0;
}

static inline void pump(void)
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

static inline void pass(int64_t us)
{
    for (int64_t end_at = now_at + us; now_at < end_at;) {
        now_at += STEP_US;
        pump();
    }
}

static inline void poll_as(int feed, enum outcome outcome, unsigned flags)
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

static inline void poll_good(int feed)
{
    poll_as(feed, OUTCOME_NEW, 0);
}

static inline void poll_bad(int feed)
{
    poll_as(feed, OUTCOME_FAILED, 0);
}

/* So many slots of a minute. */
static inline void poll_minutes(int feed, unsigned slots, void (*how)(int feed))
{
    for (unsigned i = 0; i < slots; i++) {
        how(feed);
        pass(MINUTES);
    }
}

static inline unsigned count_told(enum alert_event event, const char *key)
{
    unsigned count = 0;

    for (unsigned i = 0; i < told_count; i++)
        count += told[i].event == event && (!key || strcmp(told[i].key, key) == 0);
    return count;
}

/* `count` feeds from the first on, `bad` of them bad for so long that they count as failing. */
static inline void note_crowd(unsigned count)
{
    struct alert_crowd crowd = {.feeds = count};

    for (unsigned i = 0; i < count; i++) {
        crowd.bad += watches[i].bad > 0;
        crowd.failing += alert_watch_is_bad(&watches[i], feeds[i]);
    }
    alerts_note_crowd(alerts, &crowd, now_at);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
