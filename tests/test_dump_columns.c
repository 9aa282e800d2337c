/* Which columns a dump has where rows and columns are given, by the feed or for this dump, and what
 * is told of columns that nothing is found for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dump_stage.h"
#include "export/follow.h"

#define DEFINITION_OF(columns)                                                                     \
    "{\"url\":\"http://bus.example/\",\"interval\":\"1m\",\"columns\":" columns "}"

static void before_any_good_body_an_error_page_is_invalid_where_paths_are_given(void **state)
{
    static const char *const wants[] = {"\"rows\":\"$.v\"", "\"columns\":{\"n\":\"$.v[0].n\"}"};
    struct scratch *scratch = *state;
    struct dump_options options = everything();
    size_t i;

    for (i = 0; i < sizeof wants / sizeof wants[0]; i++) {
        const char *name = i ? "b" : "a";
        char definition[128], expected[128];
        struct dump_counts counts;

        options.range.globs = &name;
        options.range.glob_count = 1;
        snprintf(definition, sizeof definition,
                 "{\"url\":\"http://bus.example/\",\"interval\":\"1m\",%s}", wants[i]);
        snprintf(expected, sizeof expected,
                 "feed,call_time,n\n%s,2026-11-23T12:01:00.001+00:00,1\n", name);
        put_feed(scratch, (uint32_t)i + 1, name, definition);
        put_body(scratch, (uint32_t)i + 1, 0, "<html>");
        put_body(scratch, (uint32_t)i + 1, MINUTE, "{\"v\":[{\"n\":1}]}");
        counts = dump(scratch, &options, expected);
        assert_int_equal(counts.invalid, 1);
    }
}

static void rows_and_columns_override_the_feed(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();

    put_feed(scratch, 1, "bus",
             "{\"url\":\"http://bus.example/\",\"interval\":\"1m\",\"rows\":\"$.a\","
             "\"columns\":[\"n\",\"never\"]}");
    put_body(scratch, 1, 0, "{\"a\":[{\"m\":9,\"n\":1}],\"b\":[{\"n\":2,\"k\":{\"l\":3}}]}");
    dump(scratch, &options, "feed,call_time,n,never\nbus,2026-11-23T12:00:00.001+00:00,1,\n");
    options.rows = "$.b";
    options.columns = "{\"number\":\"@.n\",\"first\":\"$.a[0].m\"}";
    dump(scratch, &options, "feed,call_time,number,first\nbus,2026-11-23T12:00:00.001+00:00,2,9\n");
    options.rows = "$.b[";
    refuse(scratch, &options, ERR_USAGE, "rows \"$.b[\": column 5: ");
    options.rows = NULL;
    options.columns = "{\"n\":\"@.n[\"}";
    refuse(scratch, &options, ERR_USAGE, "column \"n\": path \"@.n[\": column 5: ");
}

static void on_unmet(void *cookie, const char *feed, const char *column, const char *path)
{
    struct buf *said = cookie;

    buf_printf(said, "%s:%s:%s ", feed ? feed : "all", column, path ? path : "");
}

/* What is told of columns when all is dumped in that form. */
static void expect_unmet(struct scratch *scratch, struct dump_options *options, const char *text)
{
    struct buf said;
    const struct dump_watcher watcher = {.on_unmet = on_unmet, .cookie = &said};
    struct text_sink sink;
    struct err err = {0};

    buf_init(&said, 4096);
    text_sink_init(&sink);
    options->watcher = &watcher;
    if (dump_run(scratch->store, options, &sink.sink, NULL, &err))
        fail_msg("%s", err.text);
    options->watcher = NULL;
    assert_string_equal(buf_text(&said), text);
    text_sink_release(&sink);
    buf_release(&said);
}

static void columns_that_no_row_had_are_told(void **state)
{
    struct scratch *scratch = *state;
    struct dump_options options = everything();

    put_feed(scratch, 1, "bus", DEFINITION);
    put_feed(scratch, 2, "tram", DEFINITION_OF("[\"id\",\"bell\",\"x\"]"));
    put_feed(scratch, 3, "mute", DEFINITION_OF("[\"id\"]"));
    put_feed(scratch, 4, "way", DEFINITION_OF("{\"i\":\"@.id\",\"t\":\"$.time\",\"z\":\"@.x.z\"}"));
    put_body(scratch, 1, 0, "[{\"id\":1,\"lat\":null}]");
    put_body(scratch, 1, MINUTE, "[{\"id\":1,\"x\":{\"y\":[]}}]");
    put_body(scratch, 2, 0, "[{\"id\":2}]");
    put_body(scratch, 2, MINUTE, "[{\"x\":2}]");
    put_body(scratch, 3, 0, "[]");
    put_body(scratch, 4, 0, "[{\"id\":4}]");
    /* Each feed's own, where there were rows. */
    expect_unmet(scratch, &options, "tram:bell: way:t:$.time way:z:@.x.z ");
    /* Of this dump's columns those that no feed had. */
    options.columns = "[\"id\",\"lat\",\"x\",\"x.y\",\"longitude\"]";
    expect_unmet(scratch, &options, "all:longitude: ");
    options.format = DUMP_NDJSON;
    expect_unmet(scratch, &options, "all:longitude: ");
    options.columns = "{\"i\":\"@.id\",\"all\":\"@.x.*\",\"b\":\"@.x.y[0]\",\"t\":\"$[0].id\"}";
    expect_unmet(scratch, &options, "all:b:@.x.y[0] ");
    /* A map's key stands before what was asked for. */
    options.rows = "$.*";
    options.columns = "{\"j\":\"@.jd\",\"i\":\"@.id\"}";
    expect_unmet(scratch, &options, "all:j:@.jd ");
    /* Without rows all would be told. */
    options.rows = "$.nothing";
    expect_unmet(scratch, &options, "");
}

static void threads_meet_columns_together(void **state)
{
    enum { BODIES = 100 };
    struct scratch *scratch = *state;
    struct dump_options options = everything();
    struct buf columns;
    int i;

    buf_init(&columns, 1 << 16);
    buf_append_text(&columns, "[\"none\"");
    put_feed(scratch, 1, "bus", DEFINITION);
    for (i = 0; i < BODIES; i++) {
        char body[64];

        snprintf(body, sizeof body, "[{\"c%d\":%d}]", i, i);
        put_body(scratch, 1, i * MINUTE, body);
        buf_printf(&columns, ",\"c%d\"", i);
    }
    buf_append_text(&columns, "]");
    options.columns = buf_text(&columns);
    for (options.threads = 1; options.threads <= 4; options.threads++)
        expect_unmet(scratch, &options, "all:none: ");
    buf_release(&columns);
}

struct following {
    struct scratch *scratch;
    int turn, minute;
};

static int on_idle(void *cookie, int64_t over_at, struct err *err)
{
    struct following *following = cookie;

    (void)over_at;
    (void)err;
    if (following->turn++ < 3)
        put_body(following->scratch, 1, ++following->minute * MINUTE, "[{\"id\":1}]");
    return following->turn > 3;
}

static void following_tells_them_once(void **state)
{
    struct scratch *scratch = *state;
    struct following following = {scratch, 0, 0};
    const struct follow_watcher watcher = {on_idle, NULL, &following};
    struct dump_options options = everything();
    struct buf said;
    const struct dump_watcher told = {.on_unmet = on_unmet, .cookie = &said};
    struct text_sink sink;
    struct err err = {0};
    int i;

    put_feed(scratch, 1, "bus", DEFINITION_OF("[\"id\",\"own\"]"));
    put_body(scratch, 1, 0, "[]");
    for (i = 0; i < 2; i++) {
        buf_init(&said, 4096);
        text_sink_init(&sink);
        options.watcher = &told;
        options.columns = i ? NULL : "[\"id\",\"given\"]";
        following.turn = 0;
        if (follow_run(scratch->store, &options, &watcher, &sink.sink, NULL, &err))
            fail_msg("%s", err.text);
        assert_string_equal(buf_text(&said), i ? "bus:own: " : "all:given: ");
        text_sink_release(&sink);
        buf_release(&said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STORE(before_any_good_body_an_error_page_is_invalid_where_paths_are_given),
        ON_STORE(rows_and_columns_override_the_feed),
        ON_STORE(columns_that_no_row_had_are_told),
        ON_STORE(threads_meet_columns_together),
        ON_STORE(following_tells_them_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
