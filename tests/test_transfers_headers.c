/* What is read of an answer's headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/transfers_stage.h"

#define MOVED(target) "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " target "\r\n\r\n"

static const struct script SCRIPTS[] = {
    {"/headers", HEAD("HTTP/1.1 503 Busy\r\neTaG:  W/\"a b\" \r\n"
                      "LAST-MODIFIED: Mon, 23 Nov 2026 10:00:00 GMT\r\n"
                      "Content-Type:text/plain; charset=utf-8\r\n"
                      "Date: Mon, 23 Nov 2026 10:00:01 GMT\r\nETagged: no\r\n"
                      "Retry-After: 120\r\nContent-Length: 0\r\n\r\n")},
    {"/long-texts", HEAD(OK "ETag: " KILOBYTE "x\r\nContent-Type: " KILOBYTE "x\r\n"
                            "Retry-After: " KILOBYTE "\r\nContent-Length: 0\r\n\r\n")},
    {"/hints", HEAD("HTTP/1.1 103 Early Hints\r\nETag: \"no\"\r\nLocation: /no\r\n\r\n" OK
                    "Content-Length: 2\r\n\r\nhi")},
    {"/trailer", HEAD(OK "Transfer-Encoding: chunked\r\n\r\n0\r\nETag: \"no\"\r\n\r\n")},
    {"/go/absolute", HEAD(MOVED("https://other.example/a?b=c"))},
    {"/go/path", HEAD(MOVED("/there?x=1"))},
    {"/go/relative", HEAD(MOVED("there"))},
    {"/go/up", HEAD(MOVED("../there"))},
    {"/go/query", HEAD(MOVED("?page=2"))},
    {"/go/scheme-less", HEAD(MOVED("//other.example/a"))},
    {"/go/blank", HEAD(MOVED("/a b"))},
    {"/go/ftp", HEAD(MOVED("ftp://other.example/"))},
    {"/go/nowhere", HEAD(MOVED(""))},
};

static int set_up(void **state)
{
    (void)state;
    return stage_set_up(SCRIPTS, sizeof(SCRIPTS) / sizeof(SCRIPTS[0]));
}

static void only_headers_of_the_final_answer_count(void **state)
{
    static const char *const paths[] = {"/hints", "/trailer"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct answer answer;

        fetch(paths[i], &answer);
        assert_int_equal(answer.response.status, 200);
        assert_string_equal(answer.response.etag, "");
        assert_string_equal(answer.response.location, "");
        answer_release(&answer);
    }
}

static void what_is_wanted_of_the_headers_is_kept_as_sent(void **state)
{
    struct answer answer;
    struct response *response = &answer.response;
    char address[40];

    (void)state;
    fetch("/headers", &answer);
    assert_string_equal(response->etag, "W/\"a b\"");
    assert_string_equal(response->last_modified, "Mon, 23 Nov 2026 10:00:00 GMT");
    assert_string_equal(response->content_type, "text/plain; charset=utf-8");
    assert_string_equal(response->date, "Mon, 23 Nov 2026 10:00:01 GMT");
    assert_string_equal(response->retry_after, "120");
    assert_int_equal(response->status, 503);
    snprintf(address, sizeof(address), "127.0.0.1:%u", scripted_server_port(server));
    assert_string_equal(response->remote_address, address);
    answer_release(&answer);
}

static void texts_too_long_are_cut_or_left_out(void **state)
{
    struct answer answer;
    struct response *response = &answer.response;

    (void)state;
    fetch("/long-texts", &answer);
    assert_int_equal(response->error, RESPONSE_OK);
    assert_string_equal(response->etag, ""); /* half a validator is none */
    assert_string_equal(response->location, "");
    assert_int_equal(strlen(response->content_type), RESPONSE_TEXT_MAX);
    assert_int_equal(strlen(response->retry_after), sizeof(response->retry_after) - 1);
    answer_release(&answer);
}

static const struct {
    const char *path, *expected; /* after http://127.0.0.1:PORT, unless it has a scheme */
} LOCATIONS[] = {
    {"/go/absolute", "https://other.example/a?b=c"},
    {"/go/path", "/there?x=1"},
    {"/go/relative", "/go/there"},
    {"/go/up", "/there"},
    {"/go/query", "/go/query?page=2"},
    {"/go/scheme-less", "http://other.example/a"},
    {"/go/blank", "/a%20b"},
    {"/go/ftp", "ftp://other.example/"},
    {"/go/nowhere", ""},
};

static void a_location_is_made_absolute(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(LOCATIONS) / sizeof(LOCATIONS[0]); i++) {
        struct answer answer;
        char expected[200];

        fetch(LOCATIONS[i].path, &answer);
        snprintf(expected, sizeof(expected), "http://127.0.0.1:%u%s", scripted_server_port(server),
                 LOCATIONS[i].expected);
        if (LOCATIONS[i].expected[0] != '/')
            snprintf(expected, sizeof(expected), "%s", LOCATIONS[i].expected);
        assert_int_equal(answer.response.status, 302);
        assert_string_equal(answer.response.location, expected);
        answer_release(&answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_headers_of_the_final_answer_count),
        cmocka_unit_test(what_is_wanted_of_the_headers_is_kept_as_sent),
        cmocka_unit_test(texts_too_long_are_cut_or_left_out),
        cmocka_unit_test(a_location_is_made_absolute),
    };

    return cmocka_run_group_tests(tests, set_up, stage_tear_down);
}
