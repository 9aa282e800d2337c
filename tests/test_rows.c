#include "tests/rows_examples.h"

#include "feeds/rows_columns.h"
#include "feeds/rows_names.h"
#include "tests/recorded.h"

static const struct example json_examples[] = {
    {"an array of objects",
     "$",
     NULL,
     "[{\"a\":1,\"b\":\"x\"},{\"b\":\"y\",\"a\":2}]",
     "a,b",
     "a=1 b='x'\nb='y' a=2\n",
     {0}},
    {"an object", "$", NULL, "{\"a\":1}", "a", "a=1\n", {0}},
    {"no path", NULL, NULL, "{\"a\":{\"b\":[]}}", "a.b", "a.b=j[]\n", {0}},
    {"a scalar", "$", NULL, "-0", "value", "value=-0\n", {0}},
    {"a null", "$", NULL, "null", "value", "value=\n", {0}},
    {"a path to an array",
     "$.data.stations",
     NULL,
     "{\"ttl\":5,\"data\":{\"x\":[9],\"stations\":[{\"id\":1},{\"id\":2}]}}",
     "id",
     "id=1\nid=2\n",
     {0}},
    {"a path to an object", "$.a", NULL, "{\"b\":{\"x\":2},\"a\":{\"x\":1}}", "x", "x=1\n", {0}},
    {"a path to a scalar", "$.a", NULL, "{\"a\":\"s\"}", "value", "value='s'\n", {0}},
    {"one element where there may be several",
     "$.vehicle",
     NULL,
     "{\"vehicle\":{\"id\":\"7\"},\"Error\":{\"content\":\"x\"}}",
     "id",
     "id='7'\n",
     {0}},
    {"nested objects",
     "$",
     NULL,
     "[{\"a\":{\"b\":{\"c\":1},\"d\":2},\"e\":3}]",
     "a.b.c,a.d,e",
     "a.b.c=1 a.d=2 e=3\n",
     {0}},
    {"arrays inside a row",
     "$",
     NULL,
     "[{\"a\":[ 1 , {\"k\" : [ null, true ] }, \"q\\\"\\u00e9\\/\\n\", {} , 1.50 ]}]",
     "a",
     "a=j[1,{\"k\":[null,true]},\"q\\\"\xC3\xA9/\\n\",{},1.50]\n",
     {0}},
    {"two arrays in a row",
     "$",
     NULL,
     "[{\"a\":[1],\"b\":[[2],[]],\"c\":\"\\u0041\"}]",
     "a,b,c",
     "a=j[1] b=j[[2],[]] c='A'\n",
     {0}},
    {"true, false and null",
     "$",
     NULL,
     "[{\"a\":true,\"b\":false,\"c\":null}]",
     "a,b,c",
     "a=true b=false c=\n",
     {0}},
    {"an empty object gives no column", "$", NULL, "[{\"a\":{},\"b\":1},{}]", "b", "b=1\n\n", {0}},
    {"numbers as written",
     "$",
     NULL,
     "[{\"a\":1e400,\"b\":-0,\"c\":1.0,\"d\":9223372036854775808123,\"e\":1E+2}]",
     "a,b,c,d,e",
     "a=1e400 b=-0 c=1.0 d=9223372036854775808123 e=1E+2\n",
     {0}},
    {"arrays of arrays",
     "$",
     NULL,
     "[[1,\"x\"],[2],[null,{\"a\":3},[4]]]",
     "0,1,1.a,2",
     "0=1 1='x'\n0=2\n0= 1.a=3 2=j[4]\n",
     {0}},
    {"scalars in the array",
     "$",
     NULL,
     "[1,\"x\",null,true,{\"a\":1},[2]]",
     "value,a,0",
     "value=1\nvalue='x'\nvalue=\nvalue=true\na=1\n0=2\n",
     {0}},
    {"an empty array", "$.a", NULL, "{\"a\":[]}", "", "", {0}},
    {"a path that matches nothing", "$.b", NULL, "{\"a\":[1]}", "", "", {.bodies_without_rows = 1}},
    {"a path into a scalar", "$.a.b[0]", NULL, "{\"a\":5}", "", "", {.bodies_without_rows = 1}},
    {"two cells of one name",
     "$",
     NULL,
     "[{\"a\":1,\"b\":2,\"a\":\"3\"},{\"a\":4}]",
     "a,b",
     "a='3' b=2\na=4\n",
     {.duplicate_cells = 1}},
    {"two cells of one flattened name",
     "$",
     NULL,
     "[{\"a.b\":1,\"a\":{\"b\":[2]},\"c\":0},{\"a\":{\"b\":3}}]",
     "a.b,c",
     "a.b=j[2] c=0\na.b=3\n",
     {.duplicate_cells = 1}},
    {"odd keys",
     "$",
     NULL,
     "[{\"a b\":1,\"x.y\":2,\"q\\\"\":3,\"\":4,\"n\\nl\":{\"\":5}}]",
     "a b,x.y,q\",,n\nl.",
     "a b=1 x.y=2 q\"=3 =4 n\nl.=5\n",
     {0}},
    {"NUL in a key",
     "$",
     NULL,
     "[{\"a\\u0000b\":1}]",
     "a\xEF\xBF\xBD"
     "b",
     "a\xEF\xBF\xBD"
     "b=1\n",
     {0}},
    {"members that come and go",
     "$",
     NULL,
     "[{\"a\":1,\"b\":2,\"c\":3,\"d\":4},{\"a\":1,\"d\":4},{\"c\":3,\"b\":2},{\"z\":0,\"a\":1},"
     "{\"a\":1,\"c\":3}]",
     "a,b,c,d,z",
     "a=1 b=2 c=3 d=4\na=1 d=4\nc=3 b=2\nz=0 a=1\na=1 c=3\n",
     {0}},
    {"an object here, null there",
     "$",
     NULL,
     "[{\"p\":null},{\"p\":{\"x\":1}}]",
     "p,p.x",
     "p=\np.x=1\n",
     {0}},
    {"a byte order mark", "$", NULL, "\xEF\xBB\xBF[{\"a\":\"x\"}]", "a", "a='x'\n", {0}},
    {"not UTF-8: as it is in a cell, replaced and counted in JSON text",
     "$",
     NULL,
     "[{\"a\":\"\xFF\",\"b\":[\"x\xC3\",\"\xED\xA0\x80\",\"\\n\"]}]",
     "a,b",
     "a='\xFF' b=j[\"x\xEF\xBF\xBD\",\"\xEF\xBF\xBD\",\"\\n\"]\n",
     {.replaced_bytes = 4}},
};

static void json_becomes_rows(void **state)
{
    (void)state;
    CHECK_EXAMPLES(FORMAT_JSON, json_examples);
}

static const struct example line_examples[] = {
    {"a row a line", NULL, NULL, "{\"a\":1}\n{\"b\":\"x\"}\n\n", "a,b", "a=1\nb='x'\n", {0}},
    {"a path in each",
     "$.v",
     NULL,
     "{\"v\":[{\"a\":1}]}\n{}\n{\"v\":[]}\n{\"v\":{\"a\":2}}",
     "a",
     "a=1\na=2\n",
     {0}},
    {"in none", "$.v", NULL, "{}\n5\n", "", "", {.bodies_without_rows = 1}},
    {"each its own document",
     "$.v",
     "{\"t\":\"$.t\",\"a\":\"@.a\",\"l\":\"$.l\"}",
     "{\"v\":[{\"a\":1},{\"a\":2}],\"t\":7}\n{\"t\":8,\"l\":[1]}\n{\"v\":{\"a\":3},\"t\":9}\n",
     "t,a,l",
     "t=7 a=1\nt=7 a=2\nt=9 a=3\n",
     {0}},
    {"scalars",
     NULL,
     "{\"d\":\"$\",\"r\":\"@\"}",
     "1\n\"x\"\n[2,3]\n",
     "d,r",
     "d=1 r=1\nd='x' r='x'\nd=j[2,3] r=2\nd=j[2,3] r=3\n",
     {0}},
};

static void lines_of_json_become_rows(void **state)
{
    (void)state;
    CHECK_EXAMPLES(FORMAT_NDJSON, line_examples);
}

static void columns_keep_their_place_over_bodies(void **state)
{
    static const char *const bodies[] = {"[{\"b\":1}]", "[]", "[{\"a\":2,\"b\":3}]",
                                         "[{\"c\":4,\"a\":\"\\t\"}]"};
    struct seen seen;
    struct buf names;
    struct err err;

    (void)state;
    seen_init(&seen);
    seen.rows = rows_new(FORMAT_JSON, "$", NULL, &err);
    assert_non_null(seen.rows);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(rows_decode(seen.rows, bodies[i], strlen(bodies[i]), on_row, &seen, &err),
                         0);
    assert_string_equal(columns_of(seen.rows, &names), "b,a,c");
    assert_string_equal(buf_text(&seen.text), "b=1\na=2 b=3\nc=4 a='\t'\n");
    buf_release(&names);
    seen_release(&seen);
}

static void ill_formed_bodies_fail(void **state)
{
    static const char *const bodies[] = {
        "", " ", "[{\"a\":1}", "<html>", "[{\"a\":NaN}]", "{\"a\":1}{\"a\":2}", "[{\"a\":1},]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct seen seen;
        struct err err = {.kind = ERR_NONE};

        seen_init(&seen);
        seen.rows = rows_new(FORMAT_JSON, "$", "{\"a\":\"@.a\",\"d\":\"$\"}", &err);
        assert_non_null(seen.rows);
        if (!rows_decode(seen.rows, bodies[i], strlen(bodies[i]), on_row, &seen, &err))
            fail_msg("\"%s\" was taken", bodies[i]);
        assert_int_equal(err.kind, ERR_INPUT);
        assert_int_equal(rows_counts(seen.rows)->bodies_without_rows, 0);
        assert_int_equal(rows_decode(seen.rows, "[{\"a\":1}]", 9, on_row, &seen, &err), 0);
        seen_release(&seen);
    }
}

static void a_row_may_say_stop(void **state)
{
    struct seen seen;
    struct err err = {.kind = ERR_IO};

    (void)state;
    seen_init(&seen);
    seen.stop_after = 2;
    seen.rows = rows_new(FORMAT_JSON, "$", NULL, &err);
    assert_int_equal(rows_decode(seen.rows, "[1,2,3]", 7, on_row, &seen, &err), -1);
    assert_int_equal(err.kind, ERR_NONE);
    assert_string_equal(buf_text(&seen.text), "value=1\nvalue=2\n");
    seen_release(&seen);
}

/* A row of `count` members called <prefix>0, <prefix>1, … */
static void append_wide_row(struct buf *body, const char *prefix, size_t count)
{
    assert_int_equal(buf_append_char(body, '{'), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(buf_printf(body, "%s\"%s%zu\":1", i ? "," : "", prefix, i), 0);
    assert_int_equal(buf_append_char(body, '}'), 0);
}

static void too_many_columns_are_an_error(void **state)
{
    struct rows *rows;
    struct buf body;
    struct err err;

    (void)state;
    buf_init(&body, 64 << 20);
    append_wide_row(&body, "", ROWS_COLUMNS_MAX);
    rows = rows_new(FORMAT_JSON, "$", NULL, &err);
    assert_int_equal(rows_decode(rows, body.bytes, body.length, NULL, NULL, &err), 0);
    assert_int_equal(rows_column_count(rows), ROWS_COLUMNS_MAX);
    assert_int_equal(rows_decode(rows, "{\"x\":1}", 7, NULL, NULL, &err), -1);
    assert_int_equal(err.kind, ERR_FULL);
    assert_string_equal(err.text, "more than 65536 columns");
    assert_int_equal(rows_decode(rows, body.bytes, body.length, NULL, NULL, &err), 0);
    rows_free(rows);
    buf_release(&body);
}

/* With chosen columns, ever new names are no trouble: they are forgotten between rows. */
static void names_that_nobody_wants_do_not_pile_up(void **state)
{
    struct seen seen;
    struct buf body;
    struct err err;

    (void)state;
    seen_init(&seen);
    buf_init(&body, 64 << 20);
    seen.rows = rows_new(FORMAT_JSON, "$", "[\"a1\",\"b70000\",\"e1\"]", &err);
    assert_int_equal(buf_append_char(&body, '['), 0);
    for (const char *prefix = "abcde"; *prefix; prefix++) {
        append_wide_row(&body, (char[2]){*prefix}, ROWS_NAMES_KEEP + 10000);
        assert_int_equal(buf_append_char(&body, prefix[1] ? ',' : ']'), 0);
    }
    assert_int_equal(rows_decode(seen.rows, body.bytes, body.length, on_row, &seen, &err), 0);
    assert_string_equal(buf_text(&seen.text), "a1=1\nb70000=1\n\n\ne1=1\n");
    buf_reset(&body);
    append_wide_row(&body, "", ROWS_NAMES_MAX);
    assert_int_equal(rows_decode(seen.rows, body.bytes, body.length, on_row, &seen, &err), -1);
    assert_int_equal(err.kind, ERR_FULL);
    buf_release(&body);
    seen_release(&seen);
}

static int count_row(void *cookie, const struct cell *cells, size_t count)
{
    size_t *rows = cookie;

    for (size_t i = 0; i < count; i++)
        assert_non_null(cells[i].text);
    ++*rows;
    return 0;
}

static void recorded_feeds_become_rows(void **state)
{
    static const struct {
        const char *pattern, *path;
        int files;
        size_t rows; /* counted with Python's json */
        size_t columns;
    } sets[] = {
        {"earthquakes-usgs/all_day/%04d.json", "$.features", 20, 3785, 30},
        {"adsb-dump1090/%04d.json", "$.aircraft", 36, 499, 17},
        {"lametro-predictions/%04d.json", "$.items", 1, 10, 7},
        {"weather-boston/%04d.json", NULL, 17, 17, 35},
    };

    (void)state;
    skip_without_data();
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        struct err err = {.kind = ERR_NONE};
        struct rows *rows = rows_new(FORMAT_JSON, sets[i].path, NULL, &err);
        size_t count = 0;

        for (int file = 1; file <= sets[i].files; file++) {
            char name[256];
            size_t length;
            char *bytes;

            snprintf(name, sizeof name, sets[i].pattern, file);
            bytes = read_data(name, &length);
            if (!bytes)
                fail_msg("%s is missing", name);
            assert_int_equal(rows_judge(bytes, length, NULL), FORMAT_JSON);
            if (rows_decode(rows, bytes, length, count_row, &count, &err))
                fail_msg("%s: %s", name, err.text);
            free(bytes);
        }
        assert_int_equal(count, sets[i].rows);
        assert_int_equal(rows_column_count(rows), sets[i].columns);
        assert_int_equal(rows_counts(rows)->bodies_without_rows, 0);
        rows_free(rows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_becomes_rows),
        cmocka_unit_test(lines_of_json_become_rows),
        cmocka_unit_test(columns_keep_their_place_over_bodies),
        cmocka_unit_test(ill_formed_bodies_fail),
        cmocka_unit_test(a_row_may_say_stop),
        cmocka_unit_test(too_many_columns_are_an_error),
        cmocka_unit_test(names_that_nobody_wants_do_not_pile_up),
        cmocka_unit_test(recorded_feeds_become_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
