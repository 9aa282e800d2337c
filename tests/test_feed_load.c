/* From a directory to a set of feeds: defaults, templates and merging. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "tests/config_dir.h"

static void a_feed_of_two_keys_has_every_default(void **state)
{
    struct feed_set *set = NULL;
    const struct feed *feed = NULL;

    config_dir_put(*state, "feeds/bus.json", "{\"url\":\"http://h/\",\"interval\":\"2m\"}");
    set = config_dir_load(*state, NULL);
    config_dir_expect(set, "");
    feed = config_dir_feed(set, "bus");
    assert_string_equal(feed->file, "feeds/bus.json");
    assert_string_equal(feed->url, "http://h/");
    assert_true(feed->enabled && feed->catch_up && feed->conditional);
    assert_false(feed->allow_private);
    assert_int_equal(feed->schedule.interval_ms, 120000);
    assert_int_equal(feed->schedule.offset_ms, hash64("bus", 3, 0) % 120000);
    assert_int_equal(feed->schedule.time_count, 0);
    assert_true(feed->schedule.from_at == AT_NONE && feed->schedule.until_at == AT_NEVER);
    assert_int_equal(feed->schedule.for_ms, 0);
    assert_int_equal(feed->schedule.days, 127);
    assert_false(feed->schedule.has_hours);
    assert_string_equal(zone_name(feed->schedule.zone), "UTC");
    assert_int_equal(feed->timeout_ms, 30000);
    assert_int_equal(feed->connect_timeout_ms, 10000);
    assert_int_equal(feed->max_body_bytes, 16 << 20);
    assert_string_equal(feed->method, "GET");
    assert_int_equal(feed->header_count, 0);
    assert_null(feed->body);
    assert_int_equal(feed->auth.type, AUTH_NONE);
    assert_int_equal(feed->redirects, 3);
    assert_int_equal(feed->retry.attempts, 3);
    assert_int_equal(feed->retry.wait_ms, 1000);
    assert_int_equal(feed->retry.max_wait_ms, 30000);
    assert_int_equal(feed->backoff.after, 5);
    assert_int_equal(feed->backoff.max_ms, 900000);
    assert_int_equal(feed->host_gap_ms, 0);
    assert_int_equal(feed->host_limit, 2);
    assert_int_equal(feed->format, FORMAT_AUTO);
    assert_null(feed->rows);
    assert_null(feed->columns);
    assert_int_equal(feed->keep_ms, 0);
    assert_int_equal(feed->alert.failures, 3);
    assert_int_equal(feed->alert.stale_ms + feed->alert.unchanged_ms, 0);
    assert_null(feed->ca_file);
    assert_null(feed->pin);
    assert_null(feed->proxy);
    assert_null(feed->user_agent);
    feed_set_free(set);
}

static void an_empty_directory_is_a_service_with_defaults(void **state)
{
    struct feed_set *set = config_dir_load(*state, NULL);

    config_dir_expect(set, "");
    assert_int_equal(set->count, 0);
    assert_false(set->service_is_broken);
    assert_null(set->service.store);
    assert_string_equal(set->service.listen, "127.0.0.1:8889");
    assert_int_equal(set->service.max_requests, 64);
    assert_int_equal(set->service.store_limit_bytes, 0);
    assert_int_equal(set->service.disk_reserve_bytes, INT64_C(500) << 20);
    assert_false(set->service.alerts.has_email || set->service.alerts.has_webhook ||
                 set->service.alerts.has_heartbeat);
    assert_null(set->service.defaults);
    assert_null(feed_set_find(set, "bus"));
    assert_false(feed_set_is_broken(set, "feeds/bus.json"));
    feed_set_free(set);
}

static void a_directory_that_is_not_there_is_an_error(void **state)
{
    struct feed_set *set = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(feed_set_load(&set, "/nonexistent/pollard", NULL, &err), -1);
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_null(set);
    assert_non_null(strstr(err.text, "/nonexistent/pollard"));
    assert_int_equal(feed_set_load(&set, "/nonexistent/pollard", NULL, NULL), -1);
}

static void the_service_reads_all_its_keys(void **state)
{
    struct feed_set *set = NULL;
    const struct alerts_settings *alerts = NULL;

    config_dir_put(*state, "secrets/hook", "https://example.org/hook\n");
    config_dir_put(*state, "secrets/mail", "pw\n");
    config_dir_put(
        *state, "pollard.json",
        "{\"store\":\"data\",\"listen\":\"[::1]:9000\",\"max_requests\":8,"
        "\"store_limit\":\"2GiB\",\"listen_hosts\":[\"buses.example.org\"],"
        "\"disk_reserve\":\"0B\",\"alerts\":{\"email\":{\"server\":\"smtps://mail.example.org\","
        "\"from\":\"a@example.org\",\"to\":[\"b@example.org\",\"c@example.org\"],"
        "\"username\":\"u\",\"password\":\"${secret:mail}\"},"
        "\"webhook\":{\"url\":\"${secret:hook}\",\"headers\":{\"X-A\":\"1\"}},"
        "\"heartbeat\":{\"url\":\"https://hc.example.org/1\"},\"allow_private\":true}}");
    set = config_dir_load(*state, NULL);
    config_dir_expect(set, "");
    alerts = &set->service.alerts;
    assert_string_equal(set->service.store, "data");
    assert_string_equal(set->service.listen, "[::1]:9000");
    assert_int_equal(set->service.max_requests, 8);
    assert_int_equal(set->service.store_limit_bytes, INT64_C(2) << 30);
    assert_int_equal(set->service.listen_host_count, 1);
    assert_string_equal(set->service.listen_hosts[0], "buses.example.org");
    assert_int_equal(set->service.disk_reserve_bytes, 0);
    assert_true(alerts->has_email && alerts->has_webhook && alerts->has_heartbeat);
    assert_true(alerts->allow_private);
    assert_string_equal(alerts->email.server, "smtps://mail.example.org");
    assert_int_equal(alerts->email.to_count, 2);
    assert_string_equal(alerts->email.to[1], "c@example.org");
    assert_string_equal(alerts->webhook.url, "${secret:hook}");
    assert_string_equal(alerts->webhook.headers[0].value, "1");
    assert_string_equal(alerts->heartbeat_url, "https://hc.example.org/1");
    assert_int_equal(alerts->heartbeat_every_ms, 300000);
    feed_set_free(set);
}

static void objects_merge_key_by_key(void **state)
{
    struct feed_set *set = NULL;
    const struct feed *feed = NULL;

    config_dir_put(*state, "pollard.json",
                   "{\"defaults\":{\"interval\":\"1m\",\"retry\":{\"attempts\":5,\"wait\":\"2s\"},"
                   "\"backoff\":false,\"alert\":false,\"headers\":{\"X-A\":\"1\",\"X-B\":\"2\"},"
                   "\"auth\":{\"type\":\"basic\",\"username\":\"u\",\"password\":\"p\"}}}");
    config_dir_put(
        *state, "feeds/a.json",
        "{\"url\":\"http://h/\",\"retry\":{\"wait\":\"3s\"},\"alert\":{\"stale\":\"1h\"},"
        "\"headers\":{\"x-b\":\"3\",\"X-C\":\"4\"},"
        "\"auth\":{\"type\":\"bearer\",\"token\":\"t\"}}");
    config_dir_put(*state, "feeds/b.json", "{\"url\":\"http://h/\",\"retry\":false}");
    set = config_dir_load(*state, NULL);
    config_dir_expect(set, "");
    feed = config_dir_feed(set, "a");
    assert_int_equal(feed->retry.attempts, 5);
    assert_int_equal(feed->retry.wait_ms, 3000);
    assert_int_equal(feed->retry.max_wait_ms, 30000);
    assert_int_equal(feed->backoff.after, 0);
    assert_int_equal(feed->alert.failures, 3); /* switched on again: built-in, then the feed's */
    assert_int_equal(feed->alert.stale_ms, 3600000);
    assert_int_equal(feed->header_count, 3);
    assert_string_equal(feed->headers[0].name, "X-A");
    assert_string_equal(feed->headers[0].value, "1");
    assert_string_equal(feed->headers[1].name, "x-b");
    assert_string_equal(feed->headers[1].value, "3");
    assert_string_equal(feed->headers[2].value, "4");
    assert_int_equal(feed->auth.type, AUTH_BEARER);
    assert_string_equal(feed->auth.token, "t");
    assert_null(feed->auth.password);
    feed = config_dir_feed(set, "b");
    assert_int_equal(feed->retry.attempts, 1);
    assert_int_equal(feed->alert.failures, 0);
    assert_int_equal(feed->auth.type, AUTH_BASIC);
    feed_set_free(set);
}

static void interval_and_at_take_the_place_of_each_other(void **state)
{
    struct feed_set *set = NULL;
    const struct feed *feed = NULL;

    config_dir_put(*state, "pollard.json",
                   "{\"defaults\":{\"interval\":\"10s\",\"offset\":\"5s\"}}");
    config_dir_put(*state, "feeds/a.json",
                   "{\"url\":\"http://h/\",\"at\":[\"18:30\",\"06:00:05\",\"18:30\"]}");
    config_dir_put(*state, "feeds/b.json", "{\"url\":\"http://h/\"}");
    set = config_dir_load(*state, NULL);
    config_dir_expect(set, "");
    feed = config_dir_feed(set, "a");
    assert_int_equal(feed->schedule.interval_ms, 0);
    assert_int_equal(feed->schedule.offset_ms, 0);
    assert_int_equal(feed->schedule.time_count, 2);
    assert_int_equal(feed->schedule.times[0], 6 * 3600 + 5);
    assert_int_equal(feed->schedule.times[1], 18 * 3600 + 1800);
    assert_int_equal(feed->timeout_ms, 30000);
    feed = config_dir_feed(set, "b");
    assert_int_equal(feed->schedule.interval_ms, 10000);
    assert_int_equal(feed->schedule.offset_ms, 5000);
    assert_int_equal(feed->timeout_ms, 10000);
    feed_set_free(set);
    config_dir_put(*state, "pollard.json", "{\"defaults\":{\"at\":[\"06:00\"]}}");
    config_dir_put(*state, "feeds/a.json", "{\"url\":\"http://h/\",\"interval\":\"1m\"}");
    set = config_dir_load(*state, NULL);
    config_dir_expect(set, "");
    assert_int_equal(config_dir_feed(set, "a")->schedule.interval_ms, 60000);
    assert_int_equal(config_dir_feed(set, "a")->schedule.time_count, 0);
    assert_null(config_dir_feed(set, "a")->schedule.times);
    assert_int_equal(config_dir_feed(set, "b")->schedule.time_count, 1);
    feed_set_free(set);
}

static void dates_are_told_in_the_zone_of_the_feed(void **state)
{
    struct feed_set *set = NULL;
    const struct schedule *schedule = NULL;

    config_dir_put(*state, "pollard.json",
                   "{\"defaults\":{\"interval\":\"1m\",\"until\":\"2026-11-30\"}}");
    config_dir_put(*state, "feeds/a.json",
                   "{\"url\":\"http://h/\",\"from\":\"2026-03-08\",\"hours\":\"05:00-01:30\","
                   "\"days\":[\"mon\",\"fri\"],\"timezone\":\"America/Los_Angeles\","
                   "\"for\":\"7d\"}");
    config_dir_put(*state, "feeds/b.json",
                   "{\"url\":\"http://h/\",\"from\":\"2026-03-08T01:02:03.5+01:00\","
                   "\"until\":\"2026-03-08T00:02:04Z\",\"hours\":\"00:00-24:00\"}");
    set = config_dir_load(*state, NULL);
    config_dir_expect(set, "");
    schedule = &config_dir_feed(set, "a")->schedule;
    assert_true(schedule->from_at == INT64_C(1772956800) * US_PER_SECOND);  /* 08:00Z */
    assert_true(schedule->until_at == INT64_C(1796112000) * US_PER_SECOND); /* 12-01 08:00Z */
    assert_true(schedule->has_hours);
    assert_int_equal(schedule->hours_from_min, 300);
    assert_int_equal(schedule->hours_to_min, 90);
    assert_int_equal(schedule->days, 1 << 1 | 1 << 5);
    assert_int_equal(schedule->for_ms, 7 * MS_PER_DAY);
    schedule = &config_dir_feed(set, "b")->schedule;
    assert_true(schedule->from_at == INT64_C(1772928123500000));
    assert_true(schedule->until_at == INT64_C(1772928124000000));
    assert_int_equal(schedule->hours_to_min, 1440);
    feed_set_free(set);
}

static void for_each_makes_a_feed_of_every_combination(void **state)
{
    struct feed_set *set = NULL;
    const struct feed *feed = NULL;

    config_dir_put(*state, "feeds/t.json",
                   "{\"for_each\":{\"route\":[20,\"a/b c\"],\"live\":[true,false],\"n\":[1.50]},"
                   "\"name\":\"f-{n}-{live}-{route}\",\"url\":\"http://h/{route}?{live}&{n}\","
                   "\"interval\":\"1m\",\"body\":\"{route} {other} {\",\"notes\":\"${x}{n}{n}\","
                   "\"method\":\"PUT\"}");
    set = config_dir_load(*state, NULL);
    assert_int_equal(set->count, 0); /* a/b c is no name */
    assert_int_equal(set->mistake_count, 2);
    feed_set_free(set);
    config_dir_put(*state, "feeds/t.json",
                   "{\"for_each\":{\"route\":[20,\"ä~b\"],\"live\":[true,false],\"n\":[1.50]},"
                   "\"name\":\"f-{n}-{live}\",\"url\":\"http://h/{route}?{live}&{n}\","
                   "\"interval\":\"1m\",\"body\":\"{route} {other} {\",\"notes\":\"${n}{n}{n}\","
                   "\"method\":\"PUT\",\"headers\":{\"X-{n}\":\"{live}\"}}");
    set = config_dir_load(*state, NULL);
    assert_int_equal(set->count, 0); /* two feeds of one name, and {n} in a header's name stays */
    feed_set_free(set);
    config_dir_put(*state, "feeds/t.json",
                   "{\"for_each\":{\"route\":[20,\"ä~b\"],\"live\":[true,false],\"n\":[1.50]},"
                   "\"url\":\"http://h/{route}?{live}&{n}\",\"name\":\"f-{n}-{live}-${route}\","
                   "\"interval\":\"1m\"}");
    set = config_dir_load(*state, NULL);
    assert_int_equal(set->count, 0); /* ${route} is no {route} */
    feed_set_free(set);
    config_dir_put(*state, "feeds/t.json",
                   "{\"for_each\":{\"live\":[true,false],\"n\":[1.50],\"q\":[\"ä~{n}\"]},"
                   "\"url\":\"http://h/{q}?{live}&{n}\",\"name\":\"f-{n}-{live}\","
                   "\"interval\":\"1m\",\"body\":\"{q} {other} {\",\"notes\":\"${n}{n}{n}\","
                   "\"method\":\"PUT\",\"headers\":{\"X\":\"{live}\"}}");
    set = config_dir_load(*state, NULL);
    config_dir_expect(set, "");
    assert_int_equal(set->count, 2);
    feed = config_dir_feed(set, "f-1.50-true");
    assert_string_equal(feed->url, "http://h/%C3%A4~%7Bn%7D?true&1.50");
    assert_string_equal(feed->body, "ä~{n} {other} {");
    assert_string_equal(feed->notes, "${n}1.501.50");
    assert_string_equal(feed->headers[0].value, "true");
    config_dir_feed(set, "f-1.50-false");
    feed_set_free(set);
}

static void too_many_feeds_are_one_mistake(void **state)
{
    struct feed_set *set = NULL;
    struct buf text;
    size_t bare = 0;

    buf_init(&text, 1 << 20);
    buf_append_text(&text, "{\"url\":\"http://h/\",\"interval\":\"1m\",\"name\":\"{a}-{b}-{c}\","
                           "\"for_each\":{\"a\":[0");
    for (int i = 1; i < 400; i++)
        buf_printf(&text, ",%d", i);
    buf_append_text(&text, "],\"b\":[0");
    for (int i = 1; i < 250; i++)
        buf_printf(&text, ",%d", i);
    bare = text.length;
    buf_append_text(&text, "],\"c\":[1,2]}}");
    config_dir_put_bytes(*state, "feeds/t.json", text.bytes, text.length);
    set = config_dir_load(*state, NULL);
    config_dir_expect(set, "feeds/t.json:1:68: \"for_each\" makes too many feeds: a configuration "
                           "holds at most 100000\n");
    feed_set_free(set);
    text.length = bare;
    buf_append_text(&text, "],\"c\":[1]}}");
    config_dir_put_bytes(*state, "feeds/t.json", text.bytes, text.length);
    config_dir_put(*state, "feeds/u.json", "{\"url\":\"http://h/\",\"interval\":\"1m\"}");
    set = config_dir_load(*state, NULL);
    config_dir_expect(set, "feeds/u.json:1:1: a configuration holds at most 100000 feeds\n");
    assert_int_equal(set->count, 100000);
    feed_set_free(set);
    buf_release(&text);
}

static void a_template_that_swells_is_a_mistake(void **state)
{
    struct feed_set *set = NULL;
    struct buf text;

    buf_init(&text, 1 << 20);
    buf_append_text(&text, "{\"url\":\"http://h/\",\"interval\":\"1m\",\"name\":\"{b}\","
                           "\"for_each\":{\"b\":[1,2],\"a\":[\"");
    for (int i = 0; i < 20000; i++)
        buf_append_char(&text, 'x');
    buf_append_text(&text, "\"]},\"notes\":\"");
    for (int i = 0; i < 1000; i++)
        buf_append_text(&text, "{a}");
    buf_append_text(&text, "\"}");
    config_dir_put_bytes(*state, "feeds/t.json", text.bytes, text.length);
    set = config_dir_load(*state, NULL);
    assert_int_equal(set->mistake_count, 1);
    assert_string_equal(set->mistakes[0].text,
                        "the feed is too large once its {var}s are filled in");
    feed_set_free(set);
    buf_release(&text);
}

static void ca_file_is_found_beside_pollard_json(void **state)
{
    struct config_dir *dir = *state;
    struct feed_set *set = NULL;
    char path[128];

    config_dir_put(dir, "ca.pem", "x");
    config_dir_put(dir, "feeds/a.json",
                   "{\"url\":\"http://h/\",\"interval\":\"1m\",\"ca_file\":\"ca.pem\"}");
    set = config_dir_load(dir, NULL);
    config_dir_expect(set, "");
    snprintf(path, sizeof path, "%s/ca.pem", dir->path);
    assert_string_equal(config_dir_feed(set, "a")->ca_file, path);
    assert_non_null(strstr(config_dir_feed(set, "a")->definition, "\"ca_file\":\"ca.pem\""));
    feed_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_feed_of_two_keys_has_every_default, config_dir_start,
                                        config_dir_end),
        cmocka_unit_test_setup_teardown(an_empty_directory_is_a_service_with_defaults,
                                        config_dir_start, config_dir_end),
        cmocka_unit_test(a_directory_that_is_not_there_is_an_error),
        cmocka_unit_test_setup_teardown(the_service_reads_all_its_keys, config_dir_start,
                                        config_dir_end),
        cmocka_unit_test_setup_teardown(objects_merge_key_by_key, config_dir_start, config_dir_end),
        cmocka_unit_test_setup_teardown(interval_and_at_take_the_place_of_each_other,
                                        config_dir_start, config_dir_end),
        cmocka_unit_test_setup_teardown(dates_are_told_in_the_zone_of_the_feed, config_dir_start,
                                        config_dir_end),
        cmocka_unit_test_setup_teardown(for_each_makes_a_feed_of_every_combination,
                                        config_dir_start, config_dir_end),
        cmocka_unit_test_setup_teardown(too_many_feeds_are_one_mistake, config_dir_start,
                                        config_dir_end),
        cmocka_unit_test_setup_teardown(a_template_that_swells_is_a_mistake, config_dir_start,
                                        config_dir_end),
        cmocka_unit_test_setup_teardown(ca_file_is_found_beside_pollard_json, config_dir_start,
                                        config_dir_end),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    zones_release();
    return failed;
}
