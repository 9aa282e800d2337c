#include "base/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct pause {
    unsigned attempts;
    int64_t wait_ms;
    char *why;
};

struct thing {
    bool conditional;
    unsigned redirects, weight;
    int64_t timeout_ms, keep_ms, max_bytes;
    char *url;
    struct pause retry, plain;
    char read_key[64];
    struct json *read_value;
};

#define THING(field) offsetof(struct thing, field)
#define PAUSE(field) offsetof(struct pause, field)

static void pause_off(void *object)
{
    struct pause *pause = object;
    pause->attempts = 1;
}

static void read_hours(void *object, const char *key, const struct json *value,
                       struct settings_report *report)
{
    struct thing *thing = object;

    snprintf(thing->read_key, sizeof thing->read_key, "%s", key);
    if (value->type != JSON_STRING)
        settings_mistake(report, value, "\"%s\" must be hours", key);
}

static const struct setting pause_table[] = {
    {"attempts", SETTING_COUNT, PAUSE(attempts), 1, 10, 3, "3", "h", NULL, NULL, NULL},
    {"wait", SETTING_DURATION, PAUSE(wait_ms), 0, 60000, 1000, "1s", "h", NULL, NULL, NULL},
    {"why", SETTING_TEXT, PAUSE(why), 0, 0, 0, "no reason", "h", NULL, NULL, NULL},
    {.key = NULL},
};

static const struct setting table[] = {
    {"conditional", SETTING_BOOL, THING(conditional), 0, 1, 1, "true", "h", NULL, NULL, NULL},
    {"redirects", SETTING_COUNT, THING(redirects), 0, 10, 3, "3", "h", NULL, NULL, NULL},
    {"weight", SETTING_COUNT, THING(weight), 1, 0, 7, "7", "h", NULL, NULL, NULL},
    {"timeout", SETTING_DURATION, THING(timeout_ms), 50, 3600000, 30000, "30s", "h", NULL, NULL,
     NULL},
    {"keep", SETTING_DURATION, THING(keep_ms), 1, 0, 0, NULL, "h", NULL, NULL, NULL},
    {"max_body", SETTING_SIZE, THING(max_bytes), 1024, 268435456, 16777216, "16MiB", "h", NULL,
     NULL, NULL},
    {"url", SETTING_TEXT, THING(url), 0, 0, 0, NULL, "h", NULL, NULL, NULL},
    {"interval", SETTING_OTHER, 0, 0, 0, 0, NULL, "h", NULL, NULL, NULL},
    {"hours", SETTING_OTHER, 0, 0, 0, 0, NULL, "h", NULL, NULL, read_hours},
    {"retry", SETTING_OBJECT, THING(retry), 0, 0, 0, NULL, "h", pause_table, pause_off, NULL},
    {"plain", SETTING_OBJECT, THING(plain), 0, 0, 0, NULL, "h", pause_table, NULL, NULL},
    {.key = NULL},
};

/* Collects "line:column: text" lines. */
static void on_mistake(void *cookie, int line, int column, const char *text)
{
    struct buf *out = cookie;
    assert_int_equal(buf_printf(out, "%s%d:%d: %s", out->length ? "\n" : "", line, column, text),
                     0);
}

static void apply(struct thing *thing, const char *text, struct buf *mistakes)
{
    struct settings_report report = {on_mistake, mistakes};
    struct json_mistake mistake;
    struct json *json = json_parse(text, strlen(text), &mistake);

    if (!json)
        fail_msg("%s: %s", text, mistake.text);
    settings_apply(table, json, thing, &report);
    json_free(json);
}

static void release(struct thing *thing)
{
    free(thing->url);
    free(thing->retry.why);
    free(thing->plain.why);
}

static void every_field_starts_with_its_default(void **state)
{
    struct thing thing;

    (void)state;
    memset(&thing, 0x55, sizeof thing);
    settings_reset(table, &thing);
    assert_true(thing.conditional);
    assert_int_equal(thing.redirects, 3);
    assert_int_equal(thing.timeout_ms, 30000);
    assert_int_equal(thing.keep_ms, 0);
    assert_int_equal(thing.max_bytes, 16777216);
    assert_null(thing.url);
    assert_int_equal(thing.retry.attempts, 3);
    assert_int_equal(thing.plain.wait_ms, 1000);
    assert_null(thing.plain.why);
}

static void what_is_given_replaces_what_was_there_key_by_key(void **state)
{
    struct thing thing = {0};
    struct buf mistakes;

    (void)state;
    buf_init(&mistakes, 4096);
    settings_reset(table, &thing);
    apply(&thing,
          "{\"conditional\":false,\"redirects\":0,\"weight\":4294967295,\"timeout\":\"1m30s\","
          "\"keep\":\"7d\",\"max_body\":\"1KiB\",\"url\":\"http://a\",\"interval\":5,"
          "\"hours\":\"x\",\"retry\":{\"attempts\":10,\"why\":\"a\"}}",
          &mistakes);
    apply(&thing, "{\"url\":\"http://b\",\"retry\":{\"wait\":\"2s\"},\"plain\":{\"why\":\"b\"}}",
          &mistakes);
    assert_string_equal(buf_text(&mistakes), "");
    assert_false(thing.conditional);
    assert_int_equal(thing.redirects, 0);
    assert_true(thing.weight == 4294967295u);
    assert_int_equal(thing.timeout_ms, 90000);
    assert_int_equal(thing.keep_ms, 7 * 86400000);
    assert_int_equal(thing.max_bytes, 1024);
    assert_string_equal(thing.url, "http://b");
    assert_string_equal(thing.read_key, "hours");
    assert_int_equal(thing.retry.attempts, 10);
    assert_int_equal(thing.retry.wait_ms, 2000);
    assert_string_equal(thing.retry.why, "a");
    assert_int_equal(thing.plain.attempts, 3);
    assert_string_equal(thing.plain.why, "b");
    apply(&thing, "{\"retry\":false}", &mistakes);
    assert_int_equal(thing.retry.attempts, 1);
    assert_int_equal(thing.retry.wait_ms, 2000);
    assert_string_equal(buf_text(&mistakes), "");
    release(&thing);
    buf_release(&mistakes);
}

static const struct {
    const char *text, *mistakes;
} wrong[] = {
    {"{\"intervall\":1}", "1:2: unknown key \"intervall\", did you mean \"interval\"?"},
    {"{\"ulr\":1}", "1:2: unknown key \"ulr\", did you mean \"url\"?"},
    {"{\"Timeout\":1}", "1:2: unknown key \"Timeout\", did you mean \"timeout\"?"},
    {"{\"time\":1}", "1:2: unknown key \"time\", did you mean \"timeout\"?"},
    {"{\"interval_seconds\":1}",
     "1:2: unknown key \"interval_seconds\", did you mean \"interval\"?"},
    {"{\"ursa\":1}", "1:2: unknown key \"ursa\""},
    {"{\"ur\":1}", "1:2: unknown key \"ur\""},
    {"{\"foo\":1}", "1:2: unknown key \"foo\""},
    {"{\"x\":1,\"\":2}", "1:2: unknown key \"x\"\n1:8: unknown key \"\""},
    {"{\"a\\\"b\\u0007\":1}", "1:2: unknown key \"a\\\"b\\u0007\""},
    {"{\"url\":\"a\",\n \"redirects\":1,\n \"url\":\"b\"}", "3:2: duplicate key \"url\""},
    {"{\"conditional\":\"yes\"}", "1:16: \"conditional\" must be true or false, not \"yes\""},
    {"{\"conditional\":null}", "1:16: \"conditional\" must be true or false, not null"},
    {"{\"timeout\":30}", "1:12: \"timeout\" must be a duration such as \"30s\", not 30"},
    {"{\"timeout\":\"30 s\"}",
     "1:12: \"timeout\" must be a duration such as \"30s\", not \"30 s\""},
    {"{\"timeout\":\"2h\"}", "1:12: \"timeout\" must be between 50ms and 1h, not \"2h\""},
    {"{\"timeout\":\"49ms\"}", "1:12: \"timeout\" must be between 50ms and 1h, not \"49ms\""},
    {"{\"keep\":\"0s\"}", "1:9: \"keep\" must be at least 1ms, not \"0s\""},
    {"{\"max_body\":5}", "1:13: \"max_body\" must be a size such as \"16MiB\", not 5"},
    {"{\"max_body\":\"1GiB\"}", "1:13: \"max_body\" must be between 1KiB and 256MiB, not \"1GiB\""},
    {"{\"redirects\":11}", "1:14: \"redirects\" must be a whole number between 0 and 10, not 11"},
    {"{\"redirects\":-1}", "1:14: \"redirects\" must be a whole number between 0 and 10, not -1"},
    {"{\"redirects\":1.0}", "1:14: \"redirects\" must be a whole number between 0 and 10, not 1.0"},
    {"{\"redirects\":1e1}", "1:14: \"redirects\" must be a whole number between 0 and 10, not 1e1"},
    {"{\"redirects\":\"3\"}",
     "1:14: \"redirects\" must be a whole number between 0 and 10, not \"3\""},
    {"{\"weight\":0}", "1:11: \"weight\" must be a whole number between 1 and 4294967295, not 0"},
    {"{\"weight\":99999999999999999999}",
     "1:11: \"weight\" must be a whole number between 1 and 4294967295, not "
     "99999999999999999999"},
    {"{\"url\":5}", "1:8: \"url\" must be a string, not 5"},
    {"{\"url\":\"a\\u0000b\"}", "1:8: \"url\" may not hold \\u0000"},
    {"{\"retry\":true}", "1:10: \"retry\" must be an object or false, not true"},
    {"{\"retry\":null}", "1:10: \"retry\" must be an object or false, not null"},
    {"{\"plain\":false}", "1:10: \"plain\" must be an object, not false"},
    {"{\"plain\":[1, {\"a\" : 2}]}", "1:10: \"plain\" must be an object, not [1,{\"a\":2}]"},
    {"{\"retry\":{\"atempts\":1}}",
     "1:11: unknown key \"retry.atempts\", did you mean \"attempts\"?"},
    {"{\"retry\":{\"attempts\":0}}",
     "1:22: \"retry.attempts\" must be a whole number between 1 and 10, not 0"},
    {"{\"retry\":{\"wait\":\"1s\",\"wait\":\"2s\"}}", "1:23: duplicate key \"retry.wait\""},
    {"{\"hours\":5}", "1:10: \"hours\" must be hours"},
    {"{\"hours\":null}", "1:10: \"hours\" must not be null"},
    {"[1]", "1:1: expected an object {…}, not [1]"},
    {"{\"redirects\":99,\"zzz\":1,\"url\":1,\"conditional\":false}",
     "1:14: \"redirects\" must be a whole number between 0 and 10, not 99\n"
     "1:17: unknown key \"zzz\"\n"
     "1:31: \"url\" must be a string, not 1"},
};

static void each_mistake_names_its_place_its_key_and_its_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct thing thing = {0};
        struct buf mistakes;

        buf_init(&mistakes, 4096);
        settings_reset(table, &thing);
        apply(&thing, wrong[i].text, &mistakes);
        assert_string_equal(buf_text(&mistakes), wrong[i].mistakes);
        assert_int_equal(thing.timeout_ms, 30000);
        release(&thing);
        buf_release(&mistakes);
    }
}

static void the_rest_is_applied_beside_a_mistake(void **state)
{
    struct thing thing = {0};
    struct buf mistakes;

    (void)state;
    buf_init(&mistakes, 4096);
    settings_reset(table, &thing);
    apply(&thing, "{\"redirects\":99,\"url\":\"a\",\"conditional\":false,\"url\":\"b\"}",
          &mistakes);
    assert_int_equal(thing.redirects, 3);
    assert_false(thing.conditional);
    assert_string_equal(thing.url, "a");
    release(&thing);
    buf_release(&mistakes);
}

static void a_long_value_is_cut_between_two_characters(void **state)
{
    char text[200], out[96];
    struct json_mistake mistake;
    struct json *json;

    (void)state;
    snprintf(text, sizeof text, "\"%059d\xC3\xA4\xC3\xA4\"", 0);
    json = json_parse(text, strlen(text), &mistake);
    assert_non_null(json);
    settings_quote(json, out);
    text[60] = '\0';
    assert_memory_equal(out, text, 60);
    assert_string_equal(out + 60, "…\"");
    json_free(json);
    json = json_parse(
        "[\"\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\"]", 70,
        &mistake);
    assert_non_null(json);
    settings_quote(json, out);
    assert_int_equal(strlen(out), 65);
    json_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_starts_with_its_default),
        cmocka_unit_test(what_is_given_replaces_what_was_there_key_by_key),
        cmocka_unit_test(each_mistake_names_its_place_its_key_and_its_value),
        cmocka_unit_test(the_rest_is_applied_beside_a_mistake),
        cmocka_unit_test(a_long_value_is_cut_between_two_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
