#include "base/json_path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *text, *normal;
} forms[] = {
    {"$", "$"},
    {"@", "@"},
    {"$.a.b_c[0][*].*", "$.a.b_c[0][*].*"},
    {"@.stop_time_update.0", "@.stop_time_update.0"},
    {"$.data.20-01", "$.data.20-01"},
    {"$.-a._.\xC3\xA4", "$.-a._.\xC3\xA4"},
    {"$['a']", "$.a"},
    {"$[\"a\"][ 12 ][\t'b'\n]", "$.a[12].b"},
    {"$['odd name']", "$['odd name']"},
    {"$['']", "$['']"},
    {"$['*']", "$['*']"},
    {"$['a.b']", "$['a.b']"},
    {"$[\"it's\"]", "$['it\\'s']"},
    {"$['it\\'s \"q\"']", "$['it\\'s \"q\"']"},
    {"$[\"\\\"\"]", "$['\"']"},
    {"$['\\b\\f\\n\\r\\t\\/\\\\']", "$['\\b\\f\\n\\r\\t/\\\\']"},
    {"$['\\u0000\\u001F\\u0041\\u00e4']", "$['\\u0000\\u001fA\xC3\xA4']"},
    {"$['\\ud83d\\uDE00']", "$.\xF0\x9F\x98\x80"},
    {"$[0]", "$[0]"},
    {"$[9007199254740991]", "$[9007199254740991]"},
};

static void a_path_is_read_and_written_in_its_normal_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct json_path path;
        struct err err = {0};
        struct buf out;

        buf_init(&out, 256);
        for (int round = 0; round < 2; round++) {
            const char *text = round ? forms[i].normal : forms[i].text;

            if (json_path_parse(&path, text, &err))
                fail_msg("%s: %s", text, err.text);
            buf_reset(&out);
            assert_int_equal(json_path_write(&path, &out), 0);
            assert_string_equal(buf_text(&out), forms[i].normal);
            json_path_release(&path);
        }
        buf_release(&out);
    }
}

static void steps_are_what_they_look_like(void **state)
{
    struct json_path path;

    (void)state;
    assert_int_equal(json_path_parse(&path, "$['a\\u0000b'][7][*].*", NULL), 0);
    assert_false(path.is_relative);
    assert_int_equal(path.count, 4);
    assert_int_equal(path.steps[0].kind, STEP_NAME);
    assert_int_equal(path.steps[0].length, 3);
    assert_memory_equal(path.steps[0].name, "a\0b", 4);
    assert_int_equal(path.steps[1].kind, STEP_INDEX);
    assert_int_equal(path.steps[1].index, 7);
    assert_int_equal(path.steps[2].kind, STEP_ANY_INDEX);
    assert_int_equal(path.steps[3].kind, STEP_ANY_NAME);
    json_path_release(&path);
    assert_int_equal(path.count, 0);
    assert_int_equal(json_path_parse(&path, "@", NULL), 0);
    assert_true(path.is_relative);
    json_path_release(&path);
}

static const struct {
    const char *text, *mistake;
} mistakes[] = {
    {"", "column 1: a path starts with \"$\" or \"@\""},
    {"a.b", "column 1: a path starts with \"$\" or \"@\""},
    {" $", "column 1: a path starts with \"$\" or \"@\""},
    {"$a", "column 2: expected \".\" or \"[\""},
    {"$.a b", "column 4: expected \".\" or \"[\""},
    {"$.a ", "column 4: expected \".\" or \"[\""},
    {"$.", "column 3: expected a name or \"*\" after the dot"},
    {"$.'a'", "column 3: expected a name or \"*\" after the dot"},
    {"$.a.[0]", "column 5: expected a name or \"*\" after the dot"},
    {"$..a", "column 2: \"..\" is not supported"},
    {"$.*a", "column 4: expected \".\" or \"[\""},
    {"$.\xE4", "column 3: the name is not UTF-8"},
    {"$['\xE4']", "column 4: the name is not UTF-8"},
    {"$['\\ud800']", "column 4: the name is not UTF-8"},
    {"$.a[0", "column 6: expected \"]\""},
    {"$.a[0x]", "column 6: expected \"]\""},
    {"$['a'", "column 6: expected \"]\""},
    {"$[", "column 3: expected an index, \"*\" or a name in quotes"},
    {"$[]", "column 3: expected an index, \"*\" or a name in quotes"},
    {"$[a]", "column 3: expected an index, \"*\" or a name in quotes"},
    {"$[01]", "column 3: an index may not start with 0"},
    {"$[-1]", "column 3: an index from the end is not supported"},
    {"$[9007199254740992]", "column 3: the index is too large"},
    {"$[99999999999999999999999]", "column 3: the index is too large"},
    {"$[0:2]", "column 4: slices are not supported"},
    {"$[0,1]", "column 4: several selectors in one bracket are not supported"},
    {"$[?@.a]", "column 3: filters are not supported"},
    {"$['a]", "column 3: the name has no closing quote"},
    {"$['a\\']", "column 3: the name has no closing quote"},
    {"$['a\\\"']", "column 5: not an escape that JSON has"},
    {"$['\\x']", "column 4: not an escape that JSON has"},
    {"$['\\u12']", "column 4: not an escape that JSON has"},
    {"$['\\", "column 4: not an escape that JSON has"},
    {"$['a\tb']", "column 5: a control character in a name needs an escape"},
};

static void a_mistake_names_its_column(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct json_path path;
        struct err err = {0};

        if (json_path_parse(&path, mistakes[i].text, &err) == 0)
            fail_msg("%s was taken", mistakes[i].text);
        assert_int_equal(err.kind, ERR_INPUT);
        assert_string_equal(err.text, mistakes[i].mistake);
        assert_null(path.steps);
        json_path_release(&path);
    }
}

static void a_path_may_be_as_deep_as_a_document(void **state)
{
    char text[1 + 65 * 2 + 1] = "$";
    struct json_path path;
    struct err err;

    (void)state;
    for (size_t i = 0; i < 65; i++)
        memcpy(text + 1 + 2 * i, ".a", 3);
    text[1 + 2 * 64] = '\0';
    assert_int_equal(json_path_parse(&path, text, &err), 0);
    assert_int_equal(path.count, 64);
    json_path_release(&path);
    text[1 + 2 * 64] = '.';
    assert_int_equal(json_path_parse(&path, text, &err), -1);
    assert_string_equal(err.text, "column 132: a path has 64 steps at most");
}

static void a_full_buffer_is_an_answer(void **state)
{
    struct json_path path;

    (void)state;
    assert_int_equal(json_path_parse(&path, "$.a[0]['\\n\\u0001 '][*].*", NULL), 0);
    for (size_t most = 0; most < strlen("$.a[0]['\\n\\u0001 '][*].*"); most++) {
        struct buf out;
        buf_init(&out, most);
        assert_int_equal(json_path_write(&path, &out), -1);
        buf_release(&out);
    }
    json_path_release(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_read_and_written_in_its_normal_form),
        cmocka_unit_test(steps_are_what_they_look_like),
        cmocka_unit_test(a_mistake_names_its_column),
        cmocka_unit_test(a_path_may_be_as_deep_as_a_document),
        cmocka_unit_test(a_full_buffer_is_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
