/* A feed as text and back: the same keys give the same bytes, no secret is in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "feeds/definition_forms.h"
#include "feeds/feed_settings.h"
#include "tests/config_dir.h"

struct definition_case {
    const char *file, *definition;
};

#define START "{\"url\":\"http://h/\",\"interval\":\"1m\""

/* What is written in a file, and the definition that comes of it. */
static const struct definition_case cases[] = {
    {START "}", START "}"},
    {"{\"interval\":\"60s\",\"url\":\"http://h/\",\"name\":\"a\",\"for_each\":{\"x\":[1]}}",
     START "}"},
    /* the built-in defaults, written out */
    {START ",\"enabled\":true,\"catch_up\":true,\"offset\":\"auto\",\"timeout\":\"30s\","
           "\"connect_timeout\":\"10s\",\"max_body\":\"16MiB\",\"method\":\"get\","
           "\"headers\":{},\"conditional\":true,\"redirects\":3,\"retry\":{},"
           "\"backoff\":{\"after\":5,\"max\":\"15m\"},\"host_gap\":\"0s\",\"host_limit\":2,"
           "\"days\":[\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\",\"sun\"],"
           "\"timezone\":\"UTC\",\"format\":\"auto\",\"alert\":{\"failures\":3},"
           "\"allow_private\":false}",
     START "}"},
    {"{\"url\":\"http://h/\",\"at\":[\"18:30\",\"06:00:05\"]}",
     "{\"url\":\"http://h/\",\"at\":[\"06:00:05\",\"18:30\"]}"},
    {"{\"url\":\"http://h/\",\"interval\":\"10s\",\"timeout\":\"10s\",\"offset\":\"0s\"}",
     "{\"url\":\"http://h/\",\"interval\":\"10s\",\"offset\":\"0s\"}"},
    /* everything, from the last key to the first */
    {"{\"notes\":\"n\\n\",\"allow_private\":true,\"user_agent\":\"me\",\"proxy\":"
     "\"http://u:p@h:1\",\"pin\":\"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\","
     "\"alert\":{\"unchanged\":\"1h\",\"stale\":\"10m\"},\"keep\":\"30d\",\"columns\":{ \"x\": "
     "\"@.x\" },\"rows\":\"$.a\",\"format\":\"json\",\"timezone\":\"America/Los_Angeles\","
     "\"days\":[\"sun\",\"mon\"],\"hours\":\"05:00-01:30\",\"for\":\"7d\","
     "\"until\":\"2026-11-23\",\"from\":\"2026-11-01T00:00:00.5+01:00\",\"host_limit\":1,"
     "\"host_gap\":\"5s\",\"backoff\":false,\"retry\":{\"attempts\":2},\"redirects\":0,"
     "\"conditional\":false,\"auth\":{\"token\":\"${secret:k}\",\"type\":\"bearer\"},"
     "\"body\":\"{x} ${slot:%Y}\",\"headers\":{\"X\":\"y\"},\"method\":\"POST\","
     "\"max_body\":\"1KiB\",\"connect_timeout\":\"1s\",\"timeout\":\"20s\",\"offset\":\"1s500ms\","
     "\"catch_up\":false,\"interval\":\"1m\",\"enabled\":false,\"url\":\"http://h/${secret:k}\"}",
     "{\"url\":\"http://h/${secret:k}\",\"enabled\":false,\"interval\":\"1m\",\"catch_up\":false,"
     "\"offset\":\"1s500ms\",\"timeout\":\"20s\",\"connect_timeout\":\"1s\",\"max_body\":\"1KiB\","
     "\"method\":\"POST\",\"headers\":{\"X\":\"y\"},\"body\":\"{x} ${slot:%Y}\",\"auth\":"
     "{\"type\":\"bearer\",\"token\":\"${secret:k}\"},\"conditional\":false,\"redirects\":0,"
     "\"retry\":{\"attempts\":2},\"backoff\":false,\"host_gap\":\"5s\",\"host_limit\":1,"
     "\"from\":\"2026-10-31T23:00:00.500000+00:00\",\"until\":\"2026-11-24T08:00:00+00:00\","
     "\"for\":\"7d\",\"hours\":\"05:00-01:30\",\"days\":[\"mon\",\"sun\"],"
     "\"timezone\":\"America/Los_Angeles\",\"format\":\"json\",\"rows\":\"$.a\","
     "\"columns\":{\"x\":\"@.x\"},\"keep\":\"30d\",\"alert\":{\"stale\":\"10m\","
     "\"unchanged\":\"1h\"},\"pin\":\"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\","
     "\"proxy\":\"http://u:***@h:1\",\"user_agent\":\"me\",\"allow_private\":true,"
     "\"notes\":\"n\\n\"}"},
    {START ",\"retry\":false,\"alert\":false}", START ",\"retry\":false,\"alert\":false}"},
    {"{\"url\":\"http://h:${secret:port}/\",\"interval\":\"1m\"}",
     "{\"url\":\"http://h:${secret:port}/\",\"interval\":\"1m\"}"},
    {"{\"url\":\"${secret:url}\",\"interval\":\"1m\"}",
     "{\"url\":\"${secret:url}\",\"interval\":\"1m\"}"},
    /* what may be a secret */
    {START ",\"auth\":{\"type\":\"basic\",\"username\":\"u\",\"password\":\"sesame\"}}",
     START ",\"auth\":{\"type\":\"basic\",\"username\":\"u\",\"password\":\"***\"}}"},
    {START ",\"auth\":{\"type\":\"bearer\",\"token\":\"sesame${secret:k}\"}}",
     START ",\"auth\":{\"type\":\"bearer\",\"token\":\"***\"}}"},
    {START ",\"auth\":{\"type\":\"bearer\",\"token\":\"${secret:k}${secret:k}\"}}",
     START ",\"auth\":{\"type\":\"bearer\",\"token\":\"${secret:k}${secret:k}\"}}"},
    {START ",\"headers\":{\"authorization\":\"Bearer sesame\",\"Proxy-Authorization\":\"sesame\","
           "\"COOKIE\":\"sid=sesame\",\"X-Api-Key\":\"sesame\",\"X-Auth-Token\":\"sesame\","
           "\"Accept\":\"open/sesame\"}}",
     START ",\"headers\":{\"authorization\":\"***\",\"Proxy-Authorization\":\"***\","
           "\"COOKIE\":\"***\",\"X-Api-Key\":\"***\",\"X-Auth-Token\":\"***\","
           "\"Accept\":\"open/sesame\"}}"},
    {START ",\"headers\":{\"Authorization\":\"Bearer ${secret:k}\",\"api_key\":\"${secret:k}\"}}",
     START ",\"headers\":{\"Authorization\":\"Bearer ${secret:k}\",\"api_key\":\"${secret:k}\"}}"},
    {"{\"url\":\"http://u:sesame@h/\",\"interval\":\"1m\"}",
     "{\"url\":\"http://u:***@h/\",\"interval\":\"1m\"}"},
    {"{\"url\":\"http://u:${secret:k}@h/\",\"interval\":\"1m\"}",
     "{\"url\":\"http://u:${secret:k}@h/\",\"interval\":\"1m\"}"},
    {"{\"url\":\"http://${secret:k}:sesame@h/\",\"interval\":\"1m\"}",
     "{\"url\":\"http://${secret:k}:***@h/\",\"interval\":\"1m\"}"},
};

static void assert_same_schedule(const struct schedule *a, const struct schedule *b)
{
    assert_true(a->interval_ms == b->interval_ms);
    assert_true(a->offset_ms == b->offset_ms);
    assert_true(a->time_count == b->time_count);
    assert_true(a->time_count == 0 ||
                memcmp(a->times, b->times, a->time_count * sizeof *a->times) == 0);
    assert_true(a->from_at == b->from_at && a->until_at == b->until_at && a->for_ms == b->for_ms);
    assert_true(a->has_hours == b->has_hours && a->hours_from_min == b->hours_from_min &&
                a->hours_to_min == b->hours_to_min && a->days == b->days && a->zone == b->zone);
}

static void definitions_come_out_and_go_in_again(void **state)
{
    struct config_dir dir;

    (void)state;
    config_dir_open(&dir);
    config_dir_put(&dir, "secrets/k", "s3cret");
    config_dir_put(&dir, "secrets/port", "8081");
    config_dir_put(&dir, "secrets/url", "http://h/");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct feed_set *set = NULL;
        struct feed *feed = NULL;
        struct err err = {0};

        config_dir_put(&dir, "feeds/a.json", cases[i].file);
        set = config_dir_load(&dir, NULL);
        config_dir_expect(set, "");
        assert_int_equal(set->count, 1);
        assert_string_equal(set->feeds[0]->definition, cases[i].definition);
        assert_null(strstr(set->feeds[0]->definition, "s3cret"));
        feed = feed_from_definition("a", set->feeds[0]->definition, &err);
        if (!feed) {
            fail_msg("%s", err.text);
            return;
        }
        assert_same_schedule(&feed->schedule, &set->feeds[0]->schedule);
        assert_int_equal(feed->format, set->feeds[0]->format);
        assert_int_equal(feed->timeout_ms, set->feeds[0]->timeout_ms);
        assert_string_equal(feed->definition, cases[i].definition);
        feed_drop(feed);
        feed_set_free(set);
    }
    config_dir_close(&dir);
}

static void what_is_no_definition_is_refused(void **state)
{
    static const char *const texts[] = {
        "", "[]", "{", "{}", "{\"url\":\"http://h/\"}", "{\"url\":\"http://h/\",\"interval\":5}"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct err err = {0};

        assert_null(feed_from_definition("a", texts[i], &err));
        assert_int_equal(err.kind, ERR_INPUT);
        assert_null(feed_from_definition("a", texts[i], NULL));
    }
}

/* A key that is added to the table and forgotten in definition_forms.c is found here. */
static void every_key_of_the_table_has_a_form(void **state)
{
    static const char *const plain[] = {"rows", "ca_file", "pin", "user_agent"}; /* char * inside */
    struct feed *feed = feed_new();

    (void)state;
    feed->url = strdup("http://h/");
    for (const struct setting *setting = feed_settings; setting->key; setting++) {
        struct buf out;
        struct definition definition = {.out = &out};
        bool is_plain = false;

        if (setting->type != SETTING_OTHER)
            continue;
        for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
            is_plain = is_plain || strcmp(plain[i], setting->key) == 0;
        buf_init(&out, 1000);
        if (definition_put_own_form(&definition, feed, setting->key) == is_plain)
            fail_msg("\"%s\"", setting->key);
        buf_release(&out);
    }
    feed_drop(feed);
}

static void assert_explained(const struct setting *table)
{
    for (; table->key; table++) {
        if (!table->help || !*table->help || strlen(table->help) > 80)
            fail_msg("\"%s\"", table->key);
        if (table->nested)
            assert_explained(table->nested);
    }
}

static void every_key_has_one_line_of_help(void **state)
{
    (void)state;
    assert_explained(feed_settings);
    assert_explained(service_settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definitions_come_out_and_go_in_again),
        cmocka_unit_test(what_is_no_definition_is_refused),
        cmocka_unit_test(every_key_of_the_table_has_a_form),
        cmocka_unit_test(every_key_has_one_line_of_help),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    zones_release();
    return failed;
}
