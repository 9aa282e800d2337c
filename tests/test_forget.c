#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch_store.h"

enum { FEED = 3 };

static int start(void **state)
{
    static struct scratch scratch;

    scratch_start(&scratch);
    assert_true(scratch_put(&scratch, scratch_feed(FEED, "bus")));
    assert_true(scratch_put(&scratch, scratch_definition(FEED, 1, "{}")));
    *state = &scratch;
    return 0;
}

static int end(void **state)
{
    scratch_end(*state);
    return 0;
}

/* Somebody else forgot the body while its `same` was under way. */
static void a_same_answer_whose_body_was_forgotten_is_stored_with_its_own(void **state)
{
    static const char body[] = "the same";
    struct scratch *scratch = *state;
    struct record *same = scratch_same(FEED, NOON + SECOND, NOON, body, strlen(body));
    struct reader *reader;
    struct buf read;
    char text[64];

    same->body = strdup(body);
    same->body_length = strlen(body);
    assert_true(scratch_put(scratch, same));
    same = scratch_same(FEED, NOON + 2 * SECOND, NOON, body, strlen(body));
    same->poll.status = 304;
    assert_true(scratch_put(scratch, same));
    assert_true(
        scratch_put(scratch, scratch_same(FEED, NOON + 3 * SECOND, NOON, body, strlen(body))));
    same = scratch_same(FEED, NOON + 4 * SECOND, NOON + SECOND, body, strlen(body));
    same->body = strdup(body);
    same->body_length = strlen(body);
    assert_true(scratch_put(scratch, same));
    scratch_print(scratch, FEED, text, sizeof text);
    assert_string_equal(text, "N1 F2 M3 S4");
    buf_init(&read, 100);
    assert_int_equal(reader_open(&reader, scratch->store, NULL), 0);
    assert_int_equal(reader_body(reader, FEED, NOON + SECOND, &read, NULL), 0);
    assert_memory_equal(read.bytes, body, strlen(body));
    reader_close(reader);
    buf_release(&read);
    scratch_close(scratch);
    scratch_expect_sound(scratch->dir);
    scratch_reopen(scratch);
}

/* Chores wait for what is to be stored, and do not hold it up. */
static void polls_are_forgotten_when_nothing_else_is_to_do(void **state)
{
    enum { POLLS = 900 };
    struct scratch *scratch = *state;
    struct record *forget = record_new(RECORD_FORGET, FEED);
    struct list committed = {0};
    struct list_link *link;
    unsigned polls_seen = 0, polls_after = 0;
    bool is_through = false;

    assert_non_null(forget);
    for (int i = 0; i < POLLS; i++)
        scratch_append(scratch, scratch_poll(FEED, NOON + i * SECOND, OUTCOME_FAILED));
    (void)scratch_settle(scratch);
    forget->at = NOON + (POLLS - 1) * SECOND;
    assert_int_equal(writer_append(scratch->writer, forget, NULL), 0);
    for (int i = 0; !is_through; i++) {
        assert_true(i < 30000);
        if (i < 5)
            scratch_append(scratch,
                           scratch_poll(FEED, NOON + (POLLS + i) * SECOND, OUTCOME_FAILED));
        (void)usleep(1000);
        writer_collect(scratch->writer, &committed);
        while ((link = list_take(&committed))) {
            struct record *record = (struct record *)link;

            polls_seen += record->kind == RECORD_POLL;
            if (record->kind == RECORD_FORGET) {
                is_through = true;
                polls_after = polls_seen;
                assert_false(record->was_refused);
                assert_int_equal(record->pruned.polls, POLLS - 1);
                assert_int_equal(record->pruned.oldest_at, NOON + (POLLS - 1) * SECOND);
            }
            record_free(record);
        }
    }
    assert_true(polls_after > 0);
    assert_true(writer_is_idle(scratch->writer) || scratch_settle(scratch));
}

static void chores_are_given_back_before_the_end(void **state)
{
    struct scratch *scratch = *state;
    struct list committed = {0};
    struct list_link *link;
    unsigned refused = 0;

    writer_drop_chores(scratch->writer);
    for (int i = 0; i < 100; i++) {
        struct record *forget = record_new(RECORD_FORGET, FEED);

        assert_non_null(forget);
        forget->at = NOON;
        assert_int_equal(writer_append(scratch->writer, forget, NULL), 0);
    }
    for (int i = 0; i < 10000 && refused < 100; i++) {
        writer_collect(scratch->writer, &committed);
        while ((link = list_take(&committed))) {
            refused++;
            record_free((struct record *)link);
        }
        (void)usleep(1000);
    }
    assert_int_equal(refused, 100);
    assert_true(writer_is_idle(scratch->writer));
}

static void forget(struct scratch *scratch, uint32_t feed_id, int64_t before_at)
{
    struct record *record = record_new(RECORD_FORGET, feed_id);

    assert_non_null(record);
    record->at = before_at;
    scratch_append(scratch, record);
    (void)scratch_settle(scratch);
}

/* Bodies of all sizes, each feed's kept for ROUNDS_KEPT rounds: five times that are written. */
static void space_is_used_again(void **state)
{
    enum { FEEDS = 12, ROUNDS_KEPT = 32, ROUNDS = 6 * ROUNDS_KEPT, BODY_MAX = 90000 };
    static char body[BODY_MAX];
    struct scratch *scratch = *state;
    struct store_space space = {0};
    unsigned seed = 7;

    for (uint32_t feed = 10; feed < 10 + FEEDS; feed++) {
        char name[16];

        (void)snprintf(name, sizeof name, "feed-%u", feed);
        scratch_append(scratch, scratch_feed(feed, name));
        scratch_append(scratch, scratch_definition(feed, 1, "{}"));
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (uint32_t feed = 10; feed < 10 + FEEDS; feed++) {
            size_t length = 300 + (size_t)rand_r(&seed) % (BODY_MAX - 300) / (1 + feed % 5);

            scratch_noise(body, length, (uint64_t)rand_r(&seed));
            scratch_append(scratch, scratch_new(feed, NOON + round * SECOND, body, length));
        }
        (void)scratch_settle(scratch);
        for (uint32_t feed = 10; round % 4 == 0 && feed < 10 + FEEDS; feed++)
            forget(scratch, feed, NOON + (round - ROUNDS_KEPT) * SECOND);
        assert_int_equal(store_space(scratch->store, &space, NULL), 0);
    }
    /* Some of it is lost between bodies of different sizes; with time that share stays the same. */
    assert_true(space.file_bytes <= space.used_bytes + space.used_bytes * 4 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_same_answer_whose_body_was_forgotten_is_stored_with_its_own, start, end),
        cmocka_unit_test_setup_teardown(polls_are_forgotten_when_nothing_else_is_to_do, start, end),
        cmocka_unit_test_setup_teardown(chores_are_given_back_before_the_end, start, end),
        cmocka_unit_test_setup_teardown(space_is_used_again, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
