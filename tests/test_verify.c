#include <lmdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch_store.h"
#include "storage/key.h"
#include "storage/poll_put.h"
#include "storage/tables.h"
#include "storage/verify.h"

enum { FEED = 3, HEARD_MAX = 8192 };

struct heard {
    char text[HEARD_MAX];
    size_t length;
};

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

static void on_fault(void *cookie, const char *text)
{
    struct heard *heard = cookie;

    if (heard->length < HEARD_MAX)
        heard->length +=
            (size_t)snprintf(heard->text + heard->length, HEARD_MAX - heard->length, "%s\n", text);
}

static int64_t at(int second)
{
    return NOON + second * SECOND;
}

/* A new body, a same, a body of four parts, a run, a failed one; a definition; two feeds. */
static void fill(struct scratch *scratch)
{
    static char noise[900 * 1024];

    scratch_noise(noise, sizeof noise, 1);
    scratch_append(scratch, scratch_feed(FEED, "buses"));
    scratch_append(scratch, scratch_definition(FEED, 1, "{}"));
    scratch_append(scratch, scratch_new(FEED, at(0), "{}", 2));
    scratch_append(scratch, scratch_same(FEED, at(10), at(0), "{}", 2));
    scratch_append(scratch, scratch_new(FEED, at(20), noise, sizeof noise));
    scratch_append(scratch, scratch_missed(FEED, at(30), 10, 10 * SECOND));
    scratch_append(scratch, scratch_poll(FEED, at(130), OUTCOME_FAILED));
    scratch_append(scratch, scratch_feed(FEED + 1, "trams"));
    scratch_append(scratch, scratch_definition(FEED + 1, 1, "{}"));
    scratch_append(scratch, scratch_new(FEED + 1, at(0), "{}", 2));
    (void)scratch_settle(scratch);
}

static void check(const char *dir, struct heard *heard, struct verify_counts *counts)
{
    struct err err = {0};

    memset(heard, 0, sizeof *heard);
    if (verify_run_child(dir, on_fault, heard, counts, &err))
        fail_msg("%s", err.text);
}

static void a_sound_store_is_counted_and_has_no_fault(void **state)
{
    struct scratch *scratch = *state;
    struct verify_counts counts, own;
    struct heard heard;
    struct err err;

    fill(scratch);
    scratch_close(scratch);
    check(scratch->dir, &heard, &counts);
    assert_string_equal(heard.text, "");
    assert_int_equal(counts.faults, 0);
    assert_int_equal(counts.polls, 15);
    assert_int_equal(counts.bodies, 3);
    assert_int_equal(counts.raw_bytes, 900 * 1024 + 4);
    /* meta 2, feeds 2, names 2, definitions 2, polls 6, bodies 2 and four parts */
    assert_int_equal(counts.values, 20);
    assert_int_equal(verify_store(scratch->dir, on_fault, &heard, &own, &err), 0);
    assert_memory_equal(&own, &counts, sizeof own);
    scratch_reopen(scratch);
}

static void no_store_is_an_error_and_no_fault(void **state)
{
    struct verify_counts counts;
    struct heard heard = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(verify_run_child("/nowhere/at/all", on_fault, &heard, &counts, &err), -1);
    assert_int_equal(err.kind, ERR_ABSENT);
    assert_int_equal(counts.faults, 0);
    assert_string_equal(heard.text, "");
}

/* A wound is done to the tables behind the back of storage. */
struct wound {
    struct store *store;
    MDB_txn *txn;
};

static void remove_value(const struct wound *wound, enum table table, const void *key,
                         size_t length)
{
    MDB_val sought = {length, (void *)key};

    assert_int_equal(mdb_del(wound->txn, wound->store->tables[table], &sought, NULL), 0);
}

static void lose_poll(const struct wound *wound)
{
    uint8_t key[KEY_POLL_BYTES];

    key_of_poll(FEED + 1, at(0), key);
    remove_value(wound, TABLE_POLLS, key, sizeof key);
}

static void lose_body(const struct wound *wound)
{
    uint8_t key[KEY_BODY_BYTES];

    key_of_body(FEED, at(0), 0, key);
    remove_value(wound, TABLE_BODIES, key, sizeof key);
}

static void lose_part(const struct wound *wound)
{
    uint8_t key[KEY_BODY_BYTES];

    key_of_body(FEED, at(20), 2, key);
    remove_value(wound, TABLE_BODIES, key, sizeof key);
}

static void lose_head(const struct wound *wound)
{
    uint8_t key[KEY_BODY_BYTES];

    key_of_body(FEED, at(20), 0, key);
    remove_value(wound, TABLE_BODIES, key, sizeof key);
}

static void lose_definition(const struct wound *wound)
{
    uint8_t key[KEY_NUMBER_BYTES];

    key_of_number(FEED, 1, key);
    remove_value(wound, TABLE_DEFINITIONS, key, sizeof key);
}

static void lose_feed(const struct wound *wound)
{
    uint8_t key[KEY_FEED_BYTES];

    key_of_feed(FEED + 1, key);
    remove_value(wound, TABLE_FEEDS, key, sizeof key);
}

static void lose_name(const struct wound *wound)
{
    remove_value(wound, TABLE_NAMES, "buses", 5);
}

static void swap_names(const struct wound *wound)
{
    uint8_t id[KEY_FEED_BYTES];
    MDB_val key = {5, "buses"}, value = {sizeof id, id};

    key_of_feed(FEED + 1, id);
    assert_int_equal(table_put(wound->store, wound->txn, TABLE_NAMES, &key, &value, 0), 0);
}

static void flip_bit(const struct wound *wound)
{
    uint8_t bytes[KEY_POLL_BYTES], copy[512];
    MDB_val key = {sizeof bytes, bytes}, value;

    key_of_poll(FEED, at(130), bytes);
    assert_int_equal(mdb_get(wound->txn, wound->store->tables[TABLE_POLLS], &key, &value), 0);
    memcpy(copy, value.mv_data, value.mv_size);
    copy[5] ^= 1;
    value.mv_data = copy;
    assert_int_equal(mdb_put(wound->txn, wound->store->tables[TABLE_POLLS], &key, &value, 0), 0);
}

static void move_value(const struct wound *wound)
{
    uint8_t bytes[KEY_POLL_BYTES], copy[512];
    MDB_val key = {sizeof bytes, bytes}, value;

    key_of_poll(FEED, at(130), bytes);
    assert_int_equal(mdb_get(wound->txn, wound->store->tables[TABLE_POLLS], &key, &value), 0);
    memcpy(copy, value.mv_data, value.mv_size);
    value.mv_data = copy;
    key_of_poll(FEED, at(140), bytes);
    assert_int_equal(mdb_put(wound->txn, wound->store->tables[TABLE_POLLS], &key, &value, 0), 0);
}

static void put_poll(const struct wound *wound, const struct poll_record *poll, uint32_t feed_id)
{
    uint8_t bytes[KEY_POLL_BYTES];
    MDB_val key = {sizeof bytes, bytes}, value;
    struct buf encoded;

    buf_init(&encoded, 4096);
    assert_int_equal(poll_record_encode(poll, &encoded), 0);
    key_of_poll(feed_id, poll->slot_at, bytes);
    value = (MDB_val){encoded.length, encoded.bytes};
    assert_int_equal(table_put(wound->store, wound->txn, TABLE_POLLS, &key, &value, 0), 0);
    buf_release(&encoded);
}

static void overlap(const struct wound *wound)
{
    struct poll_record poll;

    poll_record_init(&poll);
    poll.slot_at = at(40);
    poll.outcome = OUTCOME_MISSED;
    poll.definition = 1;
    put_poll(wound, &poll, FEED);
}

static void point_at_other_body(const struct wound *wound)
{
    struct poll_record poll;

    poll_record_init(&poll);
    poll.slot_at = at(10);
    poll.outcome = OUTCOME_SAME;
    poll.definition = 1;
    poll.body_slot_at = at(0);
    poll.has_hash = true;
    put_poll(wound, &poll, FEED);
}

static void poll_of_no_feed(const struct wound *wound)
{
    struct poll_record poll;

    poll_record_init(&poll);
    poll.slot_at = at(10);
    poll.outcome = OUTCOME_MISSED;
    put_poll(wound, &poll, 77);
}

static void future_definition(const struct wound *wound)
{
    struct poll_record poll;

    poll_record_init(&poll);
    poll.slot_at = at(500);
    poll.outcome = OUTCOME_MISSED;
    poll.definition = 9;
    put_poll(wound, &poll, FEED);
}

static const struct {
    void (*wound)(const struct wound *wound);
    const char *fault; /* one of the faults has these words */
} wounds[] = {
    {lose_poll, "bodies, feed 4, slot 2026-11-23T12:00:00.000000Z: no poll points at it"},
    {lose_body, "polls, feed 3, slot 2026-11-23T12:00:00.000000Z: its body is missing"},
    {lose_body, "polls, feed 3, slot 2026-11-23T12:00:10.000000Z: its body is missing"},
    {lose_part, "bodies, feed 3, slot 2026-11-23T12:00:20.000000Z: part 2 is missing"},
    {lose_head, "slot 2026-11-23T12:00:20.000000Z, part 1: a part without its block"},
    {lose_definition,
     "polls, feed 3, slot 2026-11-23T12:00:10.000000Z: its definition 1 is missing"},
    {lose_definition, "feeds, feed 3: its definition 1 is missing"},
    {lose_feed, "names, key \"trams\": feed 4 is missing"},
    {lose_feed, "polls, feed 4, slot 2026-11-23T12:00:00.000000Z: there is no such feed"},
    {lose_feed, "definitions, feed 4, number 1: there is no such feed"},
    {lose_name, "feeds, feed 3: its name \"buses\" is missing in names"},
    {swap_names, "names, key \"buses\": feed 4 has the name \"trams\""},
    {flip_bit, "polls, feed 3, slot 2026-11-23T12:02:10.000000Z: the checksum does not fit"},
    {move_value, "polls, feed 3, slot 2026-11-23T12:02:20.000000Z: the checksum does not fit"},
    {overlap, "slot 2026-11-23T12:00:40.000000Z: the run before it reaches over it"},
    {point_at_other_body, "slot 2026-11-23T12:00:10.000000Z: its body has another hash"},
    {poll_of_no_feed, "polls, feed 77, slot 2026-11-23T12:00:10.000000Z: there is no such feed"},
    {future_definition, "slot 2026-11-23T12:08:20.000000Z: its definition 9 is missing"},
};

static void each_wound_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wounds / sizeof wounds[0]; i++) {
        struct scratch scratch;
        struct verify_counts counts;
        struct heard heard;
        struct wound wound;

        scratch_start(&scratch);
        fill(&scratch);
        wound.store = scratch.store;
        assert_int_equal(mdb_txn_begin(scratch.store->env, NULL, 0, &wound.txn), 0);
        wounds[i].wound(&wound);
        assert_int_equal(mdb_txn_commit(wound.txn), 0);
        scratch_close(&scratch);
        check(scratch.dir, &heard, &counts);
        if (!strstr(heard.text, wounds[i].fault) || counts.faults == 0)
            fail_msg("%s: %s", wounds[i].fault, heard.text);
        scratch_remove(scratch.dir);
    }
}

static void truncate_data(const char *dir, off_t length)
{
    char path[SCRATCH_DIR_MAX + 16];

    (void)snprintf(path, sizeof path, "%s/data.mdb", dir);
    assert_int_equal(truncate(path, length), 0);
}

struct cutter {
    const char *dir;
    bool is_cut;
    struct heard heard;
};

static void on_fault_cut(void *cookie, const char *text)
{
    struct cutter *cutter = cookie;

    if (!cutter->is_cut)
        truncate_data(cutter->dir, 8192);
    cutter->is_cut = true;
    if (strstr(text, "signal"))
        on_fault(&cutter->heard, text);
}

/* So many faults in the first tables that the pipe is full and the child waits for its parent, who
 * takes the rest of the file away meanwhile. */
static void pages_that_are_not_there_end_the_child_and_are_a_fault(void **state)
{
    enum { FAULTS = 3000 };
    struct scratch *scratch = *state;
    struct cutter cutter = {.dir = scratch->dir};
    struct verify_counts counts;
    struct err err = {0};
    struct record *record;

    fill(scratch);
    for (int i = 0; i < FAULTS; i++) {
        record = record_new(RECORD_SHAPE, 99);
        record->url_epoch = (uint32_t)i;
        scratch_append(scratch, record);
    }
    (void)scratch_settle(scratch);
    scratch_close(scratch);
    if (verify_run_child(scratch->dir, on_fault_cut, &cutter, &counts, &err))
        fail_msg("%s", err.text);
    assert_string_equal(cutter.heard.text, "the store's pages cannot be read (signal 7)\n");
    assert_in_range(counts.faults, 2, FAULTS + 1);
    scratch_remove(scratch->dir);
    scratch_start(scratch);
}

static void a_truncated_store_is_a_fault(void **state)
{
    struct scratch *scratch = *state;
    struct verify_counts counts;
    struct heard heard;

    fill(scratch);
    scratch_close(scratch);
    truncate_data(scratch->dir, 100000);
    check(scratch->dir, &heard, &counts);
    assert_non_null(strstr(heard.text, "data.mdb has 100000 bytes and should have"));
    assert_null(strstr(heard.text, "run pollard verify"));
    assert_int_equal(counts.faults, 1);
    scratch_remove(scratch->dir);
    scratch_start(scratch);
}

/* The writer is another process, as in life. */
static void a_store_that_is_being_written_is_sound(void **state)
{
    struct scratch *scratch = *state;
    struct verify_counts counts = {0};
    struct heard heard;
    pid_t child;
    int status;

    scratch_close(scratch);
    child = fork();
    if (child == 0) {
        char body[2000];

        scratch_reopen(scratch);
        (void)scratch_put(scratch, scratch_feed(FEED, "buses"));
        (void)scratch_put(scratch, scratch_definition(FEED, 1, "{}"));
        for (int i = 0; i < 1500; i++) {
            scratch_noise(body, sizeof body, (uint64_t)i);
            scratch_append(scratch, scratch_new(FEED, at(i), body, sizeof body));
            if (i % 4 == 0)
                (void)scratch_settle(scratch);
        }
        (void)scratch_settle(scratch);
        scratch_close(scratch);
        _exit(0);
    }
    while (waitpid(child, &status, WNOHANG) == 0) {
        check(scratch->dir, &heard, &counts);
        assert_string_equal(heard.text, "");
    }
    assert_int_equal(status, 0);
    check(scratch->dir, &heard, &counts);
    assert_string_equal(heard.text, "");
    assert_int_equal(counts.polls, 1500);
    scratch_reopen(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sound_store_is_counted_and_has_no_fault, start, end),
        cmocka_unit_test(no_store_is_an_error_and_no_fault),
        cmocka_unit_test(each_wound_is_named),
        cmocka_unit_test_setup_teardown(pages_that_are_not_there_end_the_child_and_are_a_fault,
                                        start, end),
        cmocka_unit_test_setup_teardown(a_truncated_store_is_a_fault, start, end),
        cmocka_unit_test_setup_teardown(a_store_that_is_being_written_is_sound, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
