#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "storage/poll_record.h"

#define NOON (INT64_C(1795435200) * US_PER_SECOND)

static struct text text_of(const char *text)
{
    return (struct text){text, (uint32_t)strlen(text)};
}

static struct poll_record full_record(void)
{
    struct poll_record poll;

    poll_record_init(&poll);
    poll.slot_at = NOON;
    poll.outcome = OUTCOME_FAILED;
    poll.detail = DETAIL_HTTP_STATUS;
    poll.flags = POLL_INVALID | POLL_ONCE | POLL_UNPLANNED;
    poll.definition = 7;
    poll.started_at = NOON - 5;
    poll.answered_at = NOON + 1234567;
    poll.ended_at = NOON + 7654321;
    poll.status = 503;
    poll.attempts = 3;
    poll.wire_bytes = UINT64_C(1) << 40;
    poll.body_bytes = UINT64_MAX;
    poll.body_slot_at = NOON - 365 * US_PER_DAY;
    poll.body_hash = hash_of("body", 4);
    poll.has_hash = true;
    poll.retry_after_at = NOON + US_PER_DAY;
    poll.url_hash = UINT64_C(0x0123456789abcdef);
    poll.etag = text_of("\"etag\"");
    poll.last_modified = text_of("Mon, 23 Nov 2026 12:00:00 GMT");
    poll.content_type = text_of("application/json");
    poll.server_date = text_of("Mon, 23 Nov 2026 12:00:01 GMT");
    poll.remote_address = text_of("192.0.2.1");
    poll.error_body = text_of("<h1>no</h1>");
    return poll;
}

static void assert_text(struct text got, struct text expected)
{
    assert_int_equal(got.length, expected.length);
    if (expected.length)
        assert_memory_equal(got.bytes, expected.bytes, expected.length);
}

static void assert_same(const struct poll_record *got, const struct poll_record *expected)
{
    assert_int_equal(got->slot_at, expected->slot_at);
    assert_int_equal(got->count, expected->count);
    assert_int_equal(got->step_us, expected->step_us);
    assert_int_equal(got->outcome, expected->outcome);
    assert_int_equal(got->detail, expected->detail);
    assert_int_equal(got->flags, expected->flags);
    assert_int_equal(got->definition, expected->definition);
    assert_int_equal(got->started_at, expected->started_at);
    assert_int_equal(got->answered_at, expected->answered_at);
    assert_int_equal(got->ended_at, expected->ended_at);
    assert_int_equal(got->status, expected->status);
    assert_int_equal(got->attempts, expected->attempts);
    assert_int_equal(got->wire_bytes, expected->wire_bytes);
    assert_int_equal(got->body_bytes, expected->body_bytes);
    assert_int_equal(got->body_slot_at, expected->body_slot_at);
    assert_int_equal(got->has_hash, expected->has_hash);
    assert_true(hash_equal(&got->body_hash, &expected->body_hash));
    assert_int_equal(got->retry_after_at, expected->retry_after_at);
    assert_int_equal(got->url_hash, expected->url_hash);
    assert_text(got->etag, expected->etag);
    assert_text(got->last_modified, expected->last_modified);
    assert_text(got->content_type, expected->content_type);
    assert_text(got->server_date, expected->server_date);
    assert_text(got->remote_address, expected->remote_address);
    assert_text(got->error_body, expected->error_body);
}

static void assert_comes_back(const struct poll_record *poll)
{
    struct poll_record got;
    struct err err = {0};
    struct buf bytes;

    buf_init(&bytes, 16384);
    assert_int_equal(poll_record_encode(poll, &bytes), 0);
    if (poll_record_decode(&got, bytes.bytes, bytes.length, &err))
        fail_msg("%s", err.text);
    assert_same(&got, poll);
    buf_release(&bytes);
}

static void every_field_comes_back(void **state)
{
    struct poll_record poll = full_record();

    (void)state;
    assert_comes_back(&poll);
    poll_record_init(&poll);
    assert_comes_back(&poll);
    poll.outcome = OUTCOME_MISSED;
    poll.detail = DETAIL_DOWN;
    poll.slot_at = NOON;
    poll.count = UINT64_C(1) << 32;
    poll.step_us = 100;
    assert_comes_back(&poll);
}

static void instants_far_from_the_slot_come_back(void **state)
{
    static const int64_t instants[] = {INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1};
    struct poll_record poll = full_record();

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 5; j++) {
            poll.slot_at = instants[i];
            poll.started_at = poll.ended_at = poll.body_slot_at = instants[j];
            assert_comes_back(&poll);
        }
    }
}

static void texts_are_cut_and_may_hold_any_byte(void **state)
{
    static char long_text[3 * POLL_TEXT_MAX];
    struct poll_record got, poll = full_record();
    struct err err;
    struct buf bytes;

    (void)state;
    memset(long_text, 'x', sizeof long_text);
    long_text[3] = '\0';
    poll.error_body = (struct text){long_text, sizeof long_text};
    buf_init(&bytes, 16384);
    assert_int_equal(poll_record_encode(&poll, &bytes), 0);
    assert_int_equal(poll_record_decode(&got, bytes.bytes, bytes.length, &err), 0);
    poll.error_body.length = POLL_TEXT_MAX;
    assert_same(&got, &poll);
    buf_release(&bytes);
}

static void an_append_that_does_not_fit_leaves_the_buf_as_it_was(void **state)
{
    struct poll_record poll = full_record();
    struct buf bytes;

    (void)state;
    for (size_t most = 0; most < 150; most++) {
        buf_init(&bytes, most);
        assert_int_equal(poll_record_encode(&poll, &bytes), -1);
        assert_int_equal(bytes.length, 0);
        buf_release(&bytes);
    }
}

static const struct {
    const char *what;
    int64_t slot_at;
    uint64_t count;
    int64_t step_us;
    enum outcome outcome;
    bool is_sound;
    int64_t last_at;
} soundness[] = {
    {"one", NOON, 1, 0, OUTCOME_FAILED, true, NOON},
    {"a run", NOON, 3, 10, OUTCOME_MISSED, true, NOON + 20},
    {"none", NOON, 0, 0, OUTCOME_MISSED, false, 0},
    {"one with a step", NOON, 1, 10, OUTCOME_MISSED, false, 0},
    {"a run without a step", NOON, 2, 0, OUTCOME_MISSED, false, 0},
    {"a run backwards", NOON, 2, -1, OUTCOME_MISSED, false, 0},
    {"a run of failed ones", NOON, 2, 10, OUTCOME_FAILED, false, 0},
    {"a run past the end of time", INT64_MAX - 10, 3, 10, OUTCOME_MISSED, false, 0},
    {"a run to the end of time", INT64_MAX - 10, 2, 10, OUTCOME_MISSED, false, 0},
    {"a run that overflows", NOON, UINT64_C(1) << 62, 1000, OUTCOME_MISSED, false, 0},
    {"a run of more than fits", NOON, UINT64_MAX, 1, OUTCOME_MISSED, false, 0},
    {"no slot", AT_NONE, 1, 0, OUTCOME_FAILED, false, 0},
};

static void what_cannot_be_is_neither_sound_nor_decoded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof soundness / sizeof soundness[0]; i++) {
        struct poll_record got, poll;
        struct err err;
        struct buf bytes;

        poll_record_init(&poll);
        poll.slot_at = soundness[i].slot_at;
        poll.count = soundness[i].count;
        poll.step_us = soundness[i].step_us;
        poll.outcome = soundness[i].outcome;
        if (poll_record_is_sound(&poll) != soundness[i].is_sound)
            fail_msg("%s", soundness[i].what);
        buf_init(&bytes, 1024);
        assert_int_equal(poll_record_encode(&poll, &bytes), 0);
        if ((poll_record_decode(&got, bytes.bytes, bytes.length, &err) == 0) !=
            soundness[i].is_sound)
            fail_msg("%s: decoded", soundness[i].what);
        if (soundness[i].is_sound)
            assert_int_equal(poll_record_last_slot(&poll), soundness[i].last_at);
        else
            assert_int_equal(err.kind, ERR_DAMAGED);
        buf_release(&bytes);
    }
}

/* Each input in memory of exactly its size, so that the sanitizer sees a read behind its end. */
static int decode_exactly(const char *bytes, size_t length)
{
    char *copy = malloc(length ? length : 1);
    struct poll_record poll;
    int failed;

    assert_non_null(copy);
    memcpy(copy, bytes, length);
    failed = poll_record_decode(&poll, copy, length, NULL);
    if (!failed)
        assert_true(poll_record_is_sound(&poll));
    free(copy);
    return failed;
}

static void cut_lengthened_and_mutated_bytes_never_lead_astray(void **state)
{
    struct poll_record poll = full_record();
    struct buf bytes;

    (void)state;
    buf_init(&bytes, 16384);
    assert_int_equal(poll_record_encode(&poll, &bytes), 0);
    for (size_t length = 0; length < bytes.length; length++)
        assert_int_equal(decode_exactly(bytes.bytes, length), -1);
    assert_int_equal(buf_append_char(&bytes, '\0'), 0);
    assert_int_equal(decode_exactly(bytes.bytes, bytes.length), -1);
    bytes.length--;
    for (size_t at = 0; at < bytes.length; at++) {
        char before = bytes.bytes[at];

        for (int change = 1; change < 256; change++) {
            bytes.bytes[at] = (char)(before ^ change);
            (void)decode_exactly(bytes.bytes, bytes.length);
        }
        bytes.bytes[at] = before;
    }
    buf_release(&bytes);
}

/* The form on disk: a change of these bytes needs a new STORE_FORMAT. */
static void the_bytes_on_disk_stay_as_they_are(void **state)
{
    static const uint8_t expected[] = {
        1,                                              /* version */
        0x93, 0x04,                                     /* run, started, http, etag */
        0x80, 0xc0, 0x81, 0xd5, 0x8a, 0xbc, 0xb0, 0x06, /* the slot, zigzag */
        3,    32,   2,    5,                            /* missed, down, once, definition */
        3,    0x14,                                     /* three slots, ten apart */
        0x02,                                           /* started 1 µs behind the slot */
        0xc8, 0x01, 1,    0,    0,                      /* 200, one attempt, no bytes */
        1,    'e',                                      /* etag */
    };
    struct poll_record poll;
    struct buf bytes;

    (void)state;
    poll_record_init(&poll);
    poll.slot_at = NOON;
    poll.outcome = OUTCOME_MISSED;
    poll.detail = DETAIL_DOWN;
    poll.flags = POLL_ONCE;
    poll.definition = 5;
    poll.count = 3;
    poll.step_us = 10;
    poll.started_at = NOON + 1;
    poll.status = 200;
    poll.attempts = 1;
    poll.etag = text_of("e");
    buf_init(&bytes, 1024);
    assert_int_equal(poll_record_encode(&poll, &bytes), 0);
    assert_int_equal(bytes.length, sizeof expected);
    assert_memory_equal(bytes.bytes, expected, sizeof expected);
    buf_release(&bytes);
}

static void every_outcome_and_detail_has_its_word(void **state)
{
    static const char *const outcomes[] = {"new", "same", "failed", "missed"};

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_string_equal(outcome_name((enum outcome)i), outcomes[i]);
    assert_string_equal(poll_detail_name(DETAIL_NONE), "");
    assert_string_equal(poll_detail_name(DETAIL_TOO_LARGE), "too_large");
    assert_string_equal(poll_detail_name(DETAIL_RETRY_AFTER), "retry_after");
    assert_int_equal(DETAIL_SECRET, 13);
    assert_int_equal(DETAIL_CONFIG, 41);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_comes_back),
        cmocka_unit_test(instants_far_from_the_slot_come_back),
        cmocka_unit_test(texts_are_cut_and_may_hold_any_byte),
        cmocka_unit_test(an_append_that_does_not_fit_leaves_the_buf_as_it_was),
        cmocka_unit_test(what_cannot_be_is_neither_sound_nor_decoded),
        cmocka_unit_test(cut_lengthened_and_mutated_bytes_never_lead_astray),
        cmocka_unit_test(the_bytes_on_disk_stay_as_they_are),
        cmocka_unit_test(every_outcome_and_detail_has_its_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
