#include <lmdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scratch_store.h"
#include "storage/key.h"
#include "storage/pack.h"
#include "storage/tables.h"

enum { FEED = 3, BODY_MOST = 4 * 1024 * 1024 };

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

static struct reader *open_reader(struct scratch *scratch)
{
    struct reader *reader;
    struct err err = {0};

    if (reader_open(&reader, scratch->store, &err))
        fail_msg("%s", err.text);
    return reader;
}

/* Slots 0, 10, …, 90, then a run 100 … 190, then 200; other feeds on both sides. */
static void fill(struct scratch *scratch)
{
    for (int i = 0; i < 10; i++)
        scratch_append(scratch, scratch_poll(FEED, NOON + i * (10 * SECOND), OUTCOME_FAILED));
    scratch_append(scratch, scratch_missed(FEED, NOON + 100 * SECOND, 10, 10 * SECOND));
    scratch_append(scratch, scratch_poll(FEED, NOON + 200 * SECOND, OUTCOME_FAILED));
    scratch_append(scratch, scratch_missed(FEED - 1, NOON - 500 * SECOND, 1000, SECOND));
    scratch_append(scratch, scratch_poll(FEED + 1, NOON, OUTCOME_FAILED));
    (void)scratch_settle(scratch);
}

static const struct {
    int seek;
    int next, previous; /* -1: none */
} seeks[] = {
    {-1000, 0, -1},  {0, 0, -1},      {1, 10, 0},     {10, 10, 0},      {90, 90, 80},
    {91, 100, 90},   {100, 100, 90},  {101, 100, 90}, {150, 100, 90},   {190, 100, 90},
    {191, 200, 100}, {200, 200, 100}, {201, -1, 200}, {99999, -1, 200},
};

static int seconds_of(int found, const struct poll_record *poll)
{
    assert_true(found >= 0);
    return found ? (int)((poll->slot_at - NOON) / SECOND) : -1;
}

static void seek_stands_before_the_poll_that_reaches_the_slot(void **state)
{
    struct reader *reader = open_reader(*state);
    struct poll_record poll;
    struct err err;

    fill(*state);
    reader_rest(reader);
    for (size_t i = 0; i < sizeof seeks / sizeof seeks[0]; i++) {
        int64_t at = NOON + seeks[i].seek * SECOND;

        assert_int_equal(reader_seek(reader, FEED, at, &err), 0);
        assert_int_equal(seconds_of(reader_next(reader, &poll, &err), &poll), seeks[i].next);
        assert_int_equal(reader_seek(reader, FEED, at, &err), 0);
        assert_int_equal(seconds_of(reader_previous(reader, &poll, &err), &poll),
                         seeks[i].previous);
    }
    reader_close(reader);
}

static const struct {
    int64_t before_at;
    int previous, next;
} seeks_back[] = {
    {AT_NEVER, 200, -1},
    {NOON + 201 * SECOND, 200, -1},
    {NOON + 200 * SECOND, 100, 200},
    {NOON + 150 * SECOND, 100, 200},
    {NOON + 100 * SECOND, 90, 100},
    {NOON + SECOND, 0, 10},
    {NOON, -1, 0},
    {AT_NONE, -1, 0},
};

static void seek_back_stands_behind_the_last_poll_before_the_slot(void **state)
{
    struct reader *reader = open_reader(*state);
    struct poll_record poll;
    struct err err;

    fill(*state);
    reader_rest(reader);
    for (size_t i = 0; i < sizeof seeks_back / sizeof seeks_back[0]; i++) {
        int64_t at = seeks_back[i].before_at;

        assert_int_equal(reader_seek_back(reader, FEED, at, &err), 0);
        assert_int_equal(seconds_of(reader_previous(reader, &poll, &err), &poll),
                         seeks_back[i].previous);
        assert_int_equal(reader_seek_back(reader, FEED, at, &err), 0);
        assert_int_equal(seconds_of(reader_next(reader, &poll, &err), &poll), seeks_back[i].next);
    }
    reader_close(reader);
}

static void steps_back_and_forth_pass_the_same_polls(void **state)
{
    struct reader *reader = open_reader(*state);
    struct poll_record poll;
    struct err err;
    int steps;

    fill(*state);
    for (int is_resting = 0; is_resting < 2; is_resting++) {
        assert_int_equal(reader_seek(reader, FEED, AT_NONE, &err), 0);
        for (steps = 0; reader_next(reader, &poll, &err) > 0; steps++) {
            int64_t slot_at = poll.slot_at;

            if (is_resting)
                reader_rest(reader);
            assert_int_equal(reader_previous(reader, &poll, &err), 1);
            assert_int_equal(poll.slot_at, slot_at);
            assert_int_equal(reader_next(reader, &poll, &err), 1);
            assert_int_equal(poll.slot_at, slot_at);
        }
        assert_int_equal(steps, 12);
        assert_int_equal(reader_next(reader, &poll, &err), 0);
        while (reader_previous(reader, &poll, &err) > 0)
            steps--;
        assert_int_equal(steps, 0);
        assert_int_equal(reader_next(reader, &poll, &err), 1);
        assert_int_equal(poll.slot_at, NOON);
    }
    reader_close(reader);
}

static void a_reader_renews_its_transaction_and_loses_nothing(void **state)
{
    enum { POLLS = 5 * READER_STEPS };
    struct scratch *scratch = *state;
    struct reader *reader = open_reader(scratch);
    struct poll_record poll;
    struct err err;
    int count = 0;

    for (int i = 0; i < POLLS; i++)
        scratch_append(scratch, scratch_poll(FEED, NOON + i * SECOND, OUTCOME_FAILED));
    (void)scratch_settle(scratch);
    reader_rest(reader);
    assert_int_equal(reader_seek(reader, FEED, AT_NONE, &err), 0);
    while (reader_next(reader, &poll, &err) > 0) {
        assert_int_equal(poll.slot_at, NOON + count * SECOND);
        if (++count == 1) /* beside the reader, at its end: seen after a renewal */
            assert_true(
                scratch_put(scratch, scratch_poll(FEED, NOON + POLLS * SECOND, OUTCOME_FAILED)));
    }
    assert_int_equal(count, POLLS + 1);
    reader_close(reader);
}

static void the_texts_of_a_poll_outlive_rest_and_body(void **state)
{
    struct scratch *scratch = *state;
    struct reader *reader = open_reader(scratch);
    struct poll_record poll;
    struct buf body;
    struct err err;

    assert_true(scratch_put(scratch, scratch_new(FEED, NOON, "{}", 2)));
    reader_rest(reader);
    assert_int_equal(reader_seek(reader, FEED, NOON, &err), 0);
    assert_int_equal(reader_next(reader, &poll, &err), 1);
    reader_rest(reader);
    for (int i = 1; i < 200; i++)
        assert_true(scratch_put(scratch, scratch_poll(FEED, NOON + i, OUTCOME_FAILED)));
    buf_init(&body, 2);
    assert_int_equal(reader_body(reader, FEED, poll.body_slot_at, &body, &err), 0);
    assert_memory_equal(body.bytes, "{}", 2);
    assert_int_equal(poll.etag.length, 4);
    assert_memory_equal(poll.etag.bytes, "\"v1\"", 4);
    buf_release(&body);
    reader_close(reader);
}

static void a_body_that_is_not_there_is_absent(void **state)
{
    struct scratch *scratch = *state;
    struct reader *reader = open_reader(scratch);
    struct buf body;
    struct err err;

    assert_true(scratch_put(scratch, scratch_new(FEED, NOON, "{}", 2)));
    assert_true(scratch_put(scratch, scratch_new(FEED + 1, NOON, "[]", 2)));
    reader_rest(reader);
    buf_init(&body, BODY_MOST);
    static const struct {
        uint32_t feed_id;
        int64_t slot_at;
    } absent[] = {{FEED, NOON - 1}, {FEED, NOON + 1}, {FEED - 1, NOON}, {FEED + 2, NOON}};

    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        assert_int_equal(reader_body(reader, absent[i].feed_id, absent[i].slot_at, &body, &err),
                         -1);
        assert_int_equal(err.kind, ERR_ABSENT);
        assert_int_equal(reader_has_body(reader, absent[i].feed_id, absent[i].slot_at, &err), 0);
    }
    assert_int_equal(reader_has_body(reader, FEED, NOON, &err), 1);
    buf_release(&body);
    reader_close(reader);
}

/* Puts a block straight into the table, as a later release will seal them. */
static void put_block(struct scratch *scratch, const struct pack_entry *entries, size_t count,
                      const char *raw, size_t length)
{
    struct packer *packer = packer_new();
    struct buf block;
    struct err err = {0};
    MDB_txn *txn;

    assert_non_null(packer);
    buf_init(&block, 64 << 20);
    assert_int_equal(packer_pack(packer, entries, count, raw, length, &block, &err), 0);
    assert_int_equal(mdb_txn_begin(scratch->store->env, NULL, 0, &txn), 0);
    for (size_t at = 0; at < block.length; at += PACK_PART_BYTES) {
        size_t left = block.length - at;
        uint8_t bytes[KEY_BODY_BYTES];
        MDB_val key = {sizeof bytes, bytes};
        MDB_val value = {left < PACK_PART_BYTES ? left : PACK_PART_BYTES, block.bytes + at};

        key_of_body(FEED, entries[count - 1].slot_at, (uint16_t)(at / PACK_PART_BYTES), bytes);
        assert_int_equal(
            table_put(scratch->store, txn, TABLE_BODIES, &key, &value, MDB_NOOVERWRITE), 0);
    }
    assert_int_equal(mdb_txn_commit(txn), 0);
    buf_release(&block);
    packer_free(packer);
}

static void blocks_of_many_bodies_and_parts_give_each_body(void **state)
{
    enum { COUNT = 12, LENGTH = 100 * 1024 };
    struct scratch *scratch = *state;
    char *raw = malloc((size_t)COUNT * LENGTH);
    struct pack_entry entries[COUNT];
    struct reader *reader;
    struct buf body;
    struct err err = {0};

    assert_non_null(raw);
    scratch_noise(raw, (size_t)COUNT * LENGTH, 5);
    for (int i = 0; i < COUNT; i++)
        entries[i] = (struct pack_entry){NOON + i * SECOND, LENGTH,
                                         hash_of(raw + (size_t)i * LENGTH, LENGTH)};
    put_block(scratch, entries, COUNT, raw, (size_t)COUNT * LENGTH);
    entries[0] = (struct pack_entry){NOON + 60 * SECOND, 5, hash_of("after", 5)};
    put_block(scratch, entries, 1, "after", 5);

    reader = open_reader(scratch);
    buf_init(&body, LENGTH); /* a buf for one body will do, also for a block of many */
    for (int i = 0; i < COUNT; i++) {
        if (reader_body(reader, FEED, NOON + i * SECOND, &body, &err))
            fail_msg("%s", err.text);
        assert_int_equal(body.length, LENGTH);
        assert_memory_equal(body.bytes, raw + (size_t)i * LENGTH, LENGTH);
        assert_int_equal(reader_has_body(reader, FEED, NOON + i * SECOND, &err), 1);
    }
    assert_int_equal(reader_has_body(reader, FEED, NOON + 1, &err), 0);
    assert_int_equal(reader_body(reader, FEED, NOON + 60 * SECOND, &body, &err), 0);
    assert_memory_equal(body.bytes, "after", 5);
    buf_release(&body);
    reader_close(reader);
    free(raw);
}

static void a_missing_part_is_damage(void **state)
{
    enum { LENGTH = 900 * 1024 };
    struct scratch *scratch = *state;
    char *raw = malloc(LENGTH);
    struct reader *reader;
    struct buf body;
    struct err err = {0};

    assert_non_null(raw);
    scratch_noise(raw, LENGTH, 6);
    assert_true(scratch_put(scratch, scratch_new(FEED, NOON, raw, LENGTH)));
    buf_init(&body, LENGTH);
    for (int part = 3; part >= 0; part--) {
        uint8_t bytes[KEY_BODY_BYTES];
        MDB_val key = {sizeof bytes, bytes};
        MDB_txn *txn;

        key_of_body(FEED, NOON, (uint16_t)part, bytes);
        assert_int_equal(mdb_txn_begin(scratch->store->env, NULL, 0, &txn), 0);
        assert_int_equal(mdb_del(txn, scratch->store->tables[TABLE_BODIES], &key, NULL), 0);
        assert_int_equal(mdb_txn_commit(txn), 0);
        reader = open_reader(scratch);
        assert_int_equal(reader_body(reader, FEED, NOON, &body, &err), -1);
        assert_int_equal(err.kind, part ? ERR_DAMAGED : ERR_ABSENT);
        reader_close(reader);
    }
    buf_release(&body);
    free(raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(seek_stands_before_the_poll_that_reaches_the_slot, start,
                                        end),
        cmocka_unit_test_setup_teardown(seek_back_stands_behind_the_last_poll_before_the_slot,
                                        start, end),
        cmocka_unit_test_setup_teardown(steps_back_and_forth_pass_the_same_polls, start, end),
        cmocka_unit_test_setup_teardown(a_reader_renews_its_transaction_and_loses_nothing, start,
                                        end),
        cmocka_unit_test_setup_teardown(the_texts_of_a_poll_outlive_rest_and_body, start, end),
        cmocka_unit_test_setup_teardown(a_body_that_is_not_there_is_absent, start, end),
        cmocka_unit_test_setup_teardown(blocks_of_many_bodies_and_parts_give_each_body, start, end),
        cmocka_unit_test_setup_teardown(a_missing_part_is_damage, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
