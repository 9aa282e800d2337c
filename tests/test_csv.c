#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/columns.h"
#include "export/json_cell.h"
#include "export/table.h"
#include "text_sink.h"

struct cell_case {
    const char *text;
    size_t length; /* 0: strlen */
    const char *cell;
    uint64_t replaced;
};

static void cells_are_quoted_only_where_they_must_be(void **state)
{
    static const struct cell_case cases[] = {
        {"", 0, "", 0},
        {"plain", 0, "plain", 0},
        {" blanks stay ", 0, " blanks stay ", 0},
        {"a;b\tc'd", 0, "a;b\tc'd", 0},
        {"a,b", 0, "\"a,b\"", 0},
        {"say \"hi\"", 0, "\"say \"\"hi\"\"\"", 0},
        {"\"", 0, "\"\"\"\"", 0},
        {"two\nlines", 0, "\"two\nlines\"", 0},
        {"\r", 0, "\"\r\"", 0},
        {"{\"a\":[1,2]}", 0, "\"{\"\"a\"\":[1,2]}\"", 0},
        {"Zürich, Ünïcode", 0, "\"Zürich, Ünïcode\"", 0},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf line;
        uint64_t replaced = 0;

        buf_init(&line, 1024);
        assert_int_equal(csv_cell(&line, cases[i].text, strlen(cases[i].text), &replaced), 0);
        assert_string_equal(buf_text(&line), cases[i].cell);
        assert_int_equal(replaced, cases[i].replaced);
        buf_release(&line);
    }
}

/* Expected values: Unicode 15, table 3-8, and Python's bytes.decode("utf-8", "replace"); but half a
 * surrogate pair, which JSON can spell, is one character that is missing. */
static void bytes_that_are_not_utf8_are_replaced_and_counted(void **state)
{
    static const struct cell_case cases[] = {
        {"caf\xC3\xA9", 5, "caf\xC3\xA9", 0},
        {"caf\xE9", 4, "caf\xEF\xBF\xBD", 1},
        {"\xE9,x", 3, "\"\xEF\xBF\xBD,x\"", 1},
        {"\xC0\xAF", 2, "\xEF\xBF\xBD\xEF\xBF\xBD", 2},
        {"\xE0\x80\x80", 3, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 3},
        {"\xED\xA0\x80", 3, "\xEF\xBF\xBD", 3},
        {"\xF0\x9F\x9A\x8D", 4, "\xF0\x9F\x9A\x8D", 0},
        {"\xF0\x9F\x9A!", 4, "\xEF\xBF\xBD!", 3},
        {"\xF4\x90\x80\x80", 4, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 4},
        {"\xE2\x82", 2, "\xEF\xBF\xBD", 2},
        {"a\x80\x80z", 4, "a\xEF\xBF\xBD\xEF\xBF\xBDz", 2},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf line;
        uint64_t replaced = 0;

        buf_init(&line, 1024);
        assert_int_equal(csv_cell(&line, cases[i].text, cases[i].length, &replaced), 0);
        assert_string_equal(buf_text(&line), cases[i].cell);
        assert_int_equal(replaced, cases[i].replaced);
        buf_release(&line);
    }
}

struct form_case {
    char separator;
    bool is_safe;
    const char *text, *cell;
};

static void each_form_quotes_its_own_separator(void **state)
{
    static const struct form_case cases[] = {
        {'\t', false, "a,b", "a,b"},
        {'\t', false, "a\tb", "\"a\tb\""},
        {'\t', false, "\"", "\"\"\"\""},
        {'\t', false, "a\nb", "\"a\nb\""},
        {'\t', false, "Zürich", "Zürich"},
        {',', false, "a\tb", "a\tb"},
        {',', false, "=1+1", "=1+1"},
        /* safe for spreadsheets */
        {',', true, "=1+1", "'=1+1"},
        {',', true, "  =1+1", "'  =1+1"},
        {',', true, "+x", "'+x"},
        {',', true, "@SUM(A1)", "'@SUM(A1)"},
        {',', true, "-x", "'-x"},
        {',', true, "-", "'-"},
        {',', true, "\tx", "'\tx"},
        {'\t', true, "\tx", "\"'\tx\""},
        {',', true, "\rx", "\"'\rx\""},
        {',', true, "\nx", "\"'\nx\""},
        {',', true, "=a,b", "\"'=a,b\""},
        {',', true, "=\"a\"", "\"'=\"\"a\"\"\""},
        {',', true, "＝1+1", "'＝1+1"},
        {',', true, "=ü", "'=ü"},
        {',', true, "-2+3", "'-2+3"},
        {',', true, "+1 555", "'+1 555"},
        {',', true, " -5", "' -5"},
        {',', true, "-1.", "'-1."},
        {',', true, "-1e", "'-1e"},
        {',', true, "--1", "'--1"},
        {',', true, "+-1", "'+-1"},
        {',', true, "-5", "-5"},
        {',', true, "+5", "+5"},
        {',', true, "-0.25e+10", "-0.25e+10"},
        {',', true, "-1E5", "-1E5"},
        {',', true, "5", "5"},
        {',', true, "a=b", "a=b"},
        {',', true, "", ""},
        {',', true, "  ", "  "},
        {',', true, "'x", "'x"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct csv_form form = {cases[i].separator, cases[i].is_safe};
        struct buf line;

        buf_init(&line, 1024);
        assert_int_equal(csv_cell_as(&line, &form, cases[i].text, strlen(cases[i].text), NULL), 0);
        assert_string_equal(buf_text(&line), cases[i].cell);
        buf_release(&line);
    }
}

struct json_case {
    const char *text;
    bool is_string, is_json;
    const char *cell;
    uint64_t replaced;
};

static void a_cell_of_json_is_what_it_was(void **state)
{
    static const struct json_case cases[] = {
        {"", true, false, "\"\"", 0},
        {"", false, false, "null", 0},
        {"1.50", false, false, "1.50", 0},
        {"-0", false, false, "-0", 0},
        {"1e400", false, false, "1e400", 0},
        {"123456789012345678901234567890", false, false, "123456789012345678901234567890", 0},
        {"1.50", true, false, "\"1.50\"", 0},
        {"true", false, false, "true", 0},
        {"false", false, false, "false", 0},
        {"true", true, false, "\"true\"", 0},
        {"[1,\"a\"]", false, true, "[1,\"a\"]", 0},
        {"a\"b\\c\n\x01", true, false, "\"a\\\"b\\\\c\\n\\u0001\"", 0},
        {"Zürich", true, false, "\"Zürich\"", 0},
        {"caf\xE9", true, false, "\"caf\xEF\xBF\xBD\"", 1},
        /* what a decoder may give without quotes, and JSON has no number for */
        {"nan", false, false, "\"nan\"", 0},
        {"007", false, false, "\"007\"", 0},
        {"-01", false, false, "\"-01\"", 0},
        {"1.", false, false, "\"1.\"", 0},
        {"+1", false, false, "\"+1\"", 0},
        {"-", false, false, "\"-\"", 0},
        {"ROUTE", false, false, "\"ROUTE\"", 0},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct cell cell = {.text = cases[i].text,
                                  .length = strlen(cases[i].text),
                                  .is_string = cases[i].is_string,
                                  .is_json = cases[i].is_json};
        uint64_t replaced = 0;
        struct buf out;

        buf_init(&out, 1024);
        assert_int_equal(json_cell(&out, &cell, &replaced), 0);
        assert_string_equal(buf_text(&out), cases[i].cell);
        assert_int_equal(replaced, cases[i].replaced);
        buf_release(&out);
    }
}

static void a_cell_that_does_not_fit_leaves_the_line_as_it_was(void **state)
{
    struct buf line;

    (void)state;
    buf_init(&line, 8);
    assert_int_equal(buf_append_text(&line, "abc,"), 0);
    assert_int_equal(csv_cell(&line, "\"\"\"\"", 4, NULL), -1);
    assert_string_equal(buf_text(&line), "abc,");
    buf_release(&line);
}

static void payload_columns_named_like_ours_are_renamed(void **state)
{
    static const char *const names[] = {"id",  "feed",         "status",     "call_time",
                                        "id",  "payload.feed", "payload.id", "payload.payload.feed",
                                        "feed"};
    static const uint32_t places[] = {0, 1, 2, 3, 0, 4, 5, 6, 1};
    struct columns columns;
    struct buf line;
    size_t i;

    (void)state;
    columns_init(&columns);
    assert_int_equal(columns_add_own(&columns, "feed", NULL), 0);
    assert_int_equal(columns_add_own(&columns, "call_time", NULL), 0);
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint32_t place;

        assert_int_equal(columns_place(&columns, names[i], &place, NULL), 0);
        assert_int_equal(place, places[i]);
    }
    buf_init(&line, 1024);
    assert_int_equal(columns_write(&columns, &(struct csv_form){.separator = ','}, &line), 0);
    assert_string_equal(buf_text(&line),
                        "feed,call_time,id,payload.feed,status,payload.call_time,"
                        "payload.payload.feed,payload.id,payload.payload.payload.feed\n");
    buf_release(&line);
    columns_release(&columns);
}

static void thousands_of_columns_keep_their_places(void **state)
{
    struct columns columns;
    uint32_t place, i;
    char name[32];
    int round;

    (void)state;
    columns_init(&columns);
    assert_int_equal(columns_add_own(&columns, "feed", NULL), 0);
    for (round = 0; round < 2; round++) {
        for (i = 0; i < 5000; i++) {
            snprintf(name, sizeof name, "column.%u", i);
            assert_int_equal(columns_place(&columns, name, &place, NULL), 0);
            assert_int_equal(place, i);
        }
    }
    columns.is_fixed = true;
    assert_int_equal(columns_place(&columns, "late", &place, NULL), 0);
    assert_int_equal(place, COLUMN_NONE);
    assert_int_equal(columns_payload_count(&columns), 5000);
    columns_release(&columns);
}

static void too_many_columns_are_refused_with_the_remedy(void **state)
{
    struct columns columns;
    struct err err = {0};
    uint32_t place, i;
    char name[32];

    (void)state;
    columns_init(&columns);
    for (i = 0; i < COLUMNS_MAX; i++) {
        snprintf(name, sizeof name, "%u", i);
        assert_int_equal(columns_place(&columns, name, &place, &err), 0);
    }
    assert_int_equal(columns_place(&columns, "one more", &place, &err), -1);
    assert_int_equal(err.kind, ERR_FULL);
    assert_non_null(strstr(err.text, "--columns"));
    columns_release(&columns);
}

static void fill(struct table *table)
{
    struct err err = {0};

    assert_int_equal(table_text(table, "a\"b", &err), 0);
    assert_int_equal(table_number(table, 7, &err), 0);
    assert_int_equal(table_instant(table, zone_utc(), AT_NONE, &err), 0);
    assert_int_equal(table_text(table, "", &err), 0);
    assert_int_equal(table_number(table, 0, &err), 0);
    assert_int_equal(table_instant(table, zone_utc(), 0, &err), 0);
    assert_int_equal(table_finish(table, &err), 0);
}

static void a_table_is_csv_or_json(void **state)
{
    static const char *const columns[] = {"name", "count", "at", NULL};
    struct text_sink text;
    struct table table;

    (void)state;
    text_sink_init(&text);
    assert_int_equal(table_start(&table, columns, false, &text.sink, NULL, NULL), 0);
    fill(&table);
    table_release(&table);
    assert_string_equal(text_sink_text(&text), "name,count,at\n\"a\"\"b\",7,\n"
                                               ",0,1970-01-01T00:00:00.000000+00:00\n");
    text_sink_release(&text);
    text_sink_init(&text);
    assert_int_equal(table_start(&table, columns, true, &text.sink, NULL, NULL), 0);
    fill(&table);
    table_release(&table);
    assert_string_equal(
        text_sink_text(&text),
        "[\n{\"name\": \"a\\\"b\", \"count\": 7, \"at\": null},\n"
        "{\"name\": null, \"count\": 0, \"at\": \"1970-01-01T00:00:00.000000+00:00\"}\n]\n");
    text_sink_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_quoted_only_where_they_must_be),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced_and_counted),
        cmocka_unit_test(each_form_quotes_its_own_separator),
        cmocka_unit_test(a_cell_of_json_is_what_it_was),
        cmocka_unit_test(a_cell_that_does_not_fit_leaves_the_line_as_it_was),
        cmocka_unit_test(payload_columns_named_like_ours_are_renamed),
        cmocka_unit_test(thousands_of_columns_keep_their_places),
        cmocka_unit_test(too_many_columns_are_refused_with_the_remedy),
        cmocka_unit_test(a_table_is_csv_or_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
