/* status.json: what the views hold is what a reader of JSON finds, whatever servers and files say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "scheduler/outputs/status.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SECOND       US_PER_SECOND
#define NOON         (INT64_C(20781) * US_PER_DAY + US_PER_DAY / 2) /* 2026-11-24T12:00:00Z */

static const struct service_view quiet = {
    .version = "0.1.0",
    .started_at = NOON - 3600 * SECOND,
    .now_at = NOON,
    .store = {.path = "/var/lib/pollard", .state = "ok", .free_bytes = -1}};

static void take(struct health *health, int64_t slot_at, enum outcome outcome,
                 enum poll_detail detail)
{
    struct poll_record poll;

    poll_record_init(&poll);
    poll.slot_at = slot_at;
    poll.outcome = outcome;
    poll.detail = detail;
    if (outcome != OUTCOME_MISSED) {
        poll.started_at = slot_at + 1000;
        poll.ended_at = slot_at + 251000;
        poll.status = outcome == OUTCOME_FAILED ? 0 : 200;
        poll.body_bytes = 4711;
    }
    health_note(health, "bus", &poll, outcome == OUTCOME_FAILED ? "could \"not\" connect\n" : "");
}

/* Returns owned. */
static struct json *read_back(const struct service_view *service, const struct feed_view *feeds,
                              size_t count, const struct alert_view *alert)
{
    struct json_mistake mistake;
    struct json *status;
    struct buf out;

    buf_init(&out, 1 << 20);
    assert_int_equal(status_begin(&out, service), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(status_feed(&out, &feeds[i], service->now_at, i == 0), 0);
    assert_int_equal(status_alerts(&out), 0);
    if (alert) {
        assert_int_equal(status_alert(&out, alert, true), 0);
        assert_int_equal(status_alert(&out, alert, false), 0);
    }
    assert_int_equal(status_end(&out, service), 0);
    status = json_parse(out.bytes, out.length, &mistake);
    if (!status)
        fail_msg("%d:%d: %s in %s", mistake.line, mistake.column, mistake.text, buf_text(&out));
    buf_release(&out);
    return status;
}

/* "feeds.0.last.slot" → the value's text; "null", "true", "[]", "{}" for what has none. */
static const char *at(const struct json *json, const char *path)
{
    char key[64];

    while (*path) {
        size_t length = strcspn(path, ".");

        snprintf(key, sizeof key, "%.*s", (int)length, path);
        path += length + (path[length] == '.');
        if (json->type == JSON_ARRAY) {
            assert_true((size_t)atoi(key) < json->count);
            json = json->items[atoi(key)];
        } else {
            assert_int_equal(json->type, JSON_OBJECT);
            json = json_get(json, key);
        }
        if (!json)
            return "absent";
    }
    switch (json->type) {
    case JSON_NULL:
        return "null";
    case JSON_BOOL:
        return json->is_true ? "true" : "false";
    case JSON_ARRAY:
        return json->count ? "[…]" : "[]";
    case JSON_OBJECT:
        return "{…}";
    case JSON_NUMBER:
    case JSON_STRING:
        break;
    }
    return json->text;
}

struct expected {
    const char *path, *text;
};

static void assert_all(const struct json *status, const struct expected *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(at(status, expected[i].path), expected[i].text) != 0)
            fail_msg("%s is %s, not %s", expected[i].path, at(status, expected[i].path),
                     expected[i].text);
}

static void what_is_not_there_is_null(void **state)
{
    static const struct expected expected[] = {
        {"started", "2026-11-24T11:00:00.000000+00:00"},
        {"now", "2026-11-24T12:00:00.000000+00:00"},
        {"store.free_bytes", "null"},
        {"store.commit_ms", "null"},
        {"alerts", "[]"},
        {"config_errors", "[]"},
        {"feeds.0.name", "bus"},
        {"feeds.0.interval_ms", "null"},
        {"feeds.0.next_slot", "null"},
        {"feeds.0.last", "null"},
        {"feeds.0.last_new", "null"},
        {"feeds.0.last_ok", "null"},
        {"feeds.0.words", "null"},
        {"feeds.0.alert", "null"},
        {"feeds.0.recent", ""},
        {"feeds.0.complete.1h", "null"},
        {"feeds.0.complete.7d", "null"},
        {"feeds.0.complete_since", "null"},
        {"feeds.0.counts.new", "0"},
    };
    struct health health;
    struct feed_view feed = {.name = "bus",
                             .state = "waiting",
                             .host = "h:80",
                             .timezone = "UTC",
                             .interval_us = AT_NONE,
                             .next_slot_at = AT_NEVER,
                             .health = &health};
    struct json *status;

    (void)state;
    health_init(&health);
    status = read_back(&quiet, &feed, 1, NULL);
    assert_all(status, expected, COUNT(expected));
    json_free(status);
    status = read_back(&quiet, NULL, 0, NULL);
    assert_string_equal(at(status, "feeds"), "[]");
    json_free(status);
}

static const struct expected told_of_polls[] = {
    {"feeds.0.interval_ms", "60000"},
    {"feeds.0.next_slot", "2026-11-24T12:01:00.000000+00:00"},
    {"feeds.0.last.slot", "2026-11-24T11:59:00.000000+00:00"},
    {"feeds.0.last.outcome", "failed"},
    {"feeds.0.last.detail", "connect"},
    {"feeds.0.last.status", "null"},
    {"feeds.0.last.ended", "2026-11-24T11:59:00.251000+00:00"},
    {"feeds.0.last.duration_ms", "250"},
    {"feeds.0.last.body_bytes", "4711"},
    {"feeds.0.last.invalid", "false"},
    {"feeds.0.counts.new", "1"},
    {"feeds.0.counts.same", "1"},
    {"feeds.0.counts.failed", "1"},
    {"feeds.0.counts.missed", "0"},
    {"feeds.0.last_new", "2026-11-24T11:57:00.251000+00:00"},
    {"feeds.0.last_ok", "2026-11-24T11:58:00.251000+00:00"},
    {"feeds.0.failures", "1"},
    {"feeds.0.words", "could \"not\" connect\n"},
    {"feeds.0.recent", "nsf"},
    {"feeds.0.complete.1h", "66.67"},
    {"feeds.0.complete_since", "2026-11-24T11:57:00.000000+00:00"},
    {"feeds.1.last.outcome", "missed"},
    {"feeds.1.last.detail", "down"},
    {"feeds.1.last.status", "null"},
    {"feeds.1.last.ended", "null"},
    {"feeds.1.last.duration_ms", "null"},
    {"feeds.1.last_ok", "2026-11-24T11:57:00.251000+00:00"},
    {"feeds.1.words", "pollardd did not run"},
    {"feeds.1.complete_since", "null"},
};

static void every_poll_shows(void **state)
{
    struct health healths[2];
    struct feed_view feeds[2] = {
        {.name = "bus",
         .state = "waiting",
         .interval_us = 60 * SECOND,
         .next_slot_at = NOON + 60 * SECOND,
         .health = &healths[0],
         .failures = 1},
        {.name = "tram", .state = "waiting", .interval_us = 60 * SECOND, .health = &healths[1]}};
    struct json *status;

    (void)state;
    health_init(&healths[0]);
    health_init(&healths[1]);
    take(&healths[0], NOON - 180 * SECOND, OUTCOME_NEW, DETAIL_NONE);
    take(&healths[0], NOON - 120 * SECOND, OUTCOME_SAME, DETAIL_NONE);
    take(&healths[0], NOON - 60 * SECOND, OUTCOME_FAILED, DETAIL_CONNECT);
    healths[0].history.is_whole = true;
    take(&healths[1], NOON - 180 * SECOND, OUTCOME_NEW, DETAIL_NONE);
    take(&healths[1], NOON - 120 * SECOND, OUTCOME_MISSED, DETAIL_DOWN);
    status = read_back(&quiet, feeds, 2, NULL);
    assert_all(status, told_of_polls, COUNT(told_of_polls));
    json_free(status);
}

static void a_hostile_text_stays_a_text(void **state)
{
    static const char *const texts[] = {"\"},{\"name\":\"x", "</script><script>alert(1)</script>",
                                        "\\u0000\\",         "\xff\xfe\x80",
                                        "a\nb\tc\x01\x7f",   "\xe2\x80\xa8 \xf0\x9f\x9a\x8c"};
    struct health health;

    (void)state;
    health_init(&health);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct mistake mistake = {(char *)texts[i], 1, 2, (char *)texts[i]};
        struct alert_view alert = {texts[i], texts[i], texts[i], NOON};
        struct service_view service = quiet;
        struct feed_view feed = {.name = texts[i],
                                 .host = texts[i],
                                 .alert = texts[i],
                                 .state = "waiting",
                                 .health = &health};
        const char *told;
        struct json *status;

        service.mistakes = &mistake;
        service.mistake_count = 1;
        service.store.path = texts[i];
        status = read_back(&service, &feed, 1, &alert);
        told = at(status, "feeds.0.name");
        if (texts[i][0] == '\xff')
            assert_string_equal(told, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
        else
            assert_string_equal(told, texts[i]);
        assert_string_equal(at(status, "feeds.0.alert"), told);
        assert_string_equal(at(status, "alerts.1.text"), told);
        assert_string_equal(at(status, "config_errors.0.text"), told);
        assert_string_equal(at(status, "config_errors.0.column"), "2");
        assert_string_equal(at(status, "store.path"), told);
        json_free(status);
    }
}

static void a_full_buf_is_said(void **state)
{
    struct health health;
    struct feed_view feed = {.name = "bus", .state = "waiting", .health = &health};
    struct buf out;

    (void)state;
    health_init(&health);
    for (size_t most = 0; most < 900; most += 7) {
        int failed;

        buf_init(&out, most);
        failed = status_begin(&out, &quiet) || status_feed(&out, &feed, NOON, true) ||
                 status_alerts(&out) || status_end(&out, &quiet);
        assert_int_equal(failed != 0, out.length == 0 || out.bytes[out.length - 1] != '\n');
        buf_release(&out);
    }
}

static void each_detail_has_words(void **state)
{
    static const struct {
        enum outcome outcome;
        enum poll_detail detail;
        const char *words;
    } cases[] = {
        {OUTCOME_FAILED, DETAIL_HTTP_STATUS, "the server answered with status 0"},
        {OUTCOME_FAILED, DETAIL_SECRET, "could \"not\" connect\n"},
        {OUTCOME_MISSED, DETAIL_CONFIG, "the file of the feed was broken"},
        {OUTCOME_NEW, DETAIL_NONE, ""},
    };
    char words[HEALTH_WORDS_MAX];
    struct health health;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        health_init(&health);
        assert_string_equal(health_words(&health, words), "");
        take(&health, NOON, cases[i].outcome, cases[i].detail);
        assert_string_equal(health_words(&health, words), cases[i].words);
    }
    for (int i = 0; i < HEALTH_DETAILS; i++) {
        enum poll_detail detail = health_detail_at(i);

        assert_int_equal(health_detail_place(detail), i);
        assert_string_not_equal(poll_detail_name(detail), "");
        health_init(&health);
        take(&health, NOON, OUTCOME_MISSED, detail);
        assert_true(strlen(health_words(&health, words)) > 5);
    }
    assert_int_equal(health_detail_place(DETAIL_NONE), -1);
}

/* What was read from the store takes the place of what is known, but for counts. */
static void the_past_comes_in_whole(void **state)
{
    struct health health, past;
    char recent[HISTORY_RECENT + 1];
    struct poll_record poll;

    (void)state;
    health_init(&health);
    health_init(&past);
    take(&health, NOON - 60 * SECOND, OUTCOME_FAILED, DETAIL_TIMEOUT);
    poll_record_init(&poll);
    poll.outcome = OUTCOME_SAME;
    poll.slot_at = NOON - 120 * SECOND;
    poll.body_slot_at = NOON - US_PER_DAY;
    poll.started_at = poll.slot_at;
    poll.ended_at = poll.slot_at + 5;
    health_recall(&past, &poll);
    poll.outcome = OUTCOME_FAILED;
    poll.slot_at = poll.started_at = NOON - 60 * SECOND;
    poll.ended_at = poll.slot_at + 7;
    health_recall(&past, &poll);
    health_recalled(&health, &past);
    history_recent(&health.history, recent);
    assert_string_equal(recent, "sf");
    assert_true(health.history.is_whole);
    assert_int_equal(health.counts[OUTCOME_FAILED], 1);
    assert_int_equal(health.counts[OUTCOME_SAME], 0);
    assert_int_equal(health.failures, 1);
    assert_string_equal(health.reason, "could \"not\" connect\n");
    assert_true(health.last_new_at == NOON - US_PER_DAY);
    assert_true(health.last_ok_at == NOON - 120 * SECOND + 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_there_is_null),   cmocka_unit_test(every_poll_shows),
        cmocka_unit_test(a_hostile_text_stays_a_text), cmocka_unit_test(a_full_buf_is_said),
        cmocka_unit_test(each_detail_has_words),       cmocka_unit_test(the_past_comes_in_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
