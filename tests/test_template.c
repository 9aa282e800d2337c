/* Templates: applied at load, expanded for each request, shown to people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "feeds/template.h"
#include "tests/config_dir.h"

static struct json *parse(const char *text)
{
    struct json_mistake mistake = {0};
    struct json *json = json_parse(text, strlen(text), &mistake);

    if (!json)
        fail_msg("%s", mistake.text);
    return json;
}

static void vars_are_replaced_in_every_string(void **state)
{
    static const struct {
        const char *file, *values, *out;
    } cases[] = {
        {"{\"a\":\"{r}\"}", "{\"r\":20}", "{\"a\":\"20\"}"},
        {"{\"a\":\"{r}{r}{s}\"}", "{\"r\":1.0e5}", "{\"a\":\"1.0e51.0e5{s}\"}"},
        {"{\"a\":\"{r}{s}\"}", "{\"r\":\"{s}\",\"s\":true}", "{\"a\":\"{s}true\"}"},
        {"{\"a\":\"${r} $ {r}\"}", "{\"r\":1}", "{\"a\":\"${r} $ 1\"}"},
        {"{\"a\":\"{{r}} {r {r\"}", "{\"r\":1}", "{\"a\":\"{1} {r {r\"}"},
        {"{\"{r}\":[\"{r}\",{\"b\":\"{r}\"},5]}", "{\"r\":1}", "{\"{r}\":[\"1\",{\"b\":\"1\"},5]}"},
        {"{\"url\":\"{r}\",\"x\":{\"url\":\"{r}\"}}", "{\"r\":\"a b/ä-._~\"}",
         "{\"url\":\"a%20b%2F%C3%A4-._~\",\"x\":{\"url\":\"a b/ä-._~\"}}"},
        {"{\"url\":\"http://h/${secret:k-{r}}\"}", "{\"r\":7}",
         "{\"url\":\"http://h/${secret:k-7}\"}"},
        {"{\"a\":\"{r}\"}", "{\"r\":\"\"}", "{\"a\":\"\"}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json *file = parse(cases[i].file);
        struct json *values = parse(cases[i].values);
        struct buf out;

        buf_init(&out, 1000);
        assert_int_equal(template_apply(file, values, NULL), 0);
        assert_int_equal(json_write(&out, file), 0);
        assert_string_equal(buf_text(&out), cases[i].out);
        buf_release(&out);
        json_free(file);
        json_free(values);
    }
}

static void vars_that_are_left_are_found(void **state)
{
    static const struct {
        const char *text, *var; /* NULL: none */
    } cases[] = {
        {"a{b}c", "{b}"},
        {"abc", NULL},
        {"${secret:x}", NULL},
        {"{}", NULL},
        {"{a", NULL},
        {"${secret:{x}}", "{x}"},
        {"{ {b c} d}", "{b c}"},
        {"${a}{b}", "{b}"},
        {"", NULL},
        {"}{", NULL},
        {"$${a}", NULL},
        {"{a}{b}", "{a}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length = 0;
        const char *var = template_find_var(cases[i].text, &length);

        if (!cases[i].var) {
            assert_null(var);
            continue;
        }
        assert_non_null(var);
        assert_int_equal(length, strlen(cases[i].var));
        assert_memory_equal(var, cases[i].var, length);
    }
}

static int on_secret(void *cookie, const char *name, struct err *err)
{
    struct buf *names = cookie;

    if (strcmp(name, "bad") == 0)
        return err_set(err, ERR_CONFIG, "bad secret");
    return buf_printf(names, "%s;", name);
}

static void checking_names_the_mistake_and_every_secret(void **state)
{
    static const struct {
        const char *text, *secrets, *mistake;
    } cases[] = {
        {"plain {x} $ } {", "", NULL},
        {"${secret:a}${slot:%Y-%m-%dT%H:%M:%S%z}${secret:b}", "a;b;", NULL},
        {"${secret:a}${secret:bad}", "a;", "bad secret"},
        {"${slot:%-d %_H %Ey %%}", "", NULL},
        {"${slot:}", "", "\"${slot:}\" lacks a form such as %Y-%m-%d"},
        {"${slot:%}", "", "\"${slot:%}\": not a form of strftime"},
        {"${slot:%9Y}", "", "\"${slot:%9Y}\": not a form of strftime"},
        {"${}", "", "unknown \"${}\", known are ${secret:NAME} and ${slot:FORM}"},
        {"a${SECRET:x}", "", "unknown \"${SECRET:x}\", known are ${secret:NAME} and ${slot:FORM}"},
        {"${secret:a", "", "\"${secret:a\" lacks its \"}\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err = {0};
        struct buf names;
        int status = 0;

        buf_init(&names, 100);
        status = template_check(cases[i].text, on_secret, &names, &err);
        assert_int_equal(status, cases[i].mistake ? -1 : 0);
        if (cases[i].mistake)
            assert_string_equal(err.text, cases[i].mistake);
        assert_string_equal(buf_text(&names), cases[i].secrets);
        buf_release(&names);
    }
}

static void requests_get_slots_in_the_zone_and_secrets(void **state)
{
    static const struct {
        const char *text, *out, *masked;
    } cases[] = {
        {"", "", ""},
        {"{x}$", "{x}$", "{x}$"},
        {"a${secret:k}b${secret:k}", "as3cretbs3cret", "a***b***"},
        {"${slot:%Y-%m-%d %H:%M:%S %z}", "2026-11-23 14:15:16 -0800", "2026-11-23 14:15:16 -0800"},
        {"${slot:%Y}/${slot:%j}?${slot:%s}", "2026/327?1795472116", "2026/327?1795472116"},
    };
    const int64_t slot_at = INT64_C(1795472116) * US_PER_SECOND;
    struct feed *feed = feed_new();
    struct config_dir dir;
    struct secrets *secrets = NULL;
    struct err err = {0};
    struct buf out;

    (void)state;
    config_dir_open(&dir);
    config_dir_put(&dir, "secrets/k", "s3cret");
    secrets = secrets_new(dir.path);
    assert_int_equal(secrets_load(secrets, "k", &err), 0);
    assert_int_equal(zone_find(&feed->schedule.zone, "America/Los_Angeles", &err), 0);
    buf_init(&out, 100);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_reset(&out);
        assert_int_equal(template_expand(cases[i].text, feed, slot_at, secrets, &out, &err), 0);
        assert_string_equal(buf_text(&out), cases[i].out);
        buf_reset(&out);
        assert_int_equal(template_expand(cases[i].text, feed, slot_at, NULL, &out, &err), 0);
        assert_string_equal(buf_text(&out), cases[i].masked);
    }
    assert_int_equal(template_expand("${secret:other}", feed, slot_at, secrets, &out, &err), -1);
    assert_int_equal(err.kind, ERR_ABSENT);
    buf_release(&out);
    buf_init(&out, 2);
    assert_int_equal(template_expand("${secret:k}", feed, slot_at, secrets, &out, &err), -1);
    assert_int_equal(err.kind, ERR_FULL);
    assert_int_equal(template_expand("long", feed, slot_at, secrets, &out, &err), -1);
    assert_int_equal(err.kind, ERR_FULL);
    assert_true(template_has_secret("x${secret:k}"));
    assert_false(template_has_secret("x${slot:%Y}"));
    buf_release(&out);
    secrets_free(secrets);
    feed_drop(feed);
    config_dir_close(&dir);
}

static void people_see_no_password_in_a_url(void **state)
{
    static const struct {
        const char *url, *shown;
    } cases[] = {
        {"http://h/a:b@c", "http://h/a:b@c"},
        {"http://user:pass@h/", "http://user:***@h/"},
        {"http://user:p@ss@h/", "http://user:***@h/"},
        {"http://user:@h/", "http://user:***@h/"},
        {"http://user@h:80/?x=a:b@c", "http://user@h:80/?x=a:b@c"},
        {"http://user:${secret:k}@h/${secret:k}", "http://user:***@h/***"},
        {"http://${secret:u}:pw@h/", "http://***:***@h/"},
        {"${secret:u}", "***"},
        {"http://h/${slot:%Y}", "http://h/1970"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct feed *feed = feed_new();
        struct buf out;

        buf_init(&out, 200);
        feed->url = strdup(cases[i].url);
        assert_int_equal(template_display_url(feed, 0, &out), 0);
        assert_string_equal(buf_text(&out), cases[i].shown);
        buf_release(&out);
        feed_drop(feed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vars_are_replaced_in_every_string),
        cmocka_unit_test(vars_that_are_left_are_found),
        cmocka_unit_test(checking_names_the_mistake_and_every_secret),
        cmocka_unit_test(requests_get_slots_in_the_zone_and_secrets),
        cmocka_unit_test(people_see_no_password_in_a_url),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    zones_release();
    return failed;
}
