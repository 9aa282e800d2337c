#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dump_stage.h"
#include "feeds/feed.h"

#define DEFINITION_IN(z)                                                                           \
    "{\"url\":\"http://bus.example/\",\"interval\":\"1m\",\"timezone\":\"" z "\"}"

static void put_same(struct scratch *scratch, uint32_t id, int minute, int body_minute,
                     const char *body)
{
    put(scratch,
        scratch_same(id, NOON + minute * MINUTE, NOON + body_minute * MINUTE, body, strlen(body)));
}

static void put_shape(struct scratch *scratch, uint32_t id, const char *path)
{
    struct record *record = record_new(RECORD_SHAPE, id);

    assert_non_null(record);
    record->url_epoch = 1;
    record->format = FORMAT_JSON;
    record->text = path ? strdup(path) : NULL;
    put(scratch, record);
}

static void rows_come_with_late_columns_and_numbers_as_written(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();

    put_feed(scratch, 1, "bus", DEFINITION);
    put_shape(scratch, 1, "$.vehicles");
    put_body(scratch, 1, 0, "{\"vehicles\":[{\"id\":\"a\",\"at\":{\"lat\":1.50,\"lon\":-0}}]}");
    put_body(scratch, 1, MINUTE,
             "{\"vehicles\":[{\"id\":\"b,c\",\"note\":null,\"at\":{\"lat\":1e5}},"
             "{\"tags\":[1, \"x\"],\"is_late\":true}]}");
    dump(scratch, &options,
         "feed,call_time,id,at.lat,at.lon,note,tags,is_late\n"
         "bus,2026-11-23T12:00:00.001+00:00,a,1.50,-0,,,\n"
         "bus,2026-11-23T12:01:00.001+00:00,\"b,c\",1e5,,,,\n"
         "bus,2026-11-23T12:01:00.001+00:00,,,,,\"[1,\"\"x\"\"]\",true\n");
}

static void without_a_path_the_document_is_the_row(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();

    put_feed(scratch, 1, "weather", DEFINITION);
    put_body(scratch, 1, 0, "{\"temperature\":3.0,\"feed\":\"x\"}");
    dump(scratch, &options,
         "feed,call_time,temperature,payload.feed\nweather,2026-11-23T12:00:00.001+00:00,3.0,x\n");
}

static void without_a_stored_shape_the_first_body_with_rows_gives_the_path(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();

    put_feed(scratch, 1, "bus", DEFINITION);
    put_body(scratch, 1, 0, "{\"v\":[{\"n\":1}]}");
    put_body(scratch, 1, MINUTE, "{\"v\":[],\"w\":[{\"n\":2}]}");
    put_body(scratch, 1, 2 * MINUTE, "{\"v\":[{\"n\":3}],\"w\":[{\"n\":2}]}");
    dump(scratch, &options,
         "feed,call_time,n\nbus,2026-11-23T12:00:00.001+00:00,1\n"
         "bus,2026-11-23T12:02:00.001+00:00,3\n");
}

static void the_same_answer_gives_its_rows_again(void **state)
{
    static const char body[] = "[{\"n\":1},{\"n\":2}]";
    struct scratch *scratch = *state;
    struct dump_options options = everything();

    put_feed(scratch, 1, "bus", DEFINITION);
    put_shape(scratch, 1, "$");
    put_body(scratch, 1, 0, body);
    put_same(scratch, 1, 1, 0, body);
    put(scratch, scratch_poll(1, NOON + 2 * MINUTE, OUTCOME_FAILED));
    put(scratch, scratch_missed(1, NOON + 3 * MINUTE, 4, MINUTE));
    put_body(scratch, 1, 7 * MINUTE, "[{\"n\":3}]");
    put_body(scratch, 1, 8 * MINUTE, body);
    dump(scratch, &options,
         "feed,call_time,n\n"
         "bus,2026-11-23T12:00:00.001+00:00,1\nbus,2026-11-23T12:00:00.001+00:00,2\n"
         "bus,2026-11-23T12:01:00.001+00:00,1\nbus,2026-11-23T12:01:00.001+00:00,2\n"
         "bus,2026-11-23T12:07:00.001+00:00,3\n"
         "bus,2026-11-23T12:08:00.001+00:00,1\nbus,2026-11-23T12:08:00.001+00:00,2\n");
    options.is_changes_only = true;
    dump(scratch, &options,
         "feed,call_time,n\n"
         "bus,2026-11-23T12:00:00.001+00:00,1\nbus,2026-11-23T12:00:00.001+00:00,2\n"
         "bus,2026-11-23T12:07:00.001+00:00,3\n"
         "bus,2026-11-23T12:08:00.001+00:00,1\nbus,2026-11-23T12:08:00.001+00:00,2\n");
}

static void the_range_is_of_call_time(void **state)
{
    static const char body[] = "[{\"n\":1}]";
    struct scratch *scratch = *state;
    struct dump_options options = everything();
    struct record *late;

    put_feed(scratch, 1, "bus", DEFINITION);
    put_shape(scratch, 1, "$");
    put_body(scratch, 1, 0, body);
    /* The slot lies before the range, the call inside. */
    late = scratch_new(1, NOON + MINUTE, "[{\"n\":2,\"m\":0}]", 15);
    late->poll.answered_at = NOON + MINUTE + 30 * SECOND;
    put(scratch, late);
    put_same(scratch, 1, 2, 1, "[{\"n\":2,\"m\":0}]");
    put_body(scratch, 1, 3 * MINUTE, "[{\"late\":4}]");
    options.range.from_at = NOON + MINUTE + 10 * SECOND;
    options.range.to_at = NOON + 3 * MINUTE;
    dump(scratch, &options,
         "feed,call_time,n,m\nbus,2026-11-23T12:01:30.000+00:00,2,0\n"
         "bus,2026-11-23T12:02:00.001+00:00,2,0\n");
    /* A same whose body came before the range has it all the same. */
    options.range.from_at = NOON + 2 * MINUTE;
    dump(scratch, &options, "feed,call_time,n,m\nbus,2026-11-23T12:02:00.001+00:00,2,0\n");
    /* from is inside, to is not. */
    options.range.from_at = NOON + MINUTE + 30 * SECOND;
    options.range.to_at = NOON + 2 * MINUTE + 1234;
    dump(scratch, &options, "feed,call_time,n,m\nbus,2026-11-23T12:01:30.000+00:00,2,0\n");
    options.range.from_at = NOON - MINUTE;
    options.range.to_at = NOON;
    assert_int_equal(dump(scratch, &options, "feed,call_time\n").polls, 0);
}

static void feeds_come_by_name_with_the_union_of_their_columns(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();
    static const char *const globs[] = {"tr*"};

    put_feed(scratch, 1, "train", DEFINITION);
    put_feed(scratch, 2, "bus", DEFINITION);
    put_feed(scratch, 3, "tram", DEFINITION);
    put_body(scratch, 1, 0, "{\"x\":1,\"y\":2}");
    put_body(scratch, 2, 5 * MINUTE, "{\"y\":3,\"z\":4}");
    dump(scratch, &options,
         "feed,call_time,y,z,x\nbus,2026-11-23T12:05:00.001+00:00,3,4,\n"
         "train,2026-11-23T12:00:00.001+00:00,2,,1\n");
    options.range.globs = globs;
    options.range.glob_count = 1;
    dump(scratch, &options, "feed,call_time,x,y\ntrain,2026-11-23T12:00:00.001+00:00,1,2\n");
}

static void invalid_and_rowless_bodies_are_counted(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();
    struct dump_counts counts;
    struct record *invalid = scratch_new(1, NOON, "<html>", 6);

    put_feed(scratch, 1, "bus", DEFINITION);
    put_shape(scratch, 1, "$.v");
    invalid->poll.flags = POLL_INVALID;
    put(scratch, invalid);
    /* Nobody flagged it, but it breaks off after a row: the row must not come out. */
    put_body(scratch, 1, MINUTE, "{\"v\":[{\"n\":1},{\"n\":");
    put_body(scratch, 1, 2 * MINUTE, "{\"v\":[]}");
    put_body(scratch, 1, 3 * MINUTE, "{\"w\":1}");
    put_body(scratch, 1, 4 * MINUTE, "{\"v\":[{\"a\":{\"b\":1},\"a.b\":2}]}");
    put_same(scratch, 1, 5, 4, "{\"v\":[{\"a\":{\"b\":1},\"a.b\":2}]}");
    put_body(scratch, 1, 6 * MINUTE, "{\"v\":[{\"a.b\":\"caf\xE9\"}]}");
    counts = dump(scratch, &options,
                  "feed,call_time,n,a.b\nbus,2026-11-23T12:04:00.001+00:00,,2\n"
                  "bus,2026-11-23T12:05:00.001+00:00,,2\n"
                  "bus,2026-11-23T12:06:00.001+00:00,,caf\xEF\xBF\xBD\n");
    assert_int_equal(counts.polls, 7);
    assert_int_equal(counts.rows, 3);
    assert_int_equal(counts.invalid, 2);
    assert_int_equal(counts.bodies_without_rows, 1);
    assert_int_equal(counts.duplicate_cells, 2);
    assert_int_equal(counts.replaced_bytes, 1);
}

static void text_gives_its_size_and_sum(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();
    struct record *text = scratch_new(1, NOON, "hello", 5);

    put_feed(scratch, 1, "motd", DEFINITION);
    text->poll.content_type = (struct text){"text/plain", 10};
    put(scratch, text);
    dump(scratch, &options,
         "feed,call_time,bytes,sha256\nmotd,2026-11-23T12:00:00.001+00:00,5,"
         "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n");
}

static void ndjson_gives_a_row_a_line(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();

    put_feed(scratch, 1, "log",
             "{\"url\":\"http://l.example/\",\"interval\":\"1m\",\"format\":\"ndjson\"}");
    put_body(scratch, 1, 0, "{\"n\":1}\n{\"n\":2,\"m\":3}\n");
    dump(scratch, &options,
         "feed,call_time,n,m\nlog,2026-11-23T12:00:00.001+00:00,1,\n"
         "log,2026-11-23T12:00:00.001+00:00,2,3\n");
}

static void columns_of_polls_come_after_call_time(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();

    put_feed(scratch, 1, "bus", DEFINITION);
    put_body(scratch, 1, 0, "{\"status\":\"ok\",\"n\":1}");
    options.with = "status,slot,etag";
    dump(scratch, &options,
         "feed,call_time,status,slot,etag,payload.status,n\n"
         "bus,2026-11-23T12:00:00.001+00:00,200,2026-11-23T12:00:00.000000+00:00,"
         "\"\"\"v1\"\"\",ok,1\n");
    options.with = "slot,colour";
    refuse(scratch, &options, ERR_USAGE, "no column \"colour\"");
    options.with = "slot,slot";
    refuse(scratch, &options, ERR_USAGE, "column \"slot\"");
}

static void last_counts_answered_polls_from_the_end(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();

    put_feed(scratch, 1, "bus", DEFINITION);
    put_body(scratch, 1, 0, "{\"a\":1}");
    put_body(scratch, 1, MINUTE, "{\"b\":2}");
    put_same(scratch, 1, 2, 1, "{\"b\":2}");
    put(scratch, scratch_missed(1, NOON + 3 * MINUTE, 2, MINUTE));
    options.last = 1;
    dump(scratch, &options, "feed,call_time,b\nbus,2026-11-23T12:02:00.001+00:00,2\n");
    options.last = 2;
    dump(scratch, &options,
         "feed,call_time,b\nbus,2026-11-23T12:01:00.001+00:00,2\n"
         "bus,2026-11-23T12:02:00.001+00:00,2\n");
    options.is_changes_only = true;
    dump(scratch, &options,
         "feed,call_time,a,b\nbus,2026-11-23T12:00:00.001+00:00,1,\n"
         "bus,2026-11-23T12:01:00.001+00:00,,2\n");
    options.is_changes_only = false;
    options.range.to_at = NOON + MINUTE;
    dump(scratch, &options, "feed,call_time,a\nbus,2026-11-23T12:00:00.001+00:00,1\n");
    options.range.from_at = NOON + SECOND;
    dump(scratch, &options, "feed,call_time\n");
}

static void times_come_in_every_format_and_zone(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();
    struct err err = {0};

    put_feed(scratch, 1, "bus", DEFINITION_IN("America/Los_Angeles"));
    put_body(scratch, 1, 0, "{\"n\":1}");
    dump(scratch, &options, "feed,call_time,n\nbus,2026-11-23T04:00:00.001-08:00,1\n");
    options.time_format = TIME_UNIX;
    dump(scratch, &options, "feed,call_time,n\nbus,1795435200.001,1\n");
    options.time_format = TIME_UNIX_MS;
    dump(scratch, &options, "feed,call_time,n\nbus,1795435200001,1\n");
    options.time_format = TIME_STRFTIME;
    options.strftime_format = "%d.%m., %H:%M %z";
    dump(scratch, &options, "feed,call_time,n\nbus,\"23.11., 04:00 -0800\",1\n");
    options.time_format = TIME_ISO;
    assert_int_equal(zone_find(&options.range.zone, "Asia/Kathmandu", &err), 0);
    dump(scratch, &options, "feed,call_time,n\nbus,2026-11-23T17:45:00.001+05:45,1\n");
}

static void feeds_of_several_zones_are_told_in_utc(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();

    put_feed(scratch, 1, "bus", DEFINITION_IN("America/Los_Angeles"));
    put_feed(scratch, 2, "tram", DEFINITION_IN("Europe/Berlin"));
    put_body(scratch, 1, 0, "{\"n\":1}");
    dump(scratch, &options, "feed,call_time,n\nbus,2026-11-23T12:00:00.001+00:00,1\n");
}

static void unknown_feeds_are_refused(void **state)
{
    static const char *const wrong[][1] = {{"buss"}, {"t*"}};
    struct scratch *scratch = *state;
    struct dump_options options = everything();

    put_feed(scratch, 1, "bus", DEFINITION);
    options.range.glob_count = 1;
    options.range.globs = wrong[0];
    refuse(scratch, &options, ERR_ABSENT, "no feed \"buss\" in the store");
    options.range.globs = wrong[1];
    refuse(scratch, &options, ERR_ABSENT, "no feed matches \"t*\"");
    options.range.glob_count = 0;
    options.range.from_at = options.range.to_at = NOON;
    refuse(scratch, &options, ERR_USAGE, "the range");
}

static void a_store_without_feeds_gives_a_header(void **state)
{
    struct dump_options options = everything();

    dump(*state, &options, "feed,call_time\n");
}

/* A body whose rows are more than is kept at once: they come out all the same, and the next poll
 * with that body gives them again. */
static void a_body_larger_than_what_is_kept_gives_every_row(void **state)
{
    enum { ROWS = 1200000, ROW_BYTES = 8 };
    struct scratch *scratch = *state;
    struct dump_options options = everything();
    char *body = malloc((size_t)ROWS * ROW_BYTES + 8);
    struct dump_counts counts = {0};
    struct text_sink text;
    struct err err = {0};
    size_t length = 0, i;

    assert_non_null(body);
    for (i = 0; i < ROWS; i++) {
        memcpy(body + length, i ? ",{\"n\":1}" : "[{\"n\":1}", ROW_BYTES);
        length += ROW_BYTES;
    }
    body[length++] = ']';
    put_feed(scratch, 1, "b", DEFINITION);
    put_shape(scratch, 1, "$");
    put(scratch, scratch_new(1, NOON, body, length));
    put(scratch, scratch_same(1, NOON + MINUTE, NOON, body, length));
    free(body);
    options.time_format = TIME_STRFTIME;
    options.strftime_format = "%M";
    text_sink_init(&text);
    assert_int_equal(dump_run(scratch->store, &options, &text.sink, &counts, &err), 0);
    assert_int_equal(counts.rows, 2 * ROWS);
    assert_int_equal(text.text.length,
                     strlen("feed,call_time,n\n") + strlen("b,00,1\n") * (size_t)(2 * ROWS));
    text_sink_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STORE(rows_come_with_late_columns_and_numbers_as_written),
        ON_STORE(without_a_path_the_document_is_the_row),
        ON_STORE(without_a_stored_shape_the_first_body_with_rows_gives_the_path),
        ON_STORE(the_same_answer_gives_its_rows_again),
        ON_STORE(the_range_is_of_call_time),
        ON_STORE(feeds_come_by_name_with_the_union_of_their_columns),
        ON_STORE(invalid_and_rowless_bodies_are_counted),
        ON_STORE(text_gives_its_size_and_sum),
        ON_STORE(ndjson_gives_a_row_a_line),
        ON_STORE(columns_of_polls_come_after_call_time),
        ON_STORE(last_counts_answered_polls_from_the_end),
        ON_STORE(times_come_in_every_format_and_zone),
        ON_STORE(feeds_of_several_zones_are_told_in_utc),
        ON_STORE(unknown_feeds_are_refused),
        ON_STORE(a_store_without_feeds_gives_a_header),
        ON_STORE(a_body_larger_than_what_is_kept_gives_every_row),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    zones_release();
    return failed;
}
