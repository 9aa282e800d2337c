#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

static void characters_and_what_is_none_have_a_length(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        bool is_valid;
    } cases[] = {
        {"a", 1, true},
        {"\x7F", 1, true},
        {"\xC2\x80", 2, true},
        {"\xDF\xBF", 2, true},
        {"\xE0\xA0\x80", 3, true},
        {"\xED\x9F\xBF", 3, true},
        {"\xEE\x80\x80", 3, true},
        {"\xF0\x90\x80\x80", 4, true},
        {"\xF4\x8F\xBF\xBF", 4, true},
        {"\x80", 1, false},                /* nothing that it continues */
        {"\xC1\xBF", 1, false},            /* overlong */
        {"\xE0\x9F\xBF", 1, false},        /* overlong */
        {"\xF0\x8F\xBF\xBF", 1, false},    /* overlong */
        {"\xED\xA0\x80", 3, false},        /* a surrogate */
        {"\xF4\x90\x80\x80", 1, false},    /* above U+10FFFF */
        {"\xF5\x80\x80\x80", 1, false},    /* above U+10FFFF */
        {"\xE2\x82", 2, false},            /* cut short */
        {"\xE2\x82\x28", 2, false},        /* broken off */
        {"\xF0\x9F\x9A\x2E", 3, false},    /* broken off */
        {"\xF0\x9F\x9A\x8C\x8C", 4, true}, /* only the first counts */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool is_valid = !cases[i].is_valid;

        assert_int_equal(utf8_char(cases[i].text, strlen(cases[i].text), &is_valid),
                         cases[i].length);
        assert_int_equal(is_valid, cases[i].is_valid);
    }
}

static void texts_are_valid_up_to_their_first_fault(void **state)
{
    (void)state;
    assert_int_equal(utf8_valid("", 0), 0);
    assert_int_equal(utf8_valid("a\0b", 3), 3);
    assert_int_equal(utf8_valid("M\xC3\xBCnchen", 8), 8);
    assert_int_equal(utf8_valid("M\xFCnchen", 7), 1);
    assert_int_equal(utf8_valid("M\xC3\xBCnchen", 2), 1);
}

static void a_cut_keeps_characters_whole(void **state)
{
    static const char text[] = "a\xC3\xBC\xF0\x9F\x9A\x8C";
    static const size_t kept[] = {0, 1, 1, 3, 3, 3, 3, 7};

    (void)state;
    for (size_t most = 0; most < sizeof kept / sizeof *kept; most++)
        assert_int_equal(utf8_cut(text, most), kept[most]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_and_what_is_none_have_a_length),
        cmocka_unit_test(texts_are_valid_up_to_their_first_fault),
        cmocka_unit_test(a_cut_keeps_characters_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
