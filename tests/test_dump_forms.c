/* What a dump writes besides CSV into one sink: TSV, NDJSON, bodies, several files, and what comes
 * after (--follow). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dump_stage.h"
#include "export/follow.h"

#define HOUR (60 * MINUTE)

/* Files as one text: "NAME[content]…" in the order in which they were begun; a stamp is "@time". */
struct files {
    struct sink_set set;
    struct {
        char name[160];
        struct buf text;
    } files[8];
    size_t count, now;
};

static int turn_to(void *cookie, const char *name, bool *is_new, struct err *err)
{
    struct files *files = cookie;

    (void)err;
    for (files->now = 0; files->now < files->count; files->now++) {
        *is_new = false;
        if (strcmp(files->files[files->now].name, name) == 0)
            return 0;
    }
    assert_true(files->count < 8);
    snprintf(files->files[files->now].name, sizeof files->files[0].name, "%s", name);
    buf_init(&files->files[files->now].text, 1 << 20);
    files->count++;
    *is_new = true;
    return 0;
}

static int write_file(void *cookie, const char *bytes, size_t length, struct err *err)
{
    struct files *files = cookie;

    (void)err;
    assert_true(files->now < files->count);
    return buf_append(&files->files[files->now].text, bytes, length);
}

static int stamp(void *cookie, int64_t at, struct err *err)
{
    struct files *files = cookie;

    (void)err;
    return buf_printf(&files->files[files->now].text, "@%lld", (long long)(at - NOON));
}

static void expect_files(struct scratch *scratch, struct dump_options *options,
                         const char *expected)
{
    struct files files = {
        .set = {
            .sink = {write_file, &files}, .turn_to = turn_to, .stamp = stamp, .cookie = &files}};
    struct err err = {0};
    struct buf all;
    size_t i;

    buf_init(&all, 1 << 20);
    options->files = &files.set;
    if (dump_run(scratch->store, options, NULL, NULL, &err))
        fail_msg("%s", err.text);
    options->files = NULL;
    for (i = 0; i < files.count; i++) {
        buf_printf(&all, "%s[%s]\n", files.files[i].name, buf_text(&files.files[i].text));
        buf_release(&files.files[i].text);
    }
    assert_string_equal(buf_text(&all), expected);
    buf_release(&all);
}

static void tabs_stand_between_cells(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();

    options.format = DUMP_TSV;
    options.with = "status";
    put_feed(scratch, 1, "bus", DEFINITION);
    put_body(scratch, 1, 0, "[{\"a,b\":\"x\\ty\",\"c\":\"1,5\"}]");
    dump(scratch, &options,
         "feed\tcall_time\tstatus\ta,b\tc\n"
         "bus\t2026-11-23T12:00:00.001+00:00\t200\t\"x\ty\"\t1,5\n");
}

static void a_line_of_json_has_the_cells_of_its_row(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();

    options.format = DUMP_NDJSON;
    options.with = "status,detail,etag";
    put_feed(scratch, 1, "bus", DEFINITION);
    put_feed(scratch, 2, "tram", DEFINITION);
    put_body(scratch, 1, 0,
             "[{\"n\":1.50,\"feed\":\"x\",\"t\":[1, {\"a\": null}]},{\"z\":null,\"e\":{}},"
             "{\"o\":{\"b\":true},\"n\":\"\"}]");
    put_body(scratch, 2, 0, "[{\"q\\\"\":\"a\\u0001\\\"b\"}]");
    options.time_format = TIME_UNIX_MS;
    dump(scratch, &options,
         "{\"feed\":\"bus\",\"call_time\":1795435200001,\"status\":200,\"etag\":\"\\\"v1\\\"\","
         "\"n\":1.50,\"payload.feed\":\"x\",\"t\":[1,{\"a\":null}]}\n"
         "{\"feed\":\"bus\",\"call_time\":1795435200001,\"status\":200,\"etag\":\"\\\"v1\\\"\","
         "\"z\":null}\n"
         "{\"feed\":\"bus\",\"call_time\":1795435200001,\"status\":200,\"etag\":\"\\\"v1\\\"\","
         "\"o.b\":true,\"n\":\"\"}\n"
         "{\"feed\":\"tram\",\"call_time\":1795435200001,\"status\":200,\"etag\":\"\\\"v1\\\"\","
         "\"q\\\"\":\"a\\u0001\\\"b\"}\n");
    options.with = NULL;
    options.time_format = TIME_ISO;
    options.columns = "[\"o.b\",\"n\"]";
    options.range.globs = (const char *const[]){"bus"};
    options.range.glob_count = 1;
    dump(scratch, &options,
         "{\"feed\":\"bus\",\"call_time\":\"2026-11-23T12:00:00.001+00:00\",\"n\":1.50}\n"
         "{\"feed\":\"bus\",\"call_time\":\"2026-11-23T12:00:00.001+00:00\"}\n"
         "{\"feed\":\"bus\",\"call_time\":\"2026-11-23T12:00:00.001+00:00\",\"o.b\":true,"
         "\"n\":\"\"}\n");
}

static void headers_and_cells_are_safe_for_spreadsheets(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();

    options.is_spreadsheet_safe = true;
    put_feed(scratch, 1, "-bus", DEFINITION);
    put_body(scratch, 1, 0, "[{\"=a\":\"=1+1\",\"n\":-1.5,\"s\":\"+49 89\"}]");
    dump(scratch, &options,
         "feed,call_time,'=a,n,s\n'-bus,2026-11-23T12:00:00.001+00:00,'=1+1,-1.5,'+49 89\n");
}

static void a_split_dump_has_a_header_in_each_file(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();

    put_feed(scratch, 1, "bus", DEFINITION);
    put_feed(scratch, 2, "tram", DEFINITION);
    put_feed(scratch, 3, "mute", DEFINITION);
    put_body(scratch, 1, 0, "[{\"b\":1}]");
    put_body(scratch, 1, HOUR, "[{\"b\":2}]");
    put_body(scratch, 1, 12 * HOUR, "[{\"b\":3}]");
    put_body(scratch, 2, 0, "[{\"t\":1}]");
    options.time_format = TIME_STRFTIME;
    options.strftime_format = "%H";
    options.split = SPLIT_FEED;
    expect_files(scratch, &options,
                 "bus.csv[feed,call_time,b\nbus,12,1\nbus,13,2\nbus,00,3\n]\n"
                 "mute.csv[feed,call_time\n]\n"
                 "tram.csv[feed,call_time,t\ntram,12,1\n]\n");
    options.split = SPLIT_DAY;
    expect_files(scratch, &options,
                 "2026-11-23.csv[feed,call_time,b,t\nbus,12,1,\nbus,13,2,\ntram,12,,1\n]\n"
                 "2026-11-24.csv[feed,call_time,b,t\nbus,00,3,\n]\n");
    options.split = SPLIT_HOUR;
    options.format = DUMP_TSV;
    expect_files(scratch, &options,
                 "2026-11-23T12.tsv[feed\tcall_time\tb\tt\nbus\t12\t1\t\ntram\t12\t\t1\n]\n"
                 "2026-11-23T13.tsv[feed\tcall_time\tb\tt\nbus\t13\t2\t\n]\n"
                 "2026-11-24T00.tsv[feed\tcall_time\tb\tt\nbus\t00\t3\t\n]\n");
}

static void days_are_those_of_the_zone(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();

    put_feed(scratch, 1, "bus", DEFINITION);
    put_body(scratch, 1, -5 * HOUR, "[{\"b\":1}]");
    put_body(scratch, 1, 0, "[{\"b\":2}]");
    options.split = SPLIT_DAY;
    options.format = DUMP_NDJSON;
    options.time_format = TIME_UNIX;
    assert_int_equal(zone_find(&options.range.zone, "America/Los_Angeles", NULL), 0);
    expect_files(scratch, &options,
                 "2026-11-22.ndjson[{\"feed\":\"bus\",\"call_time\":1795417200.001,\"b\":1}\n]\n"
                 "2026-11-23.ndjson[{\"feed\":\"bus\",\"call_time\":1795435200.001,\"b\":2}\n]\n");
}

static void hours_are_those_of_a_clock_that_is_changed(void **state)
{
    static const struct {
        enum dump_split split;
        const char *files;
    } cases[] = {
        {SPLIT_HOUR,
         "2026-03-08T01.tsv[feed\tcall_time\tn\nbus\t2026-03-08T01:30:00.001-08:00\t1\n]\n"
         "2026-03-08T03.tsv[feed\tcall_time\tn\nbus\t2026-03-08T03:30:00.001-07:00\t2\n]\n"
         "2026-11-01T01.tsv[feed\tcall_time\tn\nbus\t2026-11-01T01:30:00.001-07:00\t3\n"
         "bus\t2026-11-01T01:30:00.001-08:00\t4\n]\n"
         "2026-11-01T23.tsv[feed\tcall_time\tn\nbus\t2026-11-01T23:59:00.001-08:00\t5\n]\n"},
        {SPLIT_DAY,
         "2026-03-08.tsv[feed\tcall_time\tn\nbus\t2026-03-08T01:30:00.001-08:00\t1\n"
         "bus\t2026-03-08T03:30:00.001-07:00\t2\n]\n"
         "2026-11-01.tsv[feed\tcall_time\tn\nbus\t2026-11-01T01:30:00.001-07:00\t3\n"
         "bus\t2026-11-01T01:30:00.001-08:00\t4\nbus\t2026-11-01T23:59:00.001-08:00\t5\n]\n"},
    };
    const int64_t march = -260 * (24 * HOUR), november = -22 * (24 * HOUR);
    struct scratch *scratch = *state;
    struct dump_options options = everything();
    size_t i;

    put_feed(scratch, 1, "bus",
             "{\"url\":\"http://bus.example/\",\"interval\":\"1m\","
             "\"timezone\":\"America/Los_Angeles\"}");
    /* At 10:00Z an hour is skipped; at 09:00Z one begins again, and the day has 25. */
    put_body(scratch, 1, march - 150 * MINUTE, "[{\"n\":1}]");
    put_body(scratch, 1, march - 90 * MINUTE, "[{\"n\":2}]");
    put_body(scratch, 1, november - 210 * MINUTE, "[{\"n\":3}]");
    put_body(scratch, 1, november - 150 * MINUTE, "[{\"n\":4}]");
    put_body(scratch, 1, november + 20 * HOUR - MINUTE, "[{\"n\":5}]");
    options.format = DUMP_TSV;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        options.split = cases[i].split;
        expect_files(scratch, &options, cases[i].files);
    }
}

static void raw_gives_every_body_as_it_came(void **state)
{
    static const char json[] = "{\"n\":1}";
    struct scratch *scratch = *state;
    struct dump_options options = everything();
    struct record *invalid = scratch_new(1, NOON + 2 * MINUTE, "<html>", 6);

    put_feed(scratch, 1, "bus", DEFINITION);
    put_body(scratch, 1, 0, json);
    put(scratch, scratch_same(1, NOON + MINUTE, NOON, json, strlen(json)));
    invalid->poll.flags = POLL_INVALID;
    put(scratch, invalid);
    put(scratch, scratch_poll(1, NOON + 3 * MINUTE, OUTCOME_FAILED));
    options.format = DUMP_RAW;
    expect_files(scratch, &options,
                 "bus/2026-11-23T120000.000000Z.json[{\"n\":1}@1234]\n"
                 "bus/2026-11-23T120100.000000Z.json[{\"n\":1}@60001234]\n"
                 "bus/2026-11-23T120200.000000Z.txt[<html>@120001234]\n");
    options.is_changes_only = true;
    options.last = 1;
    expect_files(scratch, &options, "bus/2026-11-23T120200.000000Z.txt[<html>@120001234]\n");
}

/* At each step of a follower something is put into the store. */
struct follower {
    struct scratch *scratch;
    struct text_sink text;
    const char *const *expected; /* what is written by then, one a step, NULL at the end */
    void (*const *steps)(struct scratch *scratch);
    size_t step;
    struct buf late;
    int64_t over_at;
};

static int on_idle(void *cookie, int64_t over_at, struct err *err)
{
    struct follower *follower = cookie;

    (void)err;
    follower->over_at = over_at;
    assert_string_equal(text_sink_text(&follower->text), follower->expected[follower->step]);
    if (!follower->steps[follower->step])
        return 1;
    follower->steps[follower->step++](follower->scratch);
    return 0;
}

static void on_late_column(void *cookie, const char *name)
{
    struct follower *follower = cookie;

    buf_printf(&follower->late, "%s ", name);
}

static void follow(struct follower *follower, const struct dump_options *options, const char *late)
{
    const struct follow_watcher watcher = {on_idle, on_late_column, follower};
    struct err err = {0};

    text_sink_init(&follower->text);
    buf_init(&follower->late, 1024);
    if (follow_run(follower->scratch->store, options, &watcher, &follower->text.sink, NULL, &err))
        fail_msg("%s", err.text);
    assert_null(follower->expected[follower->step + 1]);
    assert_string_equal(buf_text(&follower->late), late);
    text_sink_release(&follower->text);
    buf_release(&follower->late);
}

static void add_bus(struct scratch *scratch)
{
    put_feed(scratch, 1, "bus", DEFINITION);
}

static void add_row(struct scratch *scratch)
{
    put_body(scratch, 1, MINUTE, "[{\"n\":1}]");
}

static void add_late_column(struct scratch *scratch)
{
    put_body(scratch, 1, 2 * MINUTE, "[{\"m\":0,\"n\":2},{\"m\":0}]");
}

static void add_same_and_missed(struct scratch *scratch)
{
    put(scratch, scratch_missed(1, NOON + 3 * MINUTE, 4, MINUTE));
    put(scratch, scratch_same(1, NOON + 7 * MINUTE, NOON + MINUTE, "[{\"n\":1}]", 9));
}

static void add_tram(struct scratch *scratch)
{
    put_feed(scratch, 2, "tram", DEFINITION);
    put_body(scratch, 2, 0, "[{\"m\":1,\"n\":9}]");
}

#define HEAD "feed,call_time,n\n"
#define ROW1 "bus,01,1\n"
#define ROW2 "bus,02,2\nbus,02,\n"
#define ROW7 "bus,07,1\n"

static void following_goes_on_with_what_is_committed(void **state)
{
    static const char *const expected[] = {
        "",  "", HEAD ROW1, HEAD ROW1 ROW2, HEAD ROW1 ROW2 ROW7, HEAD ROW1 ROW2 ROW7 "tram,00,9\n",
        NULL};
    static void (*const steps[])(struct scratch *) = {
        add_bus, add_row, add_late_column, add_same_and_missed, add_tram, NULL};
    struct dump_options options = everything();
    struct follower follower = {*state, .expected = expected, .steps = steps};

    options.time_format = TIME_STRFTIME;
    options.strftime_format = "%M";
    follow(&follower, &options, "m ");
    assert_true(follower.over_at == AT_NEVER);
}

static void following_ndjson_leaves_nothing_out(void **state)
{
    static const char *const expected[] = {
        "{\"feed\":\"bus\",\"call_time\":\"01\",\"n\":1}\n",
        "{\"feed\":\"bus\",\"call_time\":\"01\",\"n\":1}\n"
        "{\"feed\":\"bus\",\"call_time\":\"02\",\"m\":0,\"n\":2}\n"
        "{\"feed\":\"bus\",\"call_time\":\"02\",\"m\":0}\n",
        NULL};
    static void (*const steps[])(struct scratch *) = {add_late_column, NULL};
    struct dump_options options = everything();
    struct follower follower = {*state, .expected = expected, .steps = steps};

    add_bus(*state);
    add_row(*state);
    options.time_format = TIME_STRFTIME;
    options.strftime_format = "%M";
    options.format = DUMP_NDJSON;
    follow(&follower, &options, "");
}

static void following_from_later_has_the_columns_of_before(void **state)
{
    static const char *const expected[] = {HEAD, HEAD ROW2, HEAD ROW2, NULL};
    static void (*const steps[])(struct scratch *) = {add_late_column, add_same_and_missed, NULL};
    struct dump_options options = everything();
    struct follower follower = {*state, .expected = expected, .steps = steps};

    add_bus(*state);
    add_row(*state);
    options.time_format = TIME_STRFTIME;
    options.strftime_format = "%M";
    options.range.from_at = NOON + 2 * MINUTE;
    options.range.to_at = NOON + 6 * MINUTE;
    follow(&follower, &options, "m ");
    /* The feed's timeout of 30 s, and a while to commit. */
    assert_true(follower.over_at == NOON + 6 * MINUTE + 32 * SECOND);
}

static void following_given_columns_has_its_header_at_once(void **state)
{
    static const char *const expected[] = {"feed,call_time,m,n\n", "feed,call_time,m,n\n",
                                           "feed,call_time,m,n\nbus,02,0,2\nbus,02,0,\n", NULL};
    static void (*const steps[])(struct scratch *) = {add_bus, add_late_column, NULL};
    struct dump_options options = everything();
    struct follower follower = {*state, .expected = expected, .steps = steps};

    put_feed(*state, 5, "silent", DEFINITION);
    options.time_format = TIME_STRFTIME;
    options.strftime_format = "%M";
    options.columns = "[\"m\",\"n\"]";
    follow(&follower, &options, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STORE(tabs_stand_between_cells),
        ON_STORE(a_line_of_json_has_the_cells_of_its_row),
        ON_STORE(headers_and_cells_are_safe_for_spreadsheets),
        ON_STORE(a_split_dump_has_a_header_in_each_file),
        ON_STORE(days_are_those_of_the_zone),
        ON_STORE(hours_are_those_of_a_clock_that_is_changed),
        ON_STORE(raw_gives_every_body_as_it_came),
        ON_STORE(following_goes_on_with_what_is_committed),
        ON_STORE(following_ndjson_leaves_nothing_out),
        ON_STORE(following_from_later_has_the_columns_of_before),
        ON_STORE(following_given_columns_has_its_header_at_once),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    zones_release();
    return failed;
}
