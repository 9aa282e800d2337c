/* What the server makes of a request's target and of its Host. */
#include "scheduler/net/httpd_target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/net/httpd_names.h"

static void targets_are_taken_apart(void **state)
{
    static const struct {
        const char *raw, *path, *name, *value; /* path NULL: refused; of the last parameter */
        size_t count;
    } cases[] = {
        {"/", "/", NULL, NULL, 0},
        {"/dump/a.csv?from=-24h", "/dump/a.csv", "from", "-24h", 1},
        {"/%64ump/a%2eb?a%3Db=c%26d&e", "/dump/a.b", "e", NULL, 2},
        {"/a+b?c=d+e%2Bf", "/a+b", "c", "d e+f", 1},
        {"/?a==b", "/", "a", "=b", 1},
        {"/?&&a=&", "/", "a", "", 1},
        {"/%C3%BC?%c3%bc=1", "/ü", "ü", "1", 1},
        {"/a?b=c?d", "/a", "b", "c?d", 1},
        {"", NULL, NULL, NULL, 0},
        {"*", NULL, NULL, NULL, 0},
        {"http://localhost/", NULL, NULL, NULL, 0},
        {"/%", NULL, NULL, NULL, 0},
        {"/%4", NULL, NULL, NULL, 0},
        {"/%4g", NULL, NULL, NULL, 0},
        {"/?a=%", NULL, NULL, NULL, 0},
        {"/%00", NULL, NULL, NULL, 0},
        {"/a%0d%0aSet-Cookie:%20b=c", NULL, NULL, NULL, 0},
        {"/?a=%7f", NULL, NULL, NULL, 0},
        {"/%ff", NULL, NULL, NULL, 0},
        {"/?%c3=%28", NULL, NULL, NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct httpd_target target;
        struct err err = {0};
        int result = httpd_target_parse(&target, cases[i].raw, strlen(cases[i].raw), &err);
        size_t count = cases[i].count;
        const struct httpd_parameter *last = &target.parameters[count ? count - 1 : 0];

        if ((result == 0) != (cases[i].path != NULL))
            fail_msg("\"%s\": %s", cases[i].raw, result ? err.text : "is taken");
        if (result == 0) {
            assert_string_equal(target.path, cases[i].path);
            assert_int_equal(target.parameter_count, count);
        }
        if (result == 0 && count > 0) {
            assert_string_equal(last->name, cases[i].name);
            if (cases[i].value)
                assert_string_equal(last->value, cases[i].value);
            else
                assert_null(last->value);
        }
        httpd_target_release(&target);
    }
}

static void a_target_has_limits(void **state)
{
    static char text[HTTPD_TARGET_MAX + 2];
    struct httpd_target target;
    struct err err = {0};

    (void)state;
    memset(text, 'a', sizeof text);
    text[0] = '/';
    assert_int_equal(httpd_target_parse(&target, text, HTTPD_TARGET_MAX, &err), 0);
    httpd_target_release(&target);
    assert_int_equal(httpd_target_parse(&target, text, HTTPD_TARGET_MAX + 1, &err), -1);
    assert_int_equal(err.kind, ERR_FULL);
    memset(text, '&', sizeof text);
    text[0] = '/';
    text[1] = '?';
    for (size_t i = 0; i <= HTTPD_PARAMETERS_MAX; i++)
        text[2 * i + 2] = 'a';
    assert_int_equal(httpd_target_parse(&target, text, 2 * HTTPD_PARAMETERS_MAX + 1, &err), 0);
    assert_int_equal(target.parameter_count, HTTPD_PARAMETERS_MAX);
    httpd_target_release(&target);
    assert_int_equal(httpd_target_parse(&target, text, 2 * HTTPD_PARAMETERS_MAX + 3, &err), -1);
    assert_int_equal(err.kind, ERR_INPUT);
    httpd_target_release(&target);
}

static void only_own_names_pass(void **state)
{
    static const char *const more[] = {"buses.example.org", "10.0.0.7"};
    static const struct {
        const char *host;
        bool is_own;
    } cases[] = {
        {"localhost", true},
        {"LOCALHOST:1", true},
        {"127.0.0.1:8889", true},
        {"[::1]", true},
        {"[::1]:65535", true},
        {"Buses.Example.Org:80", true},
        {"10.0.0.7", true},
        {"", false},
        {"localhost:", false},
        {"localhost:123456", false},
        {"localhost:80a", false},
        {"localhost:-1", false},
        {"localhost.", false},
        {"localhost.evil.example", false},
        {"localhost@evil.example", false},
        {"localhost evil", false},
        {" localhost", false},
        {"evil.localhost", false},
        {"127.0.0.10", false},
        {"127.0.0.2", false},
        {"0.0.0.0", false},
        {"127.1", false},
        {"2130706433", false},
        {"::1", false},
        {"[::1", false},
        {"[::ffff:127.0.0.1]", false},
        {"example.org", false},
        {"10.0.0.77", false},
    };
    struct httpd_names names = {0};

    (void)state;
    assert_int_equal(httpd_names_set(&names, more, 2, NULL), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (httpd_names_has(&names, cases[i].host, strlen(cases[i].host)) != cases[i].is_own)
            fail_msg("\"%s\"", cases[i].host);
    }
    httpd_names_release(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_taken_apart),
        cmocka_unit_test(a_target_has_limits),
        cmocka_unit_test(only_own_names_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
