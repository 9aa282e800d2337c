#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Parses a text from a block of exactly its size, so that a byte read too far is seen. */
static struct json *parse(const char *text, size_t length, struct json_mistake *mistake)
{
    char *copy = malloc(length ? length : 1);
    struct json *json;

    assert_non_null(copy);
    memcpy(copy, text, length);
    json = json_parse(copy, length, mistake);
    free(copy);
    return json;
}

static struct json *parse_text(const char *text)
{
    struct json_mistake mistake;
    struct json *json = parse(text, strlen(text), &mistake);

    if (!json)
        fail_msg("%s: %d:%d: %s", text, mistake.line, mistake.column, mistake.text);
    return json;
}

static void assert_writes(const struct json *json, const char *text)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    assert_int_equal(json_write(&out, json), 0);
    assert_string_equal(buf_text(&out), text);
    buf_release(&out);
}

static void a_tree_keeps_everything_that_was_written(void **state)
{
    static const struct {
        const char *text, *compact;
    } cases[] = {
        {"{}", "{}"},
        {" [ ] ", "[]"},
        {"\xEF\xBB\xBF[1]", "[1]"},
        {"42", "42"},
        {"true // yes", "true"},
        {"/* a */ {/**/\"a\" /***/ : // b\n [1.50, -0, 1E400, 123456789012345678901] } /* c */",
         "{\"a\":[1.50,-0,1E400,123456789012345678901]}"},
        {"{\"a\":1,\"b\":null,\"a\":false}", "{\"a\":1,\"b\":null,\"a\":false}"},
        {"\"\\u00e4\\ud83d\\ude00\\/\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\\u007f\"",
         "\"\xC3\xA4\xF0\x9F\x98\x80/\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\""},
        {"\"\\ud7ff\\ue000\\uD800\\uDC00\\udbff\\uDFFF\"",
         "\"\xED\x9F\xBF\xEE\x80\x80\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\""},
        {"[\"// no comment\", \"/* none */\"]", "[\"// no comment\",\"/* none */\"]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json *json = parse_text(cases[i].text), *clone = json_clone(json);

        assert_writes(json, cases[i].compact);
        json_free(json);
        assert_non_null(clone);
        assert_writes(clone, cases[i].compact);
        json_free(clone);
    }
}

static void every_value_and_key_knows_its_line_and_column(void **state)
{
    struct json *json = parse_text("\xEF\xBB\xBF// routes\n"
                                   "{\n"
                                   "  \"a\\u0062\\\"\" /* x\n y */ : [1,\n"
                                   "\t\"\xC3\xA4\", {\"k\":true}], \"z\":\n  null\n}");
    const struct json_member *members = json->members;
    struct json **items;

    (void)state;
    assert_int_equal(json->line, 2);
    assert_int_equal(json->column, 1);
    assert_int_equal(json->count, 2);
    assert_string_equal(members[0].key, "ab\"");
    assert_int_equal(members[0].line, 3);
    assert_int_equal(members[0].column, 3);
    assert_int_equal(members[0].value->line, 4);
    assert_int_equal(members[0].value->column, 9);
    items = members[0].value->items;
    assert_int_equal(items[0]->line, 4);
    assert_int_equal(items[0]->column, 10);
    assert_int_equal(items[1]->line, 5);
    assert_int_equal(items[1]->column, 2);
    assert_int_equal(items[2]->column, 8);
    assert_int_equal(items[2]->members[0].column, 9);
    assert_int_equal(items[2]->members[0].value->column, 13);
    assert_int_equal(members[1].column, 21);
    assert_int_equal(members[1].value->line, 6);
    assert_int_equal(members[1].value->column, 3);
    json_free(json);
}

static void of_two_members_of_one_name_the_last_is_found(void **state)
{
    struct json *json = parse_text("{\"a\":1,\"b\":2,\"a\":3}");

    (void)state;
    assert_string_equal(json_get(json, "a")->text, "3");
    assert_string_equal(json_get(json, "b")->text, "2");
    assert_null(json_get(json, "c"));
    assert_null(json_get(json_get(json, "a"), "a"));
    json_free(json);
}

static const struct {
    const char *text;
    int line, column;
    const char *words;
} mistakes[] = {
    {"", 1, 1, "the text is empty"},
    {" \n ", 2, 2, "the text is empty"},
    {"// only", 1, 8, "the text is empty"},
    {"{\n\"a\": 1,\n}", 2, 7, "no comma may stand before \"}\": remove it"},
    {"[1,\n2 , ]", 2, 3, "no comma may stand before \"]\": remove it"},
    {"{\"a\": 1\n \"b\": 2}", 2, 2, "a comma is missing before \"b\""},
    {"[1 2]", 1, 4, "a comma is missing before \"2\""},
    {"[1,,2]", 1, 4, "expected a value, not \",\""},
    {"{,}", 1, 2, "expected a key in double quotes, not \",\""},
    {"{'a': 1}", 1, 2, "keys stand in double quotes, not in \"'\""},
    {"{a: 1}", 1, 2, "\"a\" is not a key: keys stand in double quotes"},
    {"['a']", 1, 2, "strings stand in double quotes, not in \"'\""},
    {"[\xE2\x80\x9Cx\xE2\x80\x9D]", 1, 2,
     "strings stand in double quotes, not in \"\xE2\x80\x9C\""},
    {"{\"a\" 1}", 1, 6, "expected \":\" after the key, not \"1\""},
    {"{\"a\": }", 1, 7, "expected a value, not \"}\""},
    {"{\"a\": NaN}", 1, 7, "\"NaN\" is not a JSON value: write null"},
    {"{\"a\": nan}", 1, 7, "\"nan\" is not a JSON value: write null"},
    {"[-Infinity]", 1, 2, "\"-Infinity\" is not a JSON value: write null"},
    {"[True]", 1, 2, "\"True\" is not a JSON value: write true"},
    {"[truely]", 1, 2, "\"truely\" is not a JSON value: strings stand in double quotes"},
    {"[30s]", 1, 2, "\"30s\" is not a number as JSON writes it"},
    {"[01]", 1, 2, "\"01\" is not a number as JSON writes it"},
    {"[0x1F]", 1, 2, "\"0x1F\" is not a number as JSON writes it"},
    {"[1.]", 1, 2, "\"1.\" is not a number as JSON writes it"},
    {"[.5]", 1, 2, "\".5\" is not a number as JSON writes it"},
    {"[+1]", 1, 2, "\"+1\" is not a number as JSON writes it"},
    {"-", 1, 1, "\"-\" is not a number as JSON writes it"},
    {"{\"a\": \"x}\n", 1, 7, "the string has no closing quote"},
    {"{\"a\": \"x\n\"}", 1, 7, "the string has no closing quote"},
    {"[\"a\tb\"]", 1, 4, "a tab inside a string is written \\t"},
    {"[\"a\x01\"]", 1, 4, "the byte 0x01 inside a string is written \\u0001"},
    {"[\"C:\\dir\"]", 1, 6, "\"\\d\" is not an escape: a backslash is written \\\\"},
    {"[\"\\u12g4\"]", 1, 7, "\"\\u\" needs four hexadecimal digits"},
    {"[\"\xE4\"]", 1, 3, "the byte 0xE4 is not UTF-8: save the file as UTF-8"},
    {"{\"ab\xE4\":1}", 1, 5, "the byte 0xE4 is not UTF-8: save the file as UTF-8"},
    {"[\"\xC0\xAF\"]", 1, 3, "the byte 0xC0 is not UTF-8: save the file as UTF-8"},
    {"[\"\\ud800\"]", 1, 2, "the string has half of a surrogate pair, which is not UTF-8"},
    {"{\"\\u0000\":1}", 1, 2, "a key may not hold \\u0000"},
    {"{\"a\": [1, 2}", 1, 12, "expected \",\" or \"]\", not \"}\""},
    {"{\"a\":\n [1, 2", 2, 7, "the text ends, but the \"[\" of line 2, column 2 is open"},
    {"{\"a\": 1", 1, 8, "the text ends, but the \"{\" of line 1, column 1 is open"},
    {"{} {}", 1, 4, "nothing may follow the value, not \"{\""},
    {"{} \"abc", 1, 4, "nothing may follow the value, not a string"},
    {"{} /* abc", 1, 4, "the comment has no \"*/\""},
    {"[1, / 2]", 1, 5, "a comment starts with \"//\" or \"/*\""},
    {"/", 1, 1, "a comment starts with \"//\" or \"/*\""},
    {"[1,\f2]", 1, 4, "expected a value, not the byte 0x0C"},
    {"[1]\v", 1, 4, "nothing may follow the value, not the byte 0x0B"},
    {"# routes\n{}", 1, 1, "expected a value, not \"#\""},
    {"\xFF\xFE{", 1, 1, "the text is UTF-16 or binary: save it as UTF-8"},
    {"\xEF\xBB\xBF\xEF\xBB\xBF{}", 1, 1, "expected a value, not \"\xEF\xBB\xBF\""},
};

static void a_mistake_has_its_place_and_plain_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct json_mistake mistake;
        struct json *json = parse(mistakes[i].text, strlen(mistakes[i].text), &mistake);

        if (json)
            fail_msg("%s was taken", mistakes[i].text);
        assert_string_equal(mistake.text, mistakes[i].words);
        if (mistake.line != mistakes[i].line || mistake.column != mistakes[i].column)
            fail_msg("%s: at %d:%d", mistakes[i].text, mistake.line, mistake.column);
    }
}

static void strings_are_written_with_the_required_escapes_only(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        const char *written;
    } cases[] = {
        {"", 0, "\"\""},
        {"a/b'<>\x7f", 7, "\"a/b'<>\x7f\""},
        {"\"\\\b\f\n\r\t", 7, "\"\\\"\\\\\\b\\f\\n\\r\\t\""},
        {"\0\x01\x1b\x1f", 4, "\"\\u0000\\u0001\\u001b\\u001f\""},
        {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", 9, "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\""},
        {"a\xFFz", 3, "\"a\xEF\xBF\xBDz\""},
        {"\xE2\x82", 2, "\"\xEF\xBF\xBD\""},
        {"\xE2\x82z", 3, "\"\xEF\xBF\xBDz\""},
        {"\xC0\xAF", 2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xED\xA0\x80", 3, "\"\xEF\xBF\xBD\""},
        {"\xED\xA0", 2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xED\x9F\xBF\xEE\x80\x80", 6, "\"\xED\x9F\xBF\xEE\x80\x80\""},
        {"\xE0\x9F\xBF", 3, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xE0\xA0\x80\xF0\x90\x80\x80", 7, "\"\xE0\xA0\x80\xF0\x90\x80\x80\""},
        {"\xF0\x8F\xBF\xBF", 4, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xF4\x90\x80\x80", 4, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xF0\x9F\x98", 3, "\"\xEF\xBF\xBD\""},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 256);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_reset(&out);
        assert_int_equal(json_write_string(&out, cases[i].text, cases[i].length), 0);
        assert_string_equal(buf_text(&out), cases[i].written);
    }
    buf_release(&out);
}

static void a_full_buffer_is_an_answer(void **state)
{
    static const char text[] = "{\"a\":[1,\"x\\n\xC3\xA4\",null]}";
    struct json *json = parse_text(text);

    (void)state;
    for (size_t most = 0; most < sizeof text - 1; most++) {
        struct buf out;
        buf_init(&out, most);
        assert_int_equal(json_write(&out, json), -1);
        buf_release(&out);
    }
    json_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_keeps_everything_that_was_written),
        cmocka_unit_test(every_value_and_key_knows_its_line_and_column),
        cmocka_unit_test(of_two_members_of_one_name_the_last_is_found),
        cmocka_unit_test(a_mistake_has_its_place_and_plain_words),
        cmocka_unit_test(strings_are_written_with_the_required_escapes_only),
        cmocka_unit_test(a_full_buffer_is_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
