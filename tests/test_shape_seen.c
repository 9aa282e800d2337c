#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/shape_seen.h"
#include "feeds/rows.h"

struct shape_case {
    const char *before, *after;
    bool is_known;
};

static void a_body_is_known_if_all_its_ways_are(void **state)
{
    static const struct shape_case cases[] = {
        {"{\"a\":1}", "{\"a\":2}", true},
        {"{\"a\":1}", " { \"a\" : \"x,{[\\\"\" }\n", true},
        {"{\"a\":1,\"b\":2}", "{\"b\":3}", true},
        {"[{\"a\":1},{\"b\":[1,2]}]", "[{\"b\":[3,4,5,6],\"a\":null},{\"a\":0},{}]", true},
        {"{\"a\":{\"b\":{\"c\":1}}}", "{\"a\":{\"b\":{\"c\":false}}}", true},
        {"{\"a\":1}\n{\"b\":1}", "{\"b\":1}\n{\"a\":1}\n{\"a\":2}", true},
        {"1", "2", true},
        {"{\"a\\\\\":1,\"b\":2}", "{\"a\\\\\":\"\\\\\",\"b\":\"\\\\\\\"\"}", true},
        {"[[1,2],[3]]", "[[4],[5,6]]", true},
        /* a name, or the same one elsewhere */
        {"{\"a\":1}", "{\"b\":1}", false},
        {"{\"a\":{\"b\":1},\"c\":{\"d\":1}}", "{\"a\":{\"d\":1}}", false},
        {"{\"a\":{\"b\":1}}", "{\"b\":1}", false},
        {"{\"a\":[{\"b\":1}]}", "{\"a\":{\"b\":1}}", false},
        {"{\"a\":1}", "{\"a\":1}\n{\"b\":1}", false},
        {"{\"a\":\"b\"}", "{\"a\":\"b\",\"b\":1}", false},
        {"{\"a\":\"\\\"\",\"b\":1}", "{\"a\":\"\\\\\",\"c\":1}", false},
        /* another kind of value: other columns */
        {"{\"a\":{\"b\":1}}", "{\"a\":1}", false},
        {"{\"a\":1}", "{\"a\":{}}", false},
        {"{\"a\":1}", "{\"a\":[]}", false},
        {"[]", "{}", false},
        {"[{}]", "[{},1]", false},
        {"[{}]", "[{},[]]", false},
        /* the elements of a row that is an array are columns, 0, 1 and so on */
        {"[[1,2]]", "[[1,2,3]]", false},
        {"[[{\"a\":1},{\"b\":1}]]", "[[{\"b\":1}]]", false},
        /* nothing, and what is cut off */
        {"{}", "", true},
        {"{\"a\":1}", "{\"a\":1,\"b", false},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct shape_case *c = &cases[i];
        struct shape_seen seen = {0};

        assert_false(shape_seen_has(&seen, c->after, strlen(c->after)));
        shape_seen_add(&seen, c->before, strlen(c->before));
        assert_true(shape_seen_has(&seen, c->before, strlen(c->before)));
        if (shape_seen_has(&seen, c->after, strlen(c->after)) != c->is_known)
            fail_msg("after %s, %s", c->before, c->after);
        shape_seen_release(&seen);
    }
}

static void names_that_are_data_are_given_up(void **state)
{
    enum { BODIES = 3 * SHAPE_WAYS_MAX };
    struct shape_seen seen = {0};
    char body[64];
    int length, i;

    (void)state;
    for (i = 0; i < BODIES; i++) {
        length = snprintf(body, sizeof body, "{\"id-%d\":{\"n\":1}}", i);
        shape_seen_add(&seen, body, (size_t)length);
    }
    assert_true(seen.names.count <= SHAPE_WAYS_MAX);
    assert_false(shape_seen_has(&seen, body, (size_t)length));
    shape_seen_release(&seen);
}

static void depth_without_end_is_given_up(void **state)
{
    struct shape_seen seen = {0};
    char body[4096];

    (void)state;
    memset(body, '[', sizeof body);
    shape_seen_add(&seen, body, sizeof body);
    assert_false(shape_seen_has(&seen, body, sizeof body));
    shape_seen_release(&seen);
}

static void make_value(struct buf *out, unsigned *dice, int depth)
{
    unsigned throw = (*dice = *dice * 1103515245 + 12345) >> 16, count = throw / 8 % 4;

    if (throw % 8 < 3 || depth == 0) {
        buf_append_text(out, throw % 2 ? "1" : "\"s\"");
        return;
    }
    buf_append_char(out, throw % 2 ? '[' : '{');
    while (count--) {
        if (throw % 2 == 0)
            buf_printf(out, "\"%c\":", "abc"[count]);
        make_value(out, dice, depth - 1);
        if (count)
            buf_append_char(out, ',');
    }
    buf_append_char(out, throw % 2 ? ']' : '}');
}

static size_t count_columns(struct rows *rows, const struct buf *body)
{
    struct err err = {0};

    assert_int_equal(rows_decode(rows, body->bytes, body->length, NULL, NULL, &err), 0);
    return rows_column_count(rows);
}

/* Against the decoder itself, whose columns are what this is about. */
static void a_known_body_has_no_new_column(void **state)
{
    static const char *const paths[] = {NULL,  "$",     "$.a",    "$[*]",
                                        "$.*", "$.a.*", "$[*].b", "$.a[*]"};
    unsigned dice = 1, known = 0;
    struct buf body;
    size_t path;
    int i;

    (void)state;
    buf_init(&body, 1 << 20);
    for (path = 0; path < sizeof paths / sizeof paths[0]; path++) {
        struct rows *rows = NULL;
        struct shape_seen seen = {0};

        for (i = 0; i < 4000; i++) {
            size_t before;

            /* Anew now and then: what is seen soon is everything. */
            if (i % 40 == 0) {
                rows_free(rows);
                shape_seen_release(&seen);
                rows = rows_new(FORMAT_JSON, paths[path], NULL, NULL);
                assert_non_null(rows);
            }
            buf_reset(&body);
            make_value(&body, &dice, 4);
            before = rows_column_count(rows);
            if (shape_seen_has(&seen, body.bytes, body.length)) {
                known++;
                if (count_columns(rows, &body) != before)
                    fail_msg("path %s: %s", paths[path] ? paths[path] : "none", buf_text(&body));
            } else {
                count_columns(rows, &body);
                shape_seen_add(&seen, body.bytes, body.length);
            }
        }
        rows_free(rows);
        shape_seen_release(&seen);
    }
    assert_true(known > 1000);
    buf_release(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_known_if_all_its_ways_are),
        cmocka_unit_test(names_that_are_data_are_given_up),
        cmocka_unit_test(depth_without_end_is_given_up),
        cmocka_unit_test(a_known_body_has_no_new_column),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
