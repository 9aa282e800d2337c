#include <lmdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch_store.h"
#include "storage/tables.h"

enum { FEED = 3, LISTING_MAX = 1024 };

struct listing {
    char text[LISTING_MAX];
    size_t length;
    unsigned stop_after;
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

static int list(struct listing *listing, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int list(struct listing *listing, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    listing->length += (size_t)vsnprintf(listing->text + listing->length,
                                         LISTING_MAX - listing->length, format, arguments);
    va_end(arguments);
    assert_true(listing->length < LISTING_MAX);
    return listing->stop_after && --listing->stop_after == 0;
}

static int on_feed(void *cookie, const struct stored_feed *feed)
{
    return list(cookie, "%u=%s ", feed->id, feed->name);
}

static int on_definition(void *cookie, const struct stored_definition *definition)
{
    return list(cookie, "%u/%u:%.*s ", definition->number, definition->url_epoch,
                (int)definition->json_length, definition->json);
}

static int on_run(void *cookie, const struct stored_run *run)
{
    return list(cookie, "%lld-%lld%s %s,", (long long)(run->started_at - NOON),
                (long long)(run->alive_at - NOON), run->ended_at == AT_NONE ? "…" : "",
                run->version);
}

static void feeds_come_in_order_of_name(void **state)
{
    static const char *const names[] = {"zebra", "a", "B", "a.b", "a-b", "x"};
    struct scratch *scratch = *state;
    struct listing listing = {0};
    struct err err;

    assert_int_equal(store_each_feed(scratch->store, on_feed, &listing, &err), 0);
    assert_string_equal(listing.text, "");
    for (uint32_t i = 0; i < 6; i++)
        assert_true(scratch_put(scratch, scratch_feed(100 - i, names[i])));
    assert_int_equal(store_each_feed(scratch->store, on_feed, &listing, &err), 0);
    assert_string_equal(listing.text, "98=B 99=a 96=a-b 97=a.b 95=x 100=zebra ");
    listing = (struct listing){.stop_after = 2};
    assert_int_equal(store_each_feed(scratch->store, on_feed, &listing, &err), 0);
    assert_string_equal(listing.text, "98=B 99=a ");
}

static int count_feed(void *cookie, const struct stored_feed *feed)
{
    unsigned *count = cookie;

    assert_int_equal(feed->id, *count);
    ++*count;
    return 0;
}

static void more_feeds_than_one_transaction_reads_come_too(void **state)
{
    struct scratch *scratch = *state;
    char name[32];
    struct err err;
    unsigned count = 0;

    for (uint32_t i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof name, "feed-%04u", i);
        scratch_append(scratch, scratch_feed(i, name));
    }
    (void)scratch_settle(scratch);
    assert_int_equal(store_each_feed(scratch->store, count_feed, &count, &err), 0);
    assert_int_equal(count, 1000);
}

static void definitions_of_one_feed_come_in_order_of_number(void **state)
{
    struct scratch *scratch = *state;
    struct listing listing = {0};
    struct err err;

    for (uint32_t id = FEED - 1; id <= FEED + 1; id++)
        assert_true(scratch_put(scratch, scratch_feed(id, (char[]){(char)('a' + id), 0})));
    assert_true(scratch_put(scratch, scratch_definition(FEED, 2, "{2}")));
    assert_true(scratch_put(scratch, scratch_definition(FEED, 1, "{1}")));
    assert_true(scratch_put(scratch, scratch_definition(FEED, 300, "{300}")));
    assert_true(scratch_put(scratch, scratch_definition(FEED - 1, 9, "before")));
    assert_true(scratch_put(scratch, scratch_definition(FEED + 1, 1, "after")));
    assert_int_equal(store_each_definition(scratch->store, FEED, on_definition, &listing, &err), 0);
    assert_string_equal(listing.text, "1/1:{1} 2/1:{2} 300/1:{300} ");
}

static struct record *run(int64_t started_at, int64_t alive_at, int64_t ended_at)
{
    struct record *record = record_new(RECORD_RUN, 0);

    record->at = started_at;
    record->alive_at = alive_at;
    record->ended_at = ended_at;
    record->text = strdup("0.1.0");
    return record;
}

static void a_run_is_rewritten_while_it_lives(void **state)
{
    struct scratch *scratch = *state;
    struct listing listing = {0};
    struct err err;

    assert_true(scratch_put(scratch, run(NOON, NOON + 5, AT_NONE)));
    assert_true(scratch_put(scratch, run(NOON, NOON + 9, NOON + 9)));
    assert_true(scratch_put(scratch, run(NOON + 20, NOON + 25, AT_NONE)));
    assert_int_equal(store_each_run(scratch->store, on_run, &listing, &err), 0);
    assert_string_equal(listing.text, "0-9 0.1.0,20-25… 0.1.0,");
}

static void a_shape_is_found_once_it_is_stored(void **state)
{
    struct scratch *scratch = *state;
    struct record *record;
    struct buf path;
    struct err err;
    uint8_t format;
    bool has_path;

    buf_init(&path, 1024);
    assert_int_equal(store_shape(scratch->store, FEED, 1, &format, &has_path, &path, &err), 0);
    record = record_new(RECORD_SHAPE, FEED);
    record->url_epoch = 1;
    record->format = 2;
    assert_true(scratch_put(scratch, record));
    assert_int_equal(store_shape(scratch->store, FEED, 1, &format, &has_path, &path, &err), 1);
    assert_true(format == 2 && !has_path && path.length == 0);
    record = record_new(RECORD_SHAPE, FEED);
    record->url_epoch = 1;
    record->format = 2;
    record->text = strdup("$.vehicles");
    assert_true(scratch_put(scratch, record));
    assert_int_equal(store_shape(scratch->store, FEED, 1, &format, &has_path, &path, &err), 1);
    assert_true(has_path);
    assert_string_equal(buf_text(&path), "$.vehicles");
    assert_int_equal(store_shape(scratch->store, FEED, 2, &format, &has_path, &path, &err), 0);
    buf_release(&path);
}

static void stat_counts_slots_and_bytes(void **state)
{
    static char noise[700 * 1024];
    struct scratch *scratch = *state;
    struct store_stat stat;
    struct err err;

    assert_int_equal(store_stat(scratch->store, &stat, &err), 0);
    assert_true(stat.polls == 0 && stat.oldest_at == AT_NONE && stat.newest_at == AT_NONE);
    scratch_noise(noise, sizeof noise, 1);
    assert_true(scratch_put(scratch, scratch_feed(FEED, "a")));
    assert_true(scratch_put(scratch, scratch_new(FEED, NOON, noise, sizeof noise)));
    assert_true(scratch_put(scratch, scratch_new(FEED, NOON + SECOND, "{}", 2)));
    assert_true(scratch_put(scratch, scratch_missed(FEED, NOON + 10 * SECOND, 100, SECOND)));
    assert_true(scratch_put(scratch, scratch_poll(FEED + 1, NOON - SECOND, OUTCOME_FAILED)));
    assert_int_equal(store_stat(scratch->store, &stat, &err), 0);
    assert_int_equal(stat.feeds, 1);
    assert_int_equal(stat.polls, 103);
    assert_int_equal(stat.missed, 100);
    assert_int_equal(stat.bodies, 2);
    assert_int_equal(stat.raw_bytes, sizeof noise + 2);
    assert_int_equal(stat.oldest_at, NOON - SECOND);
    assert_int_equal(stat.newest_at, NOON + 109 * SECOND);
    assert_in_range(stat.used_bytes, sizeof noise, sizeof noise + (200 << 10));
    assert_true(stat.file_bytes >= stat.used_bytes);
}

/* The map is as large as the volume; a small one has to be asked for. */
static void shrink_map(struct store *store)
{
    assert_int_equal(mdb_env_set_mapsize(store->env, 4096), 0);
}

static void expect_note(struct scratch *scratch, const char *name, const char *text)
{
    struct buf out;
    int found;

    buf_init(&out, (size_t)2 * NOTE_TEXT_MAX);
    found = store_note(scratch->store, name, &out, NULL);
    assert_int_equal(found, text ? 1 : 0);
    if (text) {
        assert_int_equal(out.length, strlen(text));
        assert_memory_equal(out.bytes ? out.bytes : "", text, out.length);
    }
    buf_release(&out);
}

static void a_note_replaces_the_one_before_and_can_be_forgotten(void **state)
{
    struct scratch *scratch = *state;
    char name[NOTE_NAME_MAX + 2], *text = malloc(NOTE_TEXT_MAX + 2);

    assert_non_null(text);
    memset(name, 'n', sizeof name);
    name[NOTE_NAME_MAX + 1] = '\0';
    memset(text, 't', NOTE_TEXT_MAX + 1);
    text[NOTE_TEXT_MAX + 1] = '\0';
    expect_note(scratch, "alerts", NULL);
    assert_true(scratch_put(scratch, record_new_note("alerts", "{\"open\":[]}")));
    assert_true(scratch_put(scratch, record_new_note("other", "")));
    assert_true(scratch_put(scratch, record_new_note("alerts", "{}")));
    assert_false(scratch_put(scratch, record_new_note("alerts", text)));
    text[NOTE_TEXT_MAX] = name[NOTE_NAME_MAX] = '\0';
    assert_true(scratch_put(scratch, record_new_note(name, text)));
    name[NOTE_NAME_MAX] = 'n';
    assert_false(scratch_put(scratch, record_new_note(name, "too long a name")));
    scratch_close(scratch);
    scratch_expect_sound(scratch->dir);
    scratch_reopen(scratch);
    expect_note(scratch, "alerts", "{}");
    expect_note(scratch, "other", "");
    assert_true(scratch_put(scratch, record_new_note("alerts", NULL)));
    assert_true(scratch_put(scratch, record_new_note("never", NULL)));
    expect_note(scratch, "alerts", NULL);
    free(text);
}

static void space_in_use_is_a_part_of_the_file(void **state)
{
    enum { BODY_BYTES = 300000 };
    static char body[BODY_BYTES];
    struct scratch *scratch = *state;
    struct store_space before, after;

    scratch_noise(body, sizeof body, 1);
    assert_true(scratch_put(scratch, scratch_feed(FEED, "bus")));
    assert_true(scratch_put(scratch, scratch_definition(FEED, 1, "{}")));
    assert_int_equal(store_space(scratch->store, &before, NULL), 0);
    assert_true(scratch_put(scratch, scratch_new(FEED, NOON, body, sizeof body)));
    assert_int_equal(store_space(scratch->store, &after, NULL), 0);
    assert_true(after.used_bytes >= before.used_bytes + sizeof body);
    assert_true(after.used_bytes <= before.used_bytes + 2 * sizeof body);
    assert_true(after.used_bytes <= after.file_bytes);
    assert_true(after.free_bytes > 0 && after.free_bytes <= after.total_bytes);
}

static void the_map_grows_when_it_is_full(void **state)
{
    static char noise[1 << 20];
    struct scratch *scratch = *state;
    struct store_stat stat;
    struct err err;

    shrink_map(scratch->store);
    for (int i = 0; i < 10; i++) {
        scratch_noise(noise, sizeof noise, (uint64_t)i);
        assert_true(scratch_put(scratch, scratch_new(FEED, NOON + i, noise, sizeof noise)));
    }
    assert_int_equal(writer_state(scratch->writer, NULL), WRITER_OK);
    assert_int_equal(store_stat(scratch->store, &stat, &err), 0);
    assert_int_equal(stat.bodies, 10);
}

static void the_map_waits_for_readers_of_this_process(void **state)
{
    static char noise[1 << 20];
    struct scratch *scratch = *state;
    struct poll_record poll;
    struct reader *reader;
    struct err err;

    assert_true(scratch_put(scratch, scratch_poll(FEED, NOON, OUTCOME_FAILED)));
    shrink_map(scratch->store);
    assert_int_equal(reader_open(&reader, scratch->store, &err), 0);
    assert_int_equal(reader_seek(reader, FEED, NOON, &err), 0);
    assert_int_equal(reader_next(reader, &poll, &err), 1);
    scratch_noise(noise, sizeof noise, 1);
    scratch_append(scratch, scratch_new(FEED, NOON + 1, noise, sizeof noise));
    (void)usleep(300000);
    assert_false(writer_is_idle(scratch->writer));
    assert_int_equal(writer_state(scratch->writer, NULL), WRITER_OK);
    reader_rest(reader);
    assert_int_equal(scratch_settle(scratch), 1);
    assert_int_equal(reader_next(reader, &poll, &err), 1);
    assert_int_equal(poll.slot_at, NOON + 1);
    reader_close(reader);
}

struct holding {
    struct reader *reader;
    bool is_whole;
};

/* Another reader of the process, with a transaction from before the map grew. */
static void *hold_a_while(void *cookie)
{
    struct holding *holding = cookie;
    struct poll_record poll;
    struct err err;

    (void)usleep(100000);
    reader_rest(holding->reader);
    holding->is_whole = reader_seek(holding->reader, FEED, NOON, &err) == 0 &&
                        reader_next(holding->reader, &poll, &err) == 1;
    return NULL;
}

static void readers_of_another_process_take_the_larger_map(void **state)
{
    static char noise[1 << 20];
    struct scratch scratch = {0};
    struct holding holding = {0};
    struct store *store;
    struct reader *reader;
    struct poll_record poll;
    struct err err = {0};
    int ends[2], status;
    pthread_t thread;
    char byte;
    pid_t child;

    (void)state;
    scratch_start(&scratch);
    scratch_close(&scratch);
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) { /* the writer, so that this process has one environment only */
        scratch_reopen(&scratch);
        (void)close(ends[1]);
        if (read(ends[0], &byte, 1) == 1) {
            scratch_noise(noise, sizeof noise, 1);
            (void)scratch_put(&scratch, scratch_new(FEED, NOON, noise, sizeof noise));
        }
        scratch_close(&scratch);
        _exit(0);
    }
    (void)close(ends[0]);
    assert_int_equal(store_open(&store, scratch.dir, STORE_READ, &err), 0);
    shrink_map(store);
    assert_int_equal(reader_open(&holding.reader, store, &err), 0);
    assert_int_equal(reader_next(holding.reader, &poll, &err), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(pthread_create(&thread, NULL, hold_a_while, &holding), 0);
    if (reader_open(&reader, store, &err))
        fail_msg("%s", err.text);
    assert_int_equal(reader_seek(reader, FEED, NOON, &err), 0);
    assert_int_equal(reader_next(reader, &poll, &err), 1);
    reader_rest(reader);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(holding.is_whole);
    reader_close(holding.reader);
    reader_close(reader);
    store_close(store);
    (void)close(ends[1]);
    scratch_remove(scratch.dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(feeds_come_in_order_of_name, start, end),
        cmocka_unit_test_setup_teardown(more_feeds_than_one_transaction_reads_come_too, start, end),
        cmocka_unit_test_setup_teardown(definitions_of_one_feed_come_in_order_of_number, start,
                                        end),
        cmocka_unit_test_setup_teardown(a_run_is_rewritten_while_it_lives, start, end),
        cmocka_unit_test_setup_teardown(a_shape_is_found_once_it_is_stored, start, end),
        cmocka_unit_test_setup_teardown(stat_counts_slots_and_bytes, start, end),
        cmocka_unit_test_setup_teardown(a_note_replaces_the_one_before_and_can_be_forgotten, start,
                                        end),
        cmocka_unit_test_setup_teardown(space_in_use_is_a_part_of_the_file, start, end),
        cmocka_unit_test_setup_teardown(the_map_grows_when_it_is_full, start, end),
        cmocka_unit_test_setup_teardown(the_map_waits_for_readers_of_this_process, start, end),
        cmocka_unit_test(readers_of_another_process_take_the_larger_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
