#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scratch_store.h"

enum { FEED = 3 };

static int start(void **state)
{
    static struct scratch scratch;

    scratch_start(&scratch);
    *state = &scratch;
    return 0;
}

static int end(void **state)
{
    scratch_end(*state);
    return 0;
}

static struct resume resume_of(struct scratch *scratch)
{
    struct resume resume;
    struct reader *reader;
    struct err err = {0};

    assert_int_equal(reader_open(&reader, scratch->store, &err), 0);
    if (reader_resume(reader, FEED, &resume, &err))
        fail_msg("%s", err.text);
    reader_close(reader);
    return resume;
}

static int64_t at(int second)
{
    return NOON + second * SECOND;
}

/* Each letter a poll, ten seconds apart: N new, S same as the last N, F failed, M missed, R a run
 * of four missed, 1 a failed one by --once, U a new one that the account does not reach. */
static void put_polls(struct scratch *scratch, const char *polls)
{
    int64_t body_at = AT_NONE;
    int second = 0;

    for (const char *poll = polls; *poll; poll++, second += 10) {
        struct record *record = NULL;

        if (*poll == 'N' || *poll == 'U')
            record = scratch_new(FEED, body_at = at(second), poll, 1);
        else if (*poll == 'S')
            record = scratch_same(FEED, at(second), body_at, "N", 1);
        else if (*poll == 'F' || *poll == '1')
            record = scratch_poll(FEED, at(second), OUTCOME_FAILED);
        else
            record = scratch_missed(FEED, at(second), *poll == 'R' ? 4 : 1, 2 * SECOND);
        if (*poll == 'U')
            record->poll.flags = POLL_UNPLANNED;
        if (*poll == '1')
            record->poll.flags = POLL_ONCE;
        assert_true(scratch_put(scratch, record));
    }
}

enum { NONE = -1 };

static const struct {
    const char *polls;
    int accounted_to;
    unsigned failures;
    int failed_slot, body_slot;
    int request; /* slot of the last poll that asked */
} tails[] = {
    {"", NONE, 0, NONE, NONE, NONE},
    {"M", 0, 0, NONE, NONE, NONE},
    {"R", 6, 0, NONE, NONE, NONE},
    {"N", 0, 0, NONE, 0, 0},
    {"NSS", 20, 0, NONE, 0, 20},
    {"NFF", 20, 2, 20, 0, 20},
    {"FFN", 20, 0, NONE, 20, 20},
    {"FFS", 20, 0, NONE, NONE, 20}, /* the body it points at is not kept */
    {"NFMFM", 40, 2, 30, 0, 30},    /* missed ones neither count nor break the row */
    {"NFRR", 36, 1, 10, 0, 10},
    {"FNF", 20, 1, 20, 10, 20},
    {"NF1", 10, 2, 20, 0, 20}, /* --once does not move the account */
    {"NMU", 10, 0, NONE, 20, 20},
    {"U", NONE, 0, NONE, 0, 0},
    {"NUS", 20, 0, NONE, 10, 20},
};

static int seconds_of(int64_t instant)
{
    return instant == AT_NONE ? NONE : (int)((instant - NOON) / SECOND);
}

static void the_tail_tells_how_to_go_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        struct scratch scratch;
        struct resume resume;

        scratch_start(&scratch);
        put_polls(&scratch, tails[i].polls);
        resume = resume_of(&scratch);
        print_message("%s\n", tails[i].polls);
        assert_int_equal(seconds_of(resume.accounted_to_at), tails[i].accounted_to);
        assert_int_equal(resume.failures, tails[i].failures);
        assert_int_equal(seconds_of(resume.failed_slot_at), tails[i].failed_slot);
        assert_int_equal(resume.has_body, tails[i].body_slot != NONE);
        if (resume.has_body)
            assert_int_equal(seconds_of(resume.body_slot_at), tails[i].body_slot);
        assert_int_equal(seconds_of(resume.last_request_at), tails[i].request);
        scratch_end(&scratch);
    }
}

static void the_last_failure_brings_its_retry_after(void **state)
{
    struct record *record = scratch_poll(FEED, at(10), OUTCOME_FAILED);
    struct resume resume;

    record->poll.status = 503;
    record->poll.retry_after_at = at(1000);
    assert_true(scratch_put(*state, scratch_poll(FEED, at(0), OUTCOME_FAILED)));
    assert_true(scratch_put(*state, record));
    resume = resume_of(*state);
    assert_int_equal(resume.failures, 2);
    assert_int_equal(resume.failed_status, 503);
    assert_int_equal(resume.retry_after_at, at(1000));
    assert_int_equal(resume.failed_ended_at, at(10) + 56789);
}

static void failures_are_counted_to_64(void **state)
{
    for (int i = 0; i < 100; i++)
        scratch_append(*state, scratch_poll(FEED, at(i), OUTCOME_FAILED));
    (void)scratch_settle(*state);
    assert_int_equal(resume_of(*state).failures, 64);
}

static void clear_validators(struct record *record)
{
    record->poll.etag = (struct text){0};
    record->poll.last_modified = (struct text){0};
}

static const struct {
    const char *what;
    uint64_t has_own, url_hash, definition;
    const char *etag;
} silent[] = {
    {"a 304 without validators has those of its body", 0, 77, 1, "\"v1\""},
    {"a 304 with its own keeps them", 1, 77, 1, "\"v2\""},
    {"not those of another URL", 0, 78, 1, ""},
    {"not those of another definition", 0, 77, 2, ""},
    {"a 304 that does not say its URL", 0, 0, 1, "\"v1\""},
};

static void validators_come_from_the_poll_that_brought_the_body(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
        struct record *record = scratch_same(FEED, at(10), at(0), "N", 1);
        struct scratch scratch;
        struct resume resume;

        scratch_start(&scratch);
        put_polls(&scratch, "N");
        clear_validators(record);
        if (silent[i].has_own)
            record->poll.etag = (struct text){"\"v2\"", 4};
        record->poll.url_hash = silent[i].url_hash;
        record->poll.definition = (uint32_t)silent[i].definition;
        assert_true(scratch_put(&scratch, record));
        resume = resume_of(&scratch);
        if (strcmp(resume.etag, silent[i].etag) != 0)
            fail_msg("%s: %s", silent[i].what, resume.etag);
        assert_int_equal(resume.body_definition, silent[i].definition);
        assert_int_equal(resume.body_bytes, 1);
        assert_int_equal(resume.url_hash, silent[i].url_hash ? silent[i].url_hash : 77);
        scratch_end(&scratch);
    }
}

static void an_invalid_body_stays_invalid_over_a_304(void **state)
{
    struct record *record = scratch_new(FEED, at(0), "{", 1);

    record->poll.flags = POLL_INVALID;
    assert_true(scratch_put(*state, record));
    assert_true(scratch_put(*state, scratch_same(FEED, at(10), at(0), "{", 1)));
    assert_true(resume_of(*state).body_is_invalid);
}

static void the_body_before_a_long_failure_is_found(void **state)
{
    struct scratch *scratch = *state;
    char polls[600] = "NNS";
    struct resume resume;

    assert_true(scratch_put(scratch, scratch_new(FEED - 1, at(0), "other", 5)));
    assert_true(scratch_put(scratch, scratch_new(FEED + 1, at(0), "other", 5)));
    assert_false(resume_of(scratch).has_body);
    memset(polls + 3, 'F', 500);
    put_polls(scratch, polls);
    resume = resume_of(scratch);
    assert_true(resume.has_body);
    assert_int_equal(resume.body_slot_at, at(10));
    assert_int_equal(resume.failures, 64);
}

static void other_feeds_do_not_count(void **state)
{
    assert_true(scratch_put(*state, scratch_new(FEED - 1, at(0), "a", 1)));
    assert_true(scratch_put(*state, scratch_poll(FEED + 1, at(0), OUTCOME_FAILED)));
    assert_int_equal(resume_of(*state).failures, 0);
    assert_false(resume_of(*state).has_body);
    assert_int_equal(resume_of(*state).accounted_to_at, AT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tail_tells_how_to_go_on),
        cmocka_unit_test_setup_teardown(the_last_failure_brings_its_retry_after, start, end),
        cmocka_unit_test_setup_teardown(failures_are_counted_to_64, start, end),
        cmocka_unit_test(validators_come_from_the_poll_that_brought_the_body),
        cmocka_unit_test_setup_teardown(an_invalid_body_stays_invalid_over_a_304, start, end),
        cmocka_unit_test_setup_teardown(the_body_before_a_long_failure_is_found, start, end),
        cmocka_unit_test_setup_teardown(other_feeds_do_not_count, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
