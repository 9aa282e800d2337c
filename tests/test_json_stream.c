#include "base/json.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int count_event(void *cookie)
{
    ++*(unsigned *)cookie;
    return 0;
}

static int count_number(void *cookie, const char *text, size_t length)
{
    (void)text;
    (void)length;
    return count_event(cookie);
}

static bool streams(const char *text, size_t length, bool is_many)
{
    static const struct json_events no_events;
    char *copy = malloc(length ? length : 1);
    struct err err = {0};
    int status;

    assert_non_null(copy);
    memcpy(copy, text, length);
    status = json_stream(copy, length, is_many, &no_events, NULL, &err);
    assert_true(status == 0 || (err.kind == ERR_INPUT && err.text[0]));
    free(copy);
    return status == 0;
}

/* Feeds pieces of `piece` bytes, the first of them `first` long. */
static bool checks(const char *text, size_t length, bool is_many, size_t first, size_t piece)
{
    struct json_checker *checker = json_checker_new(is_many);
    bool is_fine;

    assert_non_null(checker);
    while (length > 0) {
        size_t step = first < length ? first : length;
        char *copy = malloc(step ? step : 1);

        assert_non_null(copy);
        memcpy(copy, text, step);
        json_checker_feed(checker, copy, step);
        free(copy);
        text += step;
        length -= step;
        first = piece;
    }
    is_fine = json_checker_finish(checker);
    json_checker_free(checker);
    return is_fine;
}

static void all_readers_stop_at_the_same_depth(void **state)
{
    char text[2 * (JSON_DEPTH_MAX + 1) + 1];

    (void)state;
    for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        bool is_fine = depth == JSON_DEPTH_MAX;
        struct json_mistake mistake;
        struct json *json;

        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        json = json_parse(text, 2 * depth, &mistake);
        assert_int_equal(json != NULL, is_fine);
        json_free(json);
        if (!is_fine) {
            assert_string_equal(mistake.text, "nested more than 64 deep");
            assert_int_equal(mistake.column, 65);
        }
        assert_int_equal(streams(text, 2 * depth, false), is_fine);
        assert_int_equal(checks(text, 2 * depth, false, 1, 7), is_fine);
    }
}

/* Writes every event as a letter, texts with their length: what a stream said. */
static int put_null(void *cookie)
{
    return buf_append_char(cookie, 'n');
}
static int put_bool(void *cookie, bool is_true)
{
    return buf_append_char(cookie, is_true ? 't' : 'f');
}
static int put_number(void *cookie, const char *text, size_t length)
{
    return buf_printf(cookie, "#%.*s", (int)length, text);
}
static int put_string(void *cookie, const char *text, size_t length)
{
    return buf_append_char(cookie, 's') || json_write_string(cookie, text, length);
}
static int put_key(void *cookie, const char *text, size_t length)
{
    return buf_append_char(cookie, 'k') || json_write_string(cookie, text, length);
}
static int put_object_start(void *cookie)
{
    return buf_append_char(cookie, '{');
}
static int put_object_end(void *cookie)
{
    return buf_append_char(cookie, '}');
}
static int put_array_start(void *cookie)
{
    return buf_append_char(cookie, '[');
}
static int put_array_end(void *cookie)
{
    return buf_append_char(cookie, ']');
}

static const struct json_events put_events = {
    put_null, put_bool,       put_number,      put_string,    put_object_start,
    put_key,  put_object_end, put_array_start, put_array_end,
};

static void a_stream_tells_every_event_in_order(void **state)
{
    static const struct {
        const char *text;
        bool is_many;
        const char *events;
    } cases[] = {
        {" {\"a\":[1.0,-2e+3,null,true,false,{}],\"b\":\"x\"}\r\n", false,
         "{k\"a\"[#1.0#-2e+3ntf{}]k\"b\"s\"x\"}"},
        {"\xEF\xBB\xBF[\"\\u0041\\n\\\\\",\"\\\\\",\"a\\\"b\"]", false,
         "[s\"A\\n\\\\\"s\"\\\\\"s\"a\\\"b\"]"},
        {"{\"\\u006bey\":0}", false, "{k\"key\"#0}"},
        /* What yajl makes of half a pair: a lost "a", and so on. */
        {"[\"\\ud800abc\",\"\\udc00\",\"\\ud800\\n\",\"\\ud800\\u0041\",\"x\\ud83d\\ude00\","
         "\"\\ud800\\ue000\"]",
         false,
         "[s\"\xEF\xBF\xBD"
         "abc\"s\"\xEF\xBF\xBD\"s\"\xEF\xBF\xBD\\n\"s\"\xEF\xBF\xBD"
         "A\"s\"x\xF0\x9F\x98\x80\"s\"\xEF\xBF\xBD\xEE\x80\x80\"]"},
        {"[\"\xFF\",\"\\u0000\"]", false, "[s\"\xEF\xBF\xBD\"s\"\\u0000\"]"},
        {"42", false, "#42"},
        {"true", false, "t"},
        {"\"\\n\"", false, "s\"\\n\""},
        {"1\n{\"a\":2}\n\n\"x\" null\n{}[]", true, "#1{k\"a\"#2}s\"x\"n{}[]"},
        {"1 2", true, "#1#2"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        struct err err = {0};

        buf_init(&out, 1 << 16);
        if (json_stream(cases[i].text, strlen(cases[i].text), cases[i].is_many, &put_events, &out,
                        &err))
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_string_equal(buf_text(&out), cases[i].events);
        assert_true(checks(cases[i].text, strlen(cases[i].text), cases[i].is_many, 2, 3));
        buf_release(&out);
    }
}

static int stop_at_third(void *cookie, const char *text, size_t length)
{
    return count_number(cookie, text, length) || *(unsigned *)cookie == 3 ? -1 : 0;
}

static void an_event_may_stop_the_stream(void **state)
{
    static const struct json_events events = {.on_number = stop_at_third};
    struct err err = {.kind = ERR_IO, .text = "old"};
    unsigned count = 0;

    (void)state;
    assert_int_equal(json_stream("[1,2,3,4,x", 10, false, &events, &count, &err), -1);
    assert_int_equal(count, 3);
    assert_int_equal(err.kind, ERR_NONE);
    assert_string_equal(err.text, "");
}

static void a_stream_says_where_it_broke(void **state)
{
    static const struct json_events no_events;
    struct err err = {0};

    (void)state;
    assert_int_equal(json_stream("[1,\n2,]", 7, false, &no_events, NULL, NULL), -1);
    assert_int_equal(json_stream("[1,\n2,]", 7, false, &no_events, NULL, &err), -1);
    assert_int_equal(err.kind, ERR_INPUT);
    assert_string_equal(err.text,
                        "not JSON: line 2, column 2: no comma may stand before \"]\": remove it");
}

/* Texts on which the readers must agree, with what they say. */
static const struct {
    const char *text;
    bool one, many;
} verdicts[] = {
    {"", false, false},
    {" \n", false, false},
    {"\xEF\xBB\xBF", false, false},
    {"\xEF\xBB", false, false},
    {"\xEF\xBB\xBF{}", true, true},
    {" \xEF\xBB\xBF{}", false, false},
    {"{\"a\":[1,-0.5e-7,\"x\\u12aFy\\\"\",true,null,[],{}]}", true, true},
    {"12", true, true},
    {"-", false, false},
    {"1.", false, false},
    {"1e", false, false},
    {"1e+", false, false},
    {"01", false, false},
    {"1true", false, false},
    {"1\"a\"", false, false},
    {"\"a\"\"b\"", false, false},
    {"truefalse", false, false},
    {"1[", false, false},
    {"1{}", false, false},
    {"{}1", false, false},
    {"{}{}", false, true},
    {"{}\n[1]\n\n3\n", false, true},
    {"{},{}", false, false},
    {"{} \"abc", false, false},
    {"1 \"abc", false, false},
    {"1 tru", false, false},
    {"1 [", false, false},
    {"\"abc", false, false},
    {"tru", false, false},
    {"[1,\f2]", false, false},
    {"[1]\v", false, false},
    {"[\"\t\"]", false, false},
    {"[\"12345678\x1F"
     "12345678\"]",
     false, false},
    {"[\"1234567\x20!#[]\x7F\x80\xA2\xDC\xFF\"]", true, true},
    {"/**/{}", false, false},
    {"{}//", false, false},
    {"[1}", false, false},
    {"{\"a\":1,}", false, false},
    {"{\"a\" \"b\"}", false, false},
    {"{1:2}", false, false},
    {"]", false, false},
    {"[]]", false, false},
};

static void stream_and_checker_agree_on_one_and_on_many(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        const char *text = verdicts[i].text;
        size_t length = strlen(text);

        if (streams(text, length, false) != verdicts[i].one)
            fail_msg("stream of one, case %zu: %s", i, text);
        if (streams(text, length, true) != verdicts[i].many)
            fail_msg("stream of many, case %zu: %s", i, text);
    }
}

static void a_checker_takes_a_body_split_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        const char *text = verdicts[i].text;
        size_t length = strlen(text);

        for (size_t first = 0; first <= length; first++)
            if (checks(text, length, false, first, length) != verdicts[i].one ||
                checks(text, length, true, first, length) != verdicts[i].many)
                fail_msg("case %zu split at %zu: %s", i, first, text);
        assert_int_equal(checks(text, length, false, 1, 1), verdicts[i].one);
        assert_int_equal(checks(text, length, true, 1, 1), verdicts[i].many);
    }
}

static void a_checker_never_forgets_a_mistake(void **state)
{
    struct json_checker *checker = json_checker_new(true);

    (void)state;
    assert_non_null(checker);
    json_checker_feed(checker, "{x", 2);
    json_checker_feed(checker, "\n{}\n", 4);
    assert_false(json_checker_finish(checker));
    json_checker_free(checker);
    json_checker_free(NULL);
}

/* A string of 8 MiB in pieces of 64 bytes: yajl's lexer would read it anew with each. */
static void a_dripping_body_is_read_once(void **state)
{
    struct json_checker *checker = json_checker_new(false);
    static const char piece[64] =
        "................................................................";

    (void)state;
    assert_non_null(checker);
    json_checker_feed(checker, "\"", 1);
    for (size_t i = 0; i < 131072; i++)
        json_checker_feed(checker, piece, sizeof piece);
    assert_false(json_checker_finish(checker));
    json_checker_feed(checker, "\"", 1);
    assert_true(json_checker_finish(checker));
    json_checker_free(checker);
}

/* One change of one byte, everywhere: stream against checker (and yajl: test_json_oracle.c). */
static void stream_and_checker_agree_on_every_changed_byte(void **state)
{
    static const char document[] =
        "{\"a\":[1,-0.5e-7,\"x\\u12aF\\\"\",true,null,[],{\"\":0}]}\n[2] 3\n";
    static const unsigned char bytes[] = "{}[]:,\"\\/u0129.eE+- \n\t\f\v\r\x01tfnax\x7f\x80\xEF";
    char text[sizeof document];

    (void)state;
    for (size_t place = 0; place < sizeof document - 1; place++)
        for (size_t i = 0; i < sizeof bytes; i++) {
            memcpy(text, document, sizeof text);
            text[place] = (char)bytes[i];
            for (int is_many = 0; is_many < 2; is_many++)
                if (streams(text, sizeof text - 1, is_many) !=
                    checks(text, sizeof text - 1, is_many, 5, 3))
                    fail_msg("%s %d: %s", text, is_many, "stream and checker differ");
        }
}

static char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(1 << 20);

    assert_non_null(file);
    assert_non_null(bytes);
    *length = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static void the_json_test_suite_is_judged_right(void **state)
{
    const char *root = getenv("POLLARD_DATA");
    char path[4096];
    struct dirent *entry;
    unsigned counts[256] = {0};
    DIR *dir;

    (void)state;
    if (!root) {
        print_message("POLLARD_DATA IS NOT SET: JSONTestSuite is left out\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/json-testsuite/test_parsing", root);
    dir = opendir(path);
    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        char kind = entry->d_name[0];
        struct json_mistake mistake;
        struct json *json;
        size_t length;
        char *text;
        bool is_checked;

        if (!strstr(entry->d_name, ".json"))
            continue;
        snprintf(path, sizeof path, "%s/json-testsuite/test_parsing/%s", root, entry->d_name);
        text = read_file(path, &length);
        is_checked = checks(text, length, false, length, 1);
        if (is_checked != streams(text, length, false) ||
            is_checked != checks(text, length, false, 1, 1))
            fail_msg("%s: stream and checker differ", entry->d_name);
        if (kind != 'i' && is_checked != (kind == 'y'))
            fail_msg("%s: judged wrong", entry->d_name);
        json = json_parse(text, length, &mistake);
        if (kind == 'y' && !json && !strstr(mistake.text, "\\u0000"))
            fail_msg("%s: %d:%d: %s", entry->d_name, mistake.line, mistake.column, mistake.text);
        if (kind == 'n' && json && !strstr(entry->d_name, "comment"))
            fail_msg("%s: the tree takes it", entry->d_name);
        counts[(unsigned char)kind]++;
        json_free(json);
        free(text);
    }
    closedir(dir);
    assert_true(counts['y'] >= 95 && counts['n'] >= 187 && counts['i'] >= 35);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_readers_stop_at_the_same_depth),
        cmocka_unit_test(a_stream_tells_every_event_in_order),
        cmocka_unit_test(an_event_may_stop_the_stream),
        cmocka_unit_test(a_stream_says_where_it_broke),
        cmocka_unit_test(stream_and_checker_agree_on_one_and_on_many),
        cmocka_unit_test(a_checker_takes_a_body_split_anywhere),
        cmocka_unit_test(a_checker_never_forgets_a_mistake),
        cmocka_unit_test(a_dripping_body_is_read_once),
        cmocka_unit_test(stream_and_checker_agree_on_every_changed_byte),
        cmocka_unit_test(the_json_test_suite_is_judged_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
