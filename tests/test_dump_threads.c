/* A dump by several threads is the one that a single thread gives: every byte, every count, every
 * error, in whatever order bodies are decoded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "dump_stage.h"
#include "export/crew.h"
#include "feeds/feed.h"
#include "storage/key.h"
#include "storage/prune.h"
#include "storage/tables.h"

enum { POLLS = 120 };

/* What a dump gave; of what was written the hash of all. */
struct given {
    struct sink sink;
    struct sink_set files;
    size_t length, room; /* a sink with no more room is a pipe that was closed */
    uint64_t hash;
    struct dump_counts counts, told;
    uint64_t progressed;
    int result;
    struct err err;
};

static int on_write(void *cookie, const char *bytes, size_t length, struct err *err)
{
    struct given *given = cookie;

    if (length > given->room)
        return err_set(err, ERR_IO, "no room after %zu bytes", given->length);
    given->room -= length;
    given->length += length;
    given->hash = hash64(bytes, length, given->hash);
    return 0;
}

static int on_turn(void *cookie, const char *name, bool *is_new, struct err *err)
{
    *is_new = true;
    return on_write(cookie, name, strlen(name), err);
}

static int on_stamp(void *cookie, int64_t at, struct err *err)
{
    return on_write(cookie, (const char *)&at, sizeof at, err);
}

static void on_feed(void *cookie, const char *feed, const struct dump_counts *counts)
{
    struct given *given = cookie;

    given->told = *counts;
    given->hash = hash64(feed, strlen(feed), given->hash);
}

static void on_progress(void *cookie, double share, uint64_t bytes)
{
    struct given *given = cookie;

    given->progressed = hash64(&share, sizeof share, given->progressed + bytes);
}

static void give(struct scratch *scratch, const struct dump_options *asked, unsigned threads,
                 size_t room, struct given *given)
{
    const struct dump_watcher watcher = {
        .on_feed = on_feed, .on_progress = on_progress, .cookie = given};
    struct dump_options options = *asked;

    *given = (struct given){.room = room};
    given->sink = (struct sink){on_write, given};
    given->files = (struct sink_set){
        .sink = given->sink, .turn_to = on_turn, .stamp = on_stamp, .cookie = given};
    options.threads = threads;
    options.watcher = &watcher;
    if (options.split != SPLIT_NONE || options.format == DUMP_RAW)
        options.files = &given->files;
    given->result = dump_run(scratch->store, &options, &given->sink, &given->counts, &given->err);
}

/* Returns what one thread gives, which the others must, too. */
static struct given expect_alike(struct scratch *scratch, const struct dump_options *options,
                                 size_t room)
{
    struct given one, more;

    give(scratch, options, 1, room, &one);
    for (unsigned threads = 2; threads <= CREW_THREADS_MAX; threads *= 2) {
        give(scratch, options, threads, room, &more);
        assert_int_equal(more.result, one.result);
        assert_int_equal(more.err.kind, one.err.kind);
        assert_string_equal(more.err.text, one.err.text);
        assert_int_equal(more.length, one.length);
        assert_true(more.hash == one.hash);
        assert_true(more.progressed == one.progressed);
        assert_memory_equal(&more.counts, &one.counts, sizeof one.counts);
        assert_memory_equal(&more.told, &one.told, sizeof one.told);
    }
    return one;
}

static void put_shape(struct scratch *scratch, uint32_t id, enum feed_format format)
{
    struct record *record = record_new(RECORD_SHAPE, id);

    assert_non_null(record);
    record->url_epoch = 1;
    record->format = (uint8_t)format;
    record->text = format == FORMAT_JSON ? strdup("$.v") : NULL;
    put(scratch, record);
}

/* Answers of every kind, and a new column now and then. */
static void make_body(struct buf *body, int number)
{
    buf_reset(body);
    if (number % 17 == 9) {
        buf_printf(body, "{\"v\":[{\"n\":%d},{\"broken\":", number);
        return;
    }
    if (number % 19 == 7) {
        buf_printf(body, "{\"empty\":%d}", number);
        return;
    }
    buf_append_text(body, "{\"v\":[");
    for (int row = 0; row < 20 + number; row++)
        buf_printf(body, "%s{\"n\":%d,\"at\":{\"lat\":%d.50,\"note\":\"a,b\"},\"n\":%d}",
                   row ? "," : "", row, number, row + 1);
    if (number % 11 == 4)
        buf_printf(body, ",{\"column %d\":\"\xC3\xA9\xFF\"}", number);
    buf_append_text(body, "]}");
}

static void fill(struct scratch *scratch)
{
    struct buf body;

    buf_init(&body, 1 << 24);
    put_feed(scratch, 1, "bus", DEFINITION);
    put_shape(scratch, 1, FORMAT_JSON);
    for (int i = 0; i < POLLS; i++) {
        int64_t slot_at = NOON + i * MINUTE;

        if (i % 5 == 3) {
            scratch_append(scratch,
                           scratch_same(1, slot_at, slot_at - MINUTE, body.bytes, body.length));
            continue;
        }
        make_body(&body, i);
        scratch_append(scratch, scratch_new(1, slot_at, body.bytes, body.length));
    }
    (void)scratch_settle(scratch);
    put_feed(scratch, 2, "note", DEFINITION);
    put_shape(scratch, 2, FORMAT_TEXT);
    for (int i = 0; i < 10; i++)
        put_body(scratch, 2, i * MINUTE, i % 2 ? "words" : "more words");
    buf_release(&body);
}

static void every_form_of_a_dump_is_the_same_by_many_threads(void **state)
{
    static const struct dump_options cases[] = {
        {.format = DUMP_CSV},
        {.format = DUMP_TSV, .is_spreadsheet_safe = true},
        {.format = DUMP_NDJSON},
        {.format = DUMP_RAW},
        {.with = "slot,etag,flags,content_type"},
        {.last = 7},
        {.is_changes_only = true, .time_format = TIME_UNIX_MS},
        {.columns = "[\"n\",\"never\"]"},
        {.columns = "{\"n\":\"@.n\",\"first\":\"$.v[0].n\"}"},
        {.rows = "$"},
        {.split = SPLIT_FEED},
        {.split = SPLIT_HOUR},
    };
    static const char *const bus = "bus";
    struct scratch *scratch = *state;

    fill(scratch);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dump_options options = cases[i];
        struct given given;

        options.range = everything().range;
        options.range.globs = &bus;
        options.range.glob_count = options.rows || options.columns; /* text has no paths */
        given = expect_alike(scratch, &options, SIZE_MAX);
        assert_int_equal(given.result, 0);
        assert_true(given.length > 0);
    }
}

static void an_error_comes_after_what_was_before_it(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();
    struct given whole, part;

    fill(scratch);
    whole = expect_alike(scratch, &options, SIZE_MAX);
    assert_int_equal(whole.result, 0);
    /* The pipe is closed before the end. */
    part = expect_alike(scratch, &options, whole.length - 1);
    assert_int_equal(part.err.kind, ERR_IO);
    assert_true(part.length > 0);
    options.time_format = TIME_STRFTIME;
    options.strftime_format = "%%";
    (void)expect_alike(scratch, &options, SIZE_MAX);
    options.strftime_format = "";
    assert_int_equal(expect_alike(scratch, &options, SIZE_MAX).err.kind, ERR_USAGE);
}

/* Turns a bit of the body's value around. */
static void damage_body(struct store *store, uint32_t feed_id, int64_t slot_at)
{
    uint8_t bytes[KEY_BODY_BYTES];
    MDB_val key = {sizeof bytes, bytes}, value;
    MDB_txn *txn;
    char *copy;

    key_of_body(feed_id, slot_at, 0, bytes);
    assert_int_equal(mdb_txn_begin(store->env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_get(txn, store->tables[TABLE_BODIES], &key, &value), 0);
    copy = malloc(value.mv_size);
    assert_non_null(copy);
    memcpy(copy, value.mv_data, value.mv_size);
    copy[value.mv_size / 2] ^= 1;
    value.mv_data = copy;
    assert_int_equal(mdb_put(txn, store->tables[TABLE_BODIES], &key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    free(copy);
}

static void a_damaged_body_ends_a_dump_where_it_stands(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();
    struct given given;

    fill(scratch);
    damage_body(scratch->store, 1, NOON + 100 * MINUTE);
    /* With the columns given it is not met before rows are written. */
    options.columns = "[\"n\",\"at.lat\",\"at.note\",\"a\",\"b\",\"c\",\"d\"]";
    given = expect_alike(scratch, &options, SIZE_MAX);
    assert_int_equal(given.err.kind, ERR_DAMAGED);
    assert_non_null(strstr(given.err.text, "13:40:00"));
    options.columns = NULL;
    assert_int_equal(expect_alike(scratch, &options, SIZE_MAX).err.kind, ERR_DAMAGED);
}

static void put_rows(struct scratch *scratch, int minute, int rows, const char *row)
{
    struct buf body;

    buf_init(&body, 1 << 24);
    buf_append_text(&body, "{\"v\":[");
    for (int i = 0; i < rows; i++)
        buf_printf(&body, "%s%s", i ? "," : "", row);
    buf_append_text(&body, "]}");
    scratch_append(scratch, scratch_new(1, NOON + minute * MINUTE, body.bytes, body.length));
    (void)scratch_settle(scratch);
    buf_release(&body);
}

/* Rows are long where there are many columns, even if they have few cells. */
static void bodies_too_large_to_decode_ahead_come_in_order(void **state)
{
    enum { SMALL = 50, LONG = 30000, STREAMED = 110000, LARGE = 14000, COLUMNS = 40 };
    static const char row[] =
        "{\"c0\":\"a row that fills a body so that it is not decoded ahead of its turn\"}";
    struct scratch *scratch = *state;
    struct dump_options options = everything();
    struct given given;
    struct buf wide;

    buf_init(&wide, 4096);
    for (int i = 0; i < COLUMNS; i++)
        buf_printf(&wide, "%s\"c%d\":%d", i ? "," : "{", i, i);
    buf_append_text(&wide, "}");
    put_feed(scratch, 1, "bus", DEFINITION);
    put_shape(scratch, 1, FORMAT_JSON);
    for (int minute = 0; minute < 20; minute += 10) {
        put_rows(scratch, minute, SMALL, buf_text(&wide));
        put_rows(scratch, minute + 1, LONG, "{\"c1\":1}");
        put_rows(scratch, minute + 2, SMALL, buf_text(&wide));
        put_rows(scratch, minute + 3, LARGE, row);
        put_rows(scratch, minute + 4, minute ? SMALL : STREAMED, "{\"c\":1}");
        put_rows(scratch, minute + 5, SMALL, buf_text(&wide));
    }
    buf_release(&wide);
    given = expect_alike(scratch, &options, SIZE_MAX);
    assert_int_equal(given.result, 0);
    assert_int_equal(given.counts.rows, 7 * SMALL + 2 * (LONG + LARGE) + STREAMED);
}

struct forgetting {
    struct scratch *scratch;
    uint32_t feed_id;
    bool is_done;
};

/* Polls that were read ahead lose their bodies. */
static void on_progress_forget(void *cookie, double share, uint64_t bytes)
{
    struct forgetting *forgetting = cookie;
    struct pruned pruned = {.is_done = forgetting->is_done};
    struct err err = {0};

    (void)share;
    (void)bytes;
    forgetting->is_done = true;
    while (!pruned.is_done)
        if (prune_step(forgetting->scratch->store, forgetting->feed_id, NOON + 100 * MINUTE,
                       &pruned, &err))
            fail_msg("%s", err.text);
}

static void what_is_forgotten_meanwhile_is_passed_over(void **state)
{
    struct forgetting forgetting = {.scratch = *state};
    const struct dump_watcher watcher = {.on_progress = on_progress_forget, .cookie = &forgetting};
    struct dump_options options = everything();

    options.watcher = &watcher;
    for (uint32_t i = 0; i < 4; i++) {
        char name[8], body[32];
        const char *const globs[] = {name};
        struct dump_counts counts = {0};
        struct text_sink text;
        struct err err = {0};

        snprintf(name, sizeof name, "bus%u", i);
        put_feed(forgetting.scratch, i + 1, name, DEFINITION);
        for (int minute = 0; minute < POLLS; minute++) {
            snprintf(body, sizeof body, "[{\"a\":%d}]", minute);
            put_body(forgetting.scratch, i + 1, minute * MINUTE, body);
        }
        forgetting.feed_id = i + 1;
        forgetting.is_done = false;
        options.range.globs = globs;
        options.range.glob_count = 1;
        options.threads = 1 + i / 2;
        options.columns = i % 2 ? "[\"a\"]" : NULL;
        text_sink_init(&text);
        if (dump_run(forgetting.scratch->store, &options, &text.sink, &counts, &err))
            fail_msg("%s", err.text);
        assert_in_range(counts.rows, POLLS - 100, POLLS - 1);
        assert_int_equal(counts.rows, counts.polls);
        assert_non_null(strstr(text_sink_text(&text), ",100\n"));
        assert_non_null(strstr(text_sink_text(&text), ",119\n"));
        text_sink_release(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STORE(every_form_of_a_dump_is_the_same_by_many_threads),
        ON_STORE(an_error_comes_after_what_was_before_it),
        ON_STORE(a_damaged_body_ends_a_dump_where_it_stands),
        ON_STORE(what_is_forgotten_meanwhile_is_passed_over),
        ON_STORE(bodies_too_large_to_decode_ahead_come_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
