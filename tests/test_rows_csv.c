#include "tests/rows_examples.h"

static const struct example csv_examples[] = {
    {"a table", NULL, NULL, "a,b\n1,x\n2,\n", "a,b", "a='1' b='x'\na='2' b=''\n", {0}},
    {"no end of line at the end", NULL, NULL, "a,b\r\n1,x", "a,b", "a='1' b='x'\n", {0}},
    {"line ends of all kinds", "$", NULL, "a\r1\n2\r\n3", "a", "a='1'\na='2'\na='3'\n", {0}},
    {"empty lines",
     NULL,
     NULL,
     "\n\r\na,b\n\n1,2\r\n\r\n\r\r3,4\n\n",
     "a,b",
     "a='1' b='2'\na='3' b='4'\n",
     {0}},
    {"a line of an empty quoted cell", NULL, NULL, "a\n\"\"\n", "a", "a=''\n", {0}},
    {"a byte order mark", NULL, NULL, "\xEF\xBB\xBF\"a\",b\n1,2\n", "a,b", "a='1' b='2'\n", {0}},
    {"quotes",
     NULL,
     NULL,
     "\"a\",\"b \"\"c\"\"\"\n\"1,\n\r\n\",\"\"\"\"\n\"\",\"x\"\"\"\n",
     "a,b \"c\"",
     "a='1,\n\r\n' b \"c\"='\"'\na='' b \"c\"='x\"'\n",
     {0}},
    {"a quote inside a cell",
     NULL,
     NULL,
     "a,b\n37.8\"N, \"x\"\n",
     "a,b",
     "a='37.8\"N' b=' \"x\"'\n",
     {0}},
    {"short rows and long rows",
     NULL,
     NULL,
     "a,b\n1\n1,2,3,4\n1,2,3\n",
     "a,b,2,3",
     "a='1'\na='1' b='2' 2='3' 3='4'\na='1' b='2' 2='3'\n",
     {0}},
    {"columns without a name", NULL, NULL, ",b,\n0,1,2\n", "0,b,2", "0='0' b='1' 2='2'\n", {0}},
    {"two columns of one name",
     NULL,
     NULL,
     "a,b,a\n1,2,3\n",
     "a,b",
     "a='3' b='2'\n",
     {.duplicate_cells = 1}},
    {"no rows", NULL, NULL, "a,b\n", "a,b", "", {0}},
    {"given columns", NULL, "[\"b\",\"z\"]", "a,b,c\n1,2,3\n", "b,z", "b='2'\n", {0}},
    {"not UTF-8", NULL, NULL, "a\n\xFF\n", "a", "a='\xFF'\n", {0}},
};

static void csv_becomes_rows(void **state)
{
    (void)state;
    CHECK_EXAMPLES(FORMAT_CSV, csv_examples);
}

static void ill_formed_csv_gives_no_row(void **state)
{
    static const struct {
        const char *body, *says;
    } mistakes[] = {
        {"", "line 1: there is no line that names the columns"},
        {"\n\r\n", "line 3: there is no line that names the columns"},
        {"a,b\n1,2\n\"3\n\n,4\n", "line 3: a quote that is never closed"},
        {"a,b\n1,2\n\"x\n\"y,4\n", "line 4: text behind a quote that closes"},
        {"\"", "line 1: a quote that is never closed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        struct seen seen;
        struct err err;

        seen_init(&seen);
        seen.rows = rows_new(FORMAT_CSV, NULL, NULL, &err);
        assert_int_equal(
            rows_decode(seen.rows, mistakes[i].body, strlen(mistakes[i].body), on_row, &seen, &err),
            -1);
        assert_int_equal(err.kind, ERR_INPUT);
        assert_string_equal(err.text, mistakes[i].says);
        assert_int_equal(seen.count, 0);
        seen_release(&seen);
    }
}

static void a_header_that_changes_adds_columns(void **state)
{
    struct seen seen;
    struct buf names;
    struct err err;

    (void)state;
    seen_init(&seen);
    seen.rows = rows_new(FORMAT_CSV, NULL, NULL, &err);
    assert_int_equal(rows_decode(seen.rows, "a,b\n1,2\n", 8, on_row, &seen, &err), 0);
    assert_int_equal(rows_decode(seen.rows, "c,a\n3,4\n", 8, on_row, &seen, &err), 0);
    assert_string_equal(buf_text(&seen.text), "a='1' b='2'\nc='3' a='4'\n");
    assert_string_equal(columns_of(seen.rows, &names), "a,b,c");
    buf_release(&names);
    seen_release(&seen);
}

static void nul_in_a_name_is_replaced(void **state)
{
    struct seen seen;
    struct err err;

    (void)state;
    seen_init(&seen);
    seen.rows = rows_new(FORMAT_CSV, NULL, NULL, &err);
    assert_int_equal(rows_decode(seen.rows, "a\0b,c\n1,\0\n", 10, on_row, &seen, &err), 0);
    assert_int_equal(rows_column_count(seen.rows), 2);
    assert_string_equal(rows_column_name(seen.rows, 0), "a\xEF\xBF\xBD"
                                                        "b");
    assert_memory_equal(seen.text.bytes + seen.text.length - 6, "c='\0'\n", 6);
    seen_release(&seen);
}

static const struct example digest_examples[] = {
    {"nothing",
     NULL,
     NULL,
     "",
     "bytes,sha256",
     "bytes=0 sha256='e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'\n",
     {0}},
    {"text",
     "$",
     NULL,
     "abc",
     "bytes,sha256",
     "bytes=3 sha256='ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'\n",
     {0}},
    {"one column", NULL, "[\"bytes\"]", "abc", "bytes", "bytes=3\n", {0}},
};

static void other_bodies_are_a_row_of_what_is_known(void **state)
{
    (void)state;
    CHECK_EXAMPLES(FORMAT_TEXT, digest_examples);
    CHECK_EXAMPLES(FORMAT_BINARY, digest_examples);
}

static void paths_are_refused(void **state)
{
    static const enum feed_format formats[] = {FORMAT_CSV, FORMAT_TEXT, FORMAT_BINARY};
    static const char *const wrongs[] = {"{\"b\":\"$.a\"}",
                                         "{\"b\":\"@.a[0]\"}",
                                         "{\"b\":\"@.*\"}",
                                         "{\"b\":\"@\"}",
                                         "{\"b\":1}",
                                         "{\"b\":\"@.x[\"}",
                                         "{\"a\":\"@.a.b\",\"b\":\"@['a.b']\"}"};

    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct err err = {.kind = ERR_NONE};

        assert_null(rows_new(formats[i], "$.a", NULL, &err));
        assert_int_equal(err.kind, ERR_INPUT);
        for (size_t j = 0; j < sizeof wrongs / sizeof wrongs[0]; j++) {
            assert_null(rows_new(formats[i], NULL, wrongs[j], &err));
            assert_int_equal(err.kind, ERR_INPUT);
            assert_ptr_equal(strstr(err.text, "column \"b\": "), err.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_becomes_rows),
        cmocka_unit_test(ill_formed_csv_gives_no_row),
        cmocka_unit_test(a_header_that_changes_adds_columns),
        cmocka_unit_test(nul_in_a_name_is_replaced),
        cmocka_unit_test(other_bodies_are_a_row_of_what_is_known),
        cmocka_unit_test(paths_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
