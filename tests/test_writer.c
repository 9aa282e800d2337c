#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch_store.h"
#include "storage/verify.h"

enum { FEED = 3 };

static int start(void **state)
{
    static struct scratch scratch;

    scratch_start(&scratch);
    assert_true(scratch_put(&scratch, scratch_feed(FEED, "buses")));
    *state = &scratch;
    return 0;
}

static int end(void **state)
{
    scratch_end(*state);
    return 0;
}

static void records_come_back_in_order_after_they_are_committed(void **state)
{
    struct scratch *scratch = *state;
    struct list committed = {0};
    struct list_link *link;
    intptr_t expected = 0;

    for (intptr_t i = 0; i < 500; i++) {
        struct record *record = scratch_poll(FEED, NOON + i * SECOND, OUTCOME_FAILED);

        record->cookie = (void *)i;
        scratch_append(scratch, record);
    }
    while (committed.count < 500)
        writer_collect(scratch->writer, &committed);
    assert_true(writer_is_idle(scratch->writer));
    while ((link = list_take(&committed))) {
        struct record *record = (struct record *)link;

        assert_ptr_equal(record->cookie, (void *)expected++);
        assert_false(record->was_refused);
        record_free(record);
    }
    assert_true(writer_commit_ms(scratch->writer) > 0);
}

static const struct {
    const char *what;
    struct put {
        enum outcome outcome;
        int second;
        unsigned count, step;
        bool is_refused;
    } puts[4];
    const char *slots;
} collisions[] = {
    {"a second poll of a slot",
     {{OUTCOME_FAILED, 0, 1, 0, false}, {OUTCOME_MISSED, 0, 1, 0, true}},
     "F0"},
    {"a poll of a slot inside a run",
     {{OUTCOME_MISSED, 0, 4, 10, false}, {OUTCOME_FAILED, 20, 1, 0, true}},
     "M0 M10 M20 M30"},
    {"a poll of the last slot of a run",
     {{OUTCOME_MISSED, 0, 4, 10, false}, {OUTCOME_FAILED, 30, 1, 0, true}},
     "M0 M10 M20 M30"},
    {"a poll behind a run",
     {{OUTCOME_MISSED, 0, 4, 10, false}, {OUTCOME_FAILED, 40, 1, 0, false}},
     "M0 M10 M20 M30 F40"},
    {"a poll inside a run and off its grid",
     {{OUTCOME_MISSED, 0, 4, 10, false}, {OUTCOME_FAILED, 25, 1, 0, false}},
     "M0 M10 M20 F25 M30"},
    {"a run around a poll on its grid",
     {{OUTCOME_FAILED, 20, 1, 0, false}, {OUTCOME_MISSED, 0, 5, 10, false}},
     "M0 M10 F20 M30 M40"},
    {"a run around a poll off its grid",
     {{OUTCOME_FAILED, 25, 1, 0, false}, {OUTCOME_MISSED, 0, 5, 10, false}},
     "M0 M10 M20 F25 M30 M40"},
    {"a run around polls at both of its ends",
     {{OUTCOME_FAILED, 0, 1, 0, false},
      {OUTCOME_FAILED, 40, 1, 0, false},
      {OUTCOME_MISSED, 0, 5, 10, false}},
     "F0 M10 M20 M30 F40"},
    {"a run of which every slot has a poll",
     {{OUTCOME_FAILED, 0, 1, 0, false},
      {OUTCOME_FAILED, 10, 1, 0, false},
      {OUTCOME_MISSED, 0, 2, 10, true}},
     "F0 F10"},
    {"a run that begins inside another of its grid",
     {{OUTCOME_MISSED, 0, 3, 10, false}, {OUTCOME_MISSED, 10, 4, 10, false}},
     "M0 M10 M20 M30 M40"},
    {"a run around another",
     {{OUTCOME_MISSED, 10, 2, 10, false}, {OUTCOME_MISSED, 0, 5, 10, false}},
     "M0 M10 M20 M30 M40"},
    {"a run inside another",
     {{OUTCOME_MISSED, 0, 5, 10, false}, {OUTCOME_MISSED, 10, 2, 10, true}},
     "M0 M10 M20 M30 M40"},
    {"two runs of different grids",
     {{OUTCOME_MISSED, 0, 3, 10, false}, {OUTCOME_MISSED, 5, 4, 5, false}},
     "M0 M5 M10 M15 M20"},
    {"a run over a finer one",
     {{OUTCOME_MISSED, 0, 5, 5, false}, {OUTCOME_MISSED, -10, 5, 10, false}},
     "M-10 M0 M5 M10 M15 M20 M30"},
    {"three layers",
     {{OUTCOME_FAILED, 12, 1, 0, false},
      {OUTCOME_MISSED, 0, 4, 10, false},
      {OUTCOME_FAILED, 15, 1, 0, false},
      {OUTCOME_MISSED, -10, 8, 10, false}},
     "M-10 M0 M10 F12 F15 M20 M30 M40 M50 M60"},
};

static void every_slot_ends_with_exactly_one_poll(void **state)
{
    char slots[512];

    for (uint32_t i = 0; i < sizeof collisions / sizeof collisions[0]; i++) {
        for (unsigned j = 0; j < 4 && (!j || collisions[i].puts[j].count); j++) {
            const struct put *put = &collisions[i].puts[j];
            int64_t slot_at = NOON + put->second * SECOND;
            struct record *record =
                put->outcome == OUTCOME_MISSED
                    ? scratch_missed(100 + i, slot_at, put->count, put->step * SECOND)
                    : scratch_poll(100 + i, slot_at, put->outcome);

            if (scratch_put(*state, record) == put->is_refused)
                fail_msg("%s: put %u", collisions[i].what, j);
        }
        scratch_print(*state, 100 + i, slots, sizeof slots);
        if (strcmp(slots, collisions[i].slots) != 0)
            fail_msg("%s: %s", collisions[i].what, slots);
    }
}

static void two_long_runs_of_different_grids_end(void **state)
{
    struct poll_record poll;
    struct reader *reader;
    struct err err;
    int64_t last_at = AT_NONE;

    assert_true(scratch_put(*state, scratch_missed(FEED, NOON, 1000000, 10 * SECOND)));
    assert_true(scratch_put(*state, scratch_missed(FEED, NOON - 3 * SECOND, 2000000, 7 * SECOND)));
    assert_int_equal(reader_open(&reader, ((struct scratch *)*state)->store, &err), 0);
    assert_int_equal(reader_seek(reader, FEED, AT_NONE, &err), 0);
    while (reader_next(reader, &poll, &err) > 0) {
        assert_true(poll.slot_at > last_at);
        last_at = poll_record_last_slot(&poll);
    }
    assert_int_equal(last_at, NOON - 3 * SECOND + 1999999 * (7 * SECOND));
    reader_close(reader);
}

static void a_refused_poll_brings_no_body(void **state)
{
    struct scratch *scratch = *state;
    struct store_stat stat;
    struct err err;

    assert_true(scratch_put(scratch, scratch_new(FEED, NOON, "one", 3)));
    assert_false(scratch_put(scratch, scratch_new(FEED, NOON, "two", 3)));
    assert_int_equal(store_stat(scratch->store, &stat, &err), 0);
    assert_int_equal(stat.bodies, 1);
    assert_int_equal(stat.polls, 1);
    assert_int_equal(stat.raw_bytes, 3);
}

static int keep_feed(void *cookie, const struct stored_feed *feed)
{
    *(struct stored_feed *)cookie = *feed;
    return 1;
}

static struct stored_feed first_feed(struct scratch *scratch)
{
    struct stored_feed feed = {0};
    struct err err;

    assert_int_equal(store_each_feed(scratch->store, keep_feed, &feed, &err), 0);
    return feed;
}

static void a_feed_remembers_first_slot_account_and_definition(void **state)
{
    struct scratch *scratch = *state;
    struct stored_feed feed = first_feed(scratch);
    struct record *record;

    assert_int_equal(feed.id, FEED);
    assert_string_equal(feed.name, "buses");
    assert_int_equal(feed.created_at, NOON);
    assert_true(feed.first_slot_at == AT_NONE && feed.closed_at == AT_NONE && !feed.is_open);
    assert_int_equal(feed.last_definition, 0);

    assert_true(scratch_put(scratch, scratch_missed(FEED, NOON - SECOND, 3, SECOND)));
    assert_true(scratch_put(scratch, scratch_poll(FEED, NOON + 9 * SECOND, OUTCOME_FAILED)));
    assert_true(scratch_put(scratch, scratch_definition(FEED, 1, "{}")));
    assert_true(scratch_put(scratch, scratch_definition(FEED, 2, "{\"url\":1}")));
    assert_false(scratch_put(scratch, scratch_definition(FEED, 2, "{}")));
    record = record_new(RECORD_OPEN, FEED);
    record->at = NOON + 1;
    assert_true(scratch_put(scratch, record));
    feed = first_feed(scratch);
    assert_int_equal(feed.first_slot_at, NOON - SECOND);
    assert_int_equal(feed.last_definition, 2);
    assert_true(feed.is_open && feed.opened_at == NOON + 1 && feed.closed_at == AT_NONE);

    record = record_new(RECORD_CLOSE, FEED);
    record->at = NOON + 2;
    assert_true(scratch_put(scratch, record));
    feed = first_feed(scratch);
    assert_true(!feed.is_open && feed.opened_at == NOON + 1 && feed.closed_at == NOON + 2);
}

static void what_cannot_be_stored_is_refused_and_the_rest_of_its_batch_is_not(void **state)
{
    struct scratch *scratch = *state;
    struct record *bad = scratch_missed(FEED, NOON, 5, -SECOND);
    struct list committed = {0};
    struct list_link *link;
    unsigned refused = 0;

    for (int i = 0; i < 40; i++)
        scratch_append(scratch, scratch_poll(FEED, NOON + i * SECOND, OUTCOME_FAILED));
    scratch_append(scratch, bad);
    scratch_append(scratch, scratch_definition(99, 1, "{}"));
    scratch_append(scratch, scratch_feed(FEED, "again"));
    scratch_append(scratch, scratch_feed(FEED + 1, "buses"));
    for (int i = 40; i < 80; i++)
        scratch_append(scratch, scratch_poll(FEED, NOON + i * SECOND, OUTCOME_FAILED));
    while (committed.count < 84)
        writer_collect(scratch->writer, &committed);
    while ((link = list_take(&committed))) {
        struct record *record = (struct record *)link;

        refused += record->was_refused;
        assert_true(!record->was_refused || record->kind != RECORD_POLL || record == bad);
        record_free(record);
    }
    assert_int_equal(refused, 4);
    assert_int_equal(writer_state(scratch->writer, NULL), WRITER_OK);
}

static void too_much_waiting_is_refused_unless_it_is_small(void **state)
{
    struct scratch *scratch = *state;
    const struct writer_options options = {
        .linger_ms = 60000, .batch_bytes = 1 << 20, .queue_bytes = 100000};
    static char body[60 * 1000];
    struct err err;

    writer_stop(scratch->writer);
    assert_int_equal(writer_start(&scratch->writer, scratch->store, &options, &err), 0);
    scratch_append(scratch, scratch_new(FEED, NOON, body, sizeof body));
    assert_false(writer_is_full(scratch->writer));
    assert_int_equal(
        writer_append(scratch->writer, scratch_new(FEED, NOON + SECOND, body, sizeof body), &err),
        -1);
    assert_int_equal(err.kind, ERR_FULL);
    for (int i = 2; i < 100; i++)
        scratch_append(scratch, scratch_poll(FEED, NOON + i * SECOND, OUTCOME_FAILED));
    assert_true(writer_is_full(scratch->writer));
    assert_false(writer_is_idle(scratch->writer));
    writer_stop(scratch->writer); /* does not wait for company */
    store_close(scratch->store);
    scratch_reopen(scratch);
    assert_false(scratch_put(scratch, scratch_poll(FEED, NOON, OUTCOME_FAILED)));
    assert_false(scratch_put(scratch, scratch_poll(FEED, NOON + 99 * SECOND, OUTCOME_FAILED)));
}

static void a_body_larger_than_queue_and_batch_goes_alone(void **state)
{
    struct scratch *scratch = *state;
    const struct writer_options options = {.batch_bytes = 1000, .queue_bytes = 1000};
    enum { LENGTH = 40 * 1024 * 1024 };
    char *noise = malloc(LENGTH);
    struct reader *reader;
    struct buf body;
    struct err err = {0};

    assert_non_null(noise);
    scratch_noise(noise, LENGTH, 1);
    writer_stop(scratch->writer);
    assert_int_equal(writer_start(&scratch->writer, scratch->store, &options, &err), 0);
    assert_true(scratch_put(scratch, scratch_new(FEED, NOON, noise, LENGTH)));
    assert_true(scratch_put(scratch, scratch_new(FEED, NOON + SECOND, "small", 5)));

    buf_init(&body, LENGTH);
    assert_int_equal(reader_open(&reader, scratch->store, &err), 0);
    if (reader_body(reader, FEED, NOON, &body, &err))
        fail_msg("%s", err.text);
    assert_int_equal(body.length, LENGTH);
    assert_memory_equal(body.bytes, noise, LENGTH);
    assert_int_equal(reader_body(reader, FEED, NOON + SECOND, &body, &err), 0);
    assert_memory_equal(body.bytes, "small", 5);
    reader_close(reader);
    buf_release(&body);
    free(noise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records_come_back_in_order_after_they_are_committed, start,
                                        end),
        cmocka_unit_test_setup_teardown(every_slot_ends_with_exactly_one_poll, start, end),
        cmocka_unit_test_setup_teardown(two_long_runs_of_different_grids_end, start, end),
        cmocka_unit_test_setup_teardown(a_refused_poll_brings_no_body, start, end),
        cmocka_unit_test_setup_teardown(a_feed_remembers_first_slot_account_and_definition, start,
                                        end),
        cmocka_unit_test_setup_teardown(
            what_cannot_be_stored_is_refused_and_the_rest_of_its_batch_is_not, start, end),
        cmocka_unit_test_setup_teardown(too_much_waiting_is_refused_unless_it_is_small, start, end),
        cmocka_unit_test_setup_teardown(a_body_larger_than_queue_and_batch_goes_alone, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
