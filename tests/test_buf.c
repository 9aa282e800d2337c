#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"

static void what_is_appended_is_there(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 100);
    assert_string_equal(buf_text(&buf), "");
    assert_int_equal(buf_append(&buf, "ab\0c", 4), 0);
    assert_int_equal(buf_append_char(&buf, 'd'), 0);
    assert_int_equal(buf_append_text(&buf, "ef"), 0);
    assert_int_equal(buf_append_text(&buf, ""), 0);
    assert_int_equal(buf_append(&buf, NULL, 0), 0);
    assert_int_equal(buf_printf(&buf, "%d-%s", 7, "g"), 0);
    assert_int_equal(buf.length, 10);
    assert_memory_equal(buf_text(&buf), "ab\0cdef7-g", 11);
    buf_reset(&buf);
    assert_int_equal(buf.length, 0);
    assert_string_equal(buf_text(&buf), "");
    buf_release(&buf);
}

static void the_maximum_holds_and_a_failure_changes_nothing(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 8);
    assert_int_equal(buf_append_text(&buf, "12345"), 0);
    assert_int_equal(buf_append_text(&buf, "6789"), -1);
    assert_int_equal(buf_printf(&buf, "%s", "6789"), -1);
    assert_null(buf_reserve(&buf, 4));
    assert_null(buf_reserve(&buf, SIZE_MAX));
    assert_string_equal(buf_text(&buf), "12345");
    assert_int_equal(buf_printf(&buf, "%s", "678"), 0);
    assert_int_equal(buf.length, 8);
    assert_int_equal(buf_append_char(&buf, '9'), -1);
    assert_int_equal(buf_append_text(&buf, ""), 0);
    assert_int_equal(buf_printf(&buf, "%s", ""), 0);
    assert_string_equal(buf_text(&buf), "12345678"); /* full, and its zero has room */
    assert_true(buf.capacity <= 9);
    buf_release(&buf);
}

static void a_buf_without_a_maximum_holds_nothing(void **state)
{
    struct buf buf = {0};

    (void)state;
    assert_int_equal(buf_append_char(&buf, 'x'), -1);
    assert_int_equal(buf_printf(&buf, "x"), -1);
    assert_string_equal(buf_text(&buf), "");
    buf_release(&buf);
    buf_release(&buf);
}

static void every_length_up_to_some_pages_can_be_reached_in_pieces(void **state)
{
    static const size_t pieces[] = {1, 7, 63, 64, 65, 4096};

    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        char piece[4096];
        struct buf buf;

        buf_init(&buf, 10000);
        memset(piece, 'a' + (int)i, sizeof piece);
        while (buf.length + pieces[i] <= 10000) {
            char *to = buf_reserve(&buf, pieces[i]);

            assert_non_null(to);
            memcpy(to, piece, pieces[i]);
            buf.length += pieces[i];
        }
        assert_null(buf_reserve(&buf, pieces[i]));
        assert_int_equal(strspn(buf_text(&buf), (char[]){(char)('a' + i), '\0'}), buf.length);
        buf_release(&buf);
    }
}

static void printf_grows_by_what_it_needs(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 1 << 20);
    for (int width = 0; width < 300; width++) {
        size_t before = buf.length;

        assert_int_equal(buf_printf(&buf, "%*d", width, 5), 0);
        assert_int_equal(buf.length - before, width ? width : 1);
        assert_int_equal(buf.bytes[buf.length - 1], '5');
    }
    buf_release(&buf);
}

static void taken_bytes_are_the_callers(void **state)
{
    struct buf buf;
    size_t length = 9;
    char *bytes;

    (void)state;
    buf_init(&buf, 100);
    bytes = buf_take(&buf, &length); /* of an empty buf */
    assert_non_null(bytes);
    assert_int_equal(length, 0);
    free(bytes);
    assert_int_equal(buf_append_text(&buf, "body"), 0);
    bytes = buf_take(&buf, &length);
    assert_int_equal(length, 4);
    assert_memory_equal(bytes, "body", 4);
    free(bytes);
    assert_int_equal(buf.length, 0);
    assert_int_equal(buf_append_text(&buf, "next"), 0);
    assert_string_equal(buf_text(&buf), "next");
    buf_release(&buf);
}

static void an_err_is_told_from_the_outside_in(void **state)
{
    struct err err = {0};

    (void)state;
    assert_int_equal(err_set(&err, ERR_IO, "cannot open \"%s\": %s", "x", strerror(ENOENT)), -1);
    assert_int_equal(err_within(&err, "%s:%d", "feeds/a.json", 7), -1);
    assert_int_equal(err.kind, ERR_IO);
    assert_string_equal(err.text, "feeds/a.json:7: cannot open \"x\": No such file or directory");
    /* Its own text may be an argument. */
    assert_int_equal(err_set(&err, ERR_INPUT, "(%s)", err.text), -1);
    assert_string_equal(err.text, "(feeds/a.json:7: cannot open \"x\": No such file or directory)");
    assert_int_equal(err_memory(&err), -1);
    assert_string_equal(err.text, "out of memory");
    assert_int_equal(err.kind, ERR_MEMORY);
    assert_int_equal(err_set(NULL, ERR_IO, "x"), -1);
    assert_int_equal(err_within(NULL, "x"), -1);
}

static void a_long_err_is_cut_at_its_end(void **state)
{
    struct err err = {0};
    char most[3000];

    (void)state;
    memset(most, 'm', sizeof most - 1);
    most[sizeof most - 1] = '\0';
    err_set(&err, ERR_IO, "%s", most);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    for (int i = 0; i < 3; i++)
        err_within(&err, "context %d", i);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_memory_equal(err.text, "context 2: context 1: context 0: mmm", 36);
    err_within(&err, "%s", most);
    assert_true(strlen(err.text) < sizeof err.text);
    assert_int_equal(strspn(err.text, "m"), sizeof err.text - 3);
}

static const struct {
    enum err_kind kind;
    int code;
} codes[] = {
    {ERR_NONE, 0},  {ERR_USAGE, 2},   {ERR_CONFIG, 78}, {ERR_ABSENT, 1},
    {ERR_NEWER, 1}, {ERR_DAMAGED, 1}, {ERR_IN_USE, 75}, {ERR_FULL, 1},
    {ERR_INPUT, 1}, {ERR_MEMORY, 1},  {ERR_IO, 1},
};

static void every_kind_has_its_exit_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        assert_int_equal(err_exit_code(codes[i].kind), codes[i].code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_appended_is_there),
        cmocka_unit_test(the_maximum_holds_and_a_failure_changes_nothing),
        cmocka_unit_test(a_buf_without_a_maximum_holds_nothing),
        cmocka_unit_test(every_length_up_to_some_pages_can_be_reached_in_pieces),
        cmocka_unit_test(printf_grows_by_what_it_needs),
        cmocka_unit_test(taken_bytes_are_the_callers),
        cmocka_unit_test(an_err_is_told_from_the_outside_in),
        cmocka_unit_test(a_long_err_is_cut_at_its_end),
        cmocka_unit_test(every_kind_has_its_exit_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
