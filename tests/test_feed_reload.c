/* From one set of feeds to the next: what stays, what is kept, what goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "feeds/secret.h"
#include "tests/config_dir.h"

static void unchanged_feeds_are_the_same_struct_after_a_reload(void **state)
{
    struct feed_set *first = NULL;
    struct feed_set *second = NULL;

    config_dir_put(*state, "secrets/k", "one\n");
    config_dir_put(*state, "feeds/a.json", "{\"url\":\"http://h/\",\"interval\":\"1m\"}");
    config_dir_put(*state, "feeds/b.json", "{\"url\":\"http://h/\",\"interval\":\"1m\"}");
    config_dir_put(*state, "feeds/c.json",
                   "{\"url\":\"http://h/?${secret:k}\",\"interval\":\"1m\"}");
    config_dir_put(*state, "feeds/d.json",
                   "{\"url\":\"http://h/\",\"interval\":\"1m\",\"auth\":{\"type\":\"bearer\","
                   "\"token\":\"one\"}}");
    config_dir_put(*state, "feeds/e.json",
                   "{\"url\":\"http://h/\",\"interval\":\"1m\",\"name\":\"moved\"}");
    first = config_dir_load(*state, NULL);
    config_dir_expect(first, "");
    /* Other bytes, the same keys. */
    config_dir_put(*state, "feeds/a.json",
                   "{ /* again */ \"interval\": \"60s\", \"url\":\"http://h/\"}");
    config_dir_put(*state, "feeds/b.json", "{\"url\":\"http://h/\",\"interval\":\"2m\"}");
    config_dir_put(*state, "secrets/k", "two\n");
    config_dir_put(*state, "feeds/d.json",
                   "{\"url\":\"http://h/\",\"interval\":\"1m\",\"auth\":{\"type\":\"bearer\","
                   "\"token\":\"two\"}}");
    config_dir_delete(*state, "feeds/e.json");
    config_dir_put(*state, "feeds/f.json",
                   "{\"url\":\"http://h/\",\"interval\":\"1m\",\"name\":\"moved\"}");
    second = config_dir_load(*state, first);
    config_dir_expect(second, "");
    assert_ptr_equal(config_dir_feed(second, "a"), config_dir_feed(first, "a"));
    assert_ptr_not_equal(config_dir_feed(second, "b"), config_dir_feed(first, "b"));
    assert_ptr_not_equal(config_dir_feed(second, "c"), config_dir_feed(first, "c"));
    assert_string_equal(config_dir_feed(second, "c")->definition,
                        config_dir_feed(first, "c")->definition);
    assert_ptr_not_equal(config_dir_feed(second, "d"), config_dir_feed(first, "d"));
    assert_string_equal(config_dir_feed(second, "d")->auth.token, "two");
    assert_ptr_not_equal(config_dir_feed(second, "moved"), config_dir_feed(first, "moved"));
    feed_set_free(first);
    assert_int_equal(config_dir_feed(second, "a")->schedule.interval_ms, 60000);
    feed_set_free(second);
}

static void a_broken_file_keeps_what_ran_before(void **state)
{
    struct feed_set *sets[4] = {NULL};
    struct buf value;

    config_dir_put(*state, "secrets/k", "one\n");
    config_dir_put(*state, "pollard.json",
                   "{\"defaults\":{\"interval\":\"1m\"},\"max_requests\":7,\"alerts\":{\"webhook\":"
                   "{\"url\":\"http://h/${secret:k}\"}}}");
    config_dir_put(*state, "feeds/a.json", "{\"url\":\"http://h/${secret:k}\"}");
    config_dir_put(*state, "feeds/b.json", "{\"url\":\"http://h/\"}");
    sets[0] = config_dir_load(*state, NULL);
    config_dir_expect(sets[0], "");
    config_dir_delete(*state, "secrets/k"); /* breaks pollard.json and a */
    sets[1] = config_dir_load(*state, sets[0]);
    assert_int_equal(sets[1]->mistake_count, 2);
    assert_true(sets[1]->service_is_broken);
    assert_true(feed_set_is_broken(sets[1], "feeds/a.json"));
    assert_false(feed_set_is_broken(sets[1], "feeds/b.json"));
    feed_set_free(sets[0]);
    assert_int_equal(sets[1]->service.max_requests, 7);
    assert_true(sets[1]->service.alerts.has_webhook);
    assert_int_equal(config_dir_feed(sets[1], "b")->schedule.interval_ms, 60000);
    buf_init(&value, 100);
    assert_int_equal(secrets_append(sets[1]->secrets, "k", &value, NULL), 0);
    assert_string_equal(buf_text(&value), "one");
    buf_release(&value);
    /* Broken twice in a row, and in another way. */
    config_dir_put(*state, "feeds/a.json", "{");
    config_dir_put(*state, "pollard.json", "{");
    sets[2] = config_dir_load(*state, sets[1]);
    assert_ptr_equal(config_dir_feed(sets[2], "a"), config_dir_feed(sets[1], "a"));
    assert_ptr_equal(config_dir_feed(sets[2], "b"), config_dir_feed(sets[1], "b"));
    feed_set_free(sets[1]);
    assert_int_equal(sets[2]->service.max_requests, 7);
    assert_non_null(sets[2]->service.defaults);
    /* Removed is not broken. */
    config_dir_delete(*state, "feeds/a.json");
    config_dir_delete(*state, "pollard.json");
    sets[3] = config_dir_load(*state, sets[2]);
    assert_null(feed_set_find(sets[3], "a"));
    assert_int_equal(sets[3]->service.max_requests, 64);
    config_dir_expect(sets[3], "feeds/b.json:1:1: \"interval\" is required, or \"at\"\n");
    assert_int_equal(config_dir_feed(sets[3], "b")->schedule.interval_ms, 60000);
    feed_set_free(sets[2]);
    feed_set_free(sets[3]);
}

static void a_name_stays_with_the_first_file_that_has_it(void **state)
{
    struct feed_set *first = NULL;
    struct feed_set *second = NULL;

    config_dir_put(*state, "feeds/a.json",
                   "{\"url\":\"http://h/a\",\"interval\":\"1m\",\"name\":\"x\"}");
    config_dir_put(*state, "feeds/b.json",
                   "{\"url\":\"http://h/b\",\"interval\":\"1m\",\"name\":\"y\"}");
    first = config_dir_load(*state, NULL);
    config_dir_expect(first, "");
    config_dir_put(*state, "feeds/a.json", "{\"name\":\"x\"}");
    config_dir_put(*state, "feeds/b.json",
                   "{\"url\":\"http://h/b\",\"interval\":\"1m\",\"name\":\"x\"}");
    second = config_dir_load(*state, first);
    assert_int_equal(second->mistake_count, 3);
    assert_string_equal(second->mistakes[2].text,
                        "\"name\" must be unique: \"x\" is a feed of feeds/a.json too");
    assert_ptr_equal(config_dir_feed(second, "x"), config_dir_feed(first, "x"));
    assert_ptr_equal(config_dir_feed(second, "y"), config_dir_feed(first, "y"));
    feed_set_free(second);
    /* The earlier file takes the name of a feed that the later one gave, and that is broken now. */
    config_dir_put(*state, "feeds/a.json",
                   "{\"url\":\"http://h/a\",\"interval\":\"1m\",\"name\":\"y\"}");
    config_dir_put(*state, "feeds/b.json", "{}");
    second = config_dir_load(*state, first);
    assert_int_equal(second->count, 1);
    assert_string_equal(config_dir_feed(second, "y")->url, "http://h/a");
    feed_set_free(first);
    feed_set_free(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unchanged_feeds_are_the_same_struct_after_a_reload,
                                        config_dir_start, config_dir_end),
        cmocka_unit_test_setup_teardown(a_broken_file_keeps_what_ran_before, config_dir_start,
                                        config_dir_end),
        cmocka_unit_test_setup_teardown(a_name_stays_with_the_first_file_that_has_it,
                                        config_dir_start, config_dir_end),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    zones_release();
    return failed;
}
