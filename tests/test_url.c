#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "feeds/feed_settings.h"
#include "feeds/url.h"

static void urls_are_judged_by_scheme_host_port_and_bytes(void **state)
{
    static const struct {
        const char *url;
        bool is_right;
    } cases[] = {
        {"http://h", true},
        {"https://h/", true},
        {"HTTP://h?q", true},
        {"http://h#f", true},
        {"http://h:1", true},
        {"http://h:65535/", true},
        {"http://user@h/", true},
        {"http://user:p@ss@h:80/", true},
        {"http://[::1]/", true},
        {"http://[fe80::1%25eth0]:80/", true},
        {"http://127.0.0.1/", true},
        {"http://h/ä", true},
        {"http://h/://", true},
        {"", false},
        {"h", false},
        {"//h/", false},
        {"http:/h", false},
        {"http:h", false},
        {"httpx://h", false},
        {"http s://h", false},
        {" http://h", false},
        {"http://", false},
        {"http:///x", false},
        {"http://?x", false},
        {"http://:80/", false},
        {"http://user@/", false},
        {"http://user@:80/", false},
        {"http://h:/", false},
        {"http://h:0/", false},
        {"http://h:65536/", false},
        {"http://h:123456789012/", false},
        {"http://h:8a/", false},
        {"http://h:80:80/", false},
        {"http://::1/", false},
        {"http://[::1/", false},
        {"http://[::g]/", false},
        {"http://[::1]x/", false},
        {"http://[]/", false},
        {"http://h/a b", false},
        {"http://h/\t", false},
        {"http://h/\x7f", false},
        {"http://h/a\nb", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err = {0};
        bool is_right = url_check(cases[i].url, "http https", &err) == 0;

        if (is_right != cases[i].is_right)
            fail_msg("\"%s\" %s", cases[i].url, is_right ? "is taken" : err.text);
        if (!is_right)
            assert_int_equal(err.kind, ERR_CONFIG);
    }
}

static void the_listen_address_is_numeric_or_localhost(void **state)
{
    static const struct {
        const char *text;
        bool is_right;
    } cases[] = {
        {"off", true},
        {"127.0.0.1:8889", true},
        {"0.0.0.0:1", true},
        {"[::1]:65535", true},
        {"localhost:80", true},
        {"", false},
        {"on", false},
        {":80", false},
        {"127.0.0.1", false},
        {"127.0.0.1:", false},
        {"127.0.0.1:0", false},
        {"127.0.0.1:65536", false},
        {"::1:80", false},
        {"[]:80", false},
        {"[127.0.0.1]:80", false},
        {"example.org:80", false},
        {"127.1:80", false},
        {"127.0.0.1:80 ", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err = {0};

        if ((listen_check(cases[i].text, &err) == 0) != cases[i].is_right)
            fail_msg("\"%s\"", cases[i].text);
    }
}

static void a_password_is_found_beside_templates(void **state)
{
    static const struct {
        const char *url, *password;
    } cases[] = {
        {"http://u:p@h/", "p"},
        {"http://u:p:q@h/", "p:q"},
        {"http://${secret:u}:p@h/", "p"},
        {"http://u:${secret:p}@h/", "${secret:p}"},
        {"http://${secret:u}@h/", NULL},
        {"http://h:80/", NULL},
        {"u:p@h", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length = 0;
        const char *password = url_find_password(cases[i].url, &length);

        assert_int_equal(password != NULL, cases[i].password != NULL);
        if (password) {
            assert_int_equal(length, strlen(cases[i].password));
            assert_memory_equal(password, cases[i].password, length);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_judged_by_scheme_host_port_and_bytes),
        cmocka_unit_test(the_listen_address_is_numeric_or_localhost),
        cmocka_unit_test(a_password_is_found_beside_templates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
