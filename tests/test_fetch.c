/* What an answer means: a table of responses and verdicts; where a redirect may lead; Retry-After.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "feeds/feed_load.h"
#include "scheduler/fetch.h"

#define NOW (INT64_C(1700000000) * US_PER_SECOND) /* Tue, 14 Nov 2023 22:13:20 GMT */

static struct feed *make_feed(const char *more)
{
    char definition[1000];
    struct err err = {0};
    struct feed *feed;

    snprintf(definition, sizeof definition,
             "{\"url\":\"https://feeds.example/a\",\"interval\":\"1m\"%s}", more);
    feed = feed_from_definition("f", definition, &err);
    if (!feed)
        fail_msg("%s", err.text);
    return feed;
}

struct verdict_case {
    enum response_error error;
    unsigned status;
    const char *location;
    enum verdict_kind kind;
    enum poll_detail detail;
};

static const struct verdict_case verdict_cases[] = {
    {RESPONSE_OK, 200, "", VERDICT_NEW, DETAIL_NONE},
    {RESPONSE_OK, 206, "", VERDICT_NEW, DETAIL_NONE},
    {RESPONSE_OK, 304, "", VERDICT_FAILED, DETAIL_HTTP_STATUS}, /* we had not asked for it */
    {RESPONSE_OK, 301, "https://feeds.example/b", VERDICT_REDIRECT, DETAIL_REDIRECT},
    {RESPONSE_OK, 308, "https://feeds.example/b", VERDICT_REDIRECT, DETAIL_REDIRECT},
    {RESPONSE_OK, 302, "", VERDICT_FAILED, DETAIL_REDIRECT},
    {RESPONSE_OK, 300, "https://feeds.example/b", VERDICT_FAILED, DETAIL_HTTP_STATUS},
    {RESPONSE_OK, 400, "", VERDICT_FAILED, DETAIL_HTTP_STATUS},
    {RESPONSE_OK, 401, "", VERDICT_FAILED, DETAIL_HTTP_STATUS},
    {RESPONSE_OK, 404, "", VERDICT_FAILED, DETAIL_HTTP_STATUS},
    {RESPONSE_OK, 408, "", VERDICT_RETRY, DETAIL_HTTP_STATUS},
    {RESPONSE_OK, 425, "", VERDICT_RETRY, DETAIL_HTTP_STATUS},
    {RESPONSE_OK, 429, "", VERDICT_RETRY, DETAIL_HTTP_STATUS},
    {RESPONSE_OK, 500, "", VERDICT_RETRY, DETAIL_HTTP_STATUS},
    {RESPONSE_OK, 501, "", VERDICT_FAILED, DETAIL_HTTP_STATUS},
    {RESPONSE_OK, 502, "", VERDICT_RETRY, DETAIL_HTTP_STATUS},
    {RESPONSE_OK, 503, "", VERDICT_RETRY, DETAIL_HTTP_STATUS},
    {RESPONSE_OK, 504, "", VERDICT_RETRY, DETAIL_HTTP_STATUS},
    {RESPONSE_RESOLVE, 0, "", VERDICT_RETRY, DETAIL_RESOLVE},
    {RESPONSE_CONNECT, 0, "", VERDICT_RETRY, DETAIL_CONNECT},
    {RESPONSE_REFUSED, 0, "", VERDICT_RETRY, DETAIL_REFUSED},
    {RESPONSE_TIMEOUT, 200, "", VERDICT_RETRY, DETAIL_TIMEOUT},
    {RESPONSE_TRUNCATED, 200, "", VERDICT_RETRY, DETAIL_TRUNCATED},
    {RESPONSE_TLS, 0, "", VERDICT_FAILED, DETAIL_TLS},
    {RESPONSE_TOO_LARGE, 200, "", VERDICT_FAILED, DETAIL_TOO_LARGE},
    {RESPONSE_PROTOCOL, 0, "", VERDICT_FAILED, DETAIL_PROTOCOL},
    {RESPONSE_DECODE, 200, "", VERDICT_FAILED, DETAIL_DECODE},
    {RESPONSE_BLOCKED, 0, "", VERDICT_FAILED, DETAIL_BLOCKED},
};

static void every_answer_has_its_verdict(void **state)
{
    struct feed *feed = make_feed("");
    struct previous previous = {0};
    struct fetch fetch;

    (void)state;
    assert_int_equal(fetch_init(&fetch, feed, NOW, NULL, NULL), 0);
    for (size_t i = 0; i < sizeof verdict_cases / sizeof *verdict_cases; i++) {
        const struct verdict_case *row = &verdict_cases[i];
        static struct response response;
        struct verdict verdict;

        response = (struct response){.error = row->error, .status = row->status};
        snprintf(response.location, sizeof response.location, "%s", row->location);
        verdict = fetch_outcome(&fetch, &response, &previous, NOW);
        if (verdict.kind != row->kind || verdict.detail != row->detail)
            fail_msg("row %zu: status %u, kind %d, detail %s", i, row->status, verdict.kind,
                     poll_detail_name(verdict.detail));
    }
    fetch_release(&fetch);
    feed_drop(feed);
}

static void the_same_bytes_again_are_same(void **state)
{
    struct feed *feed = make_feed("");
    struct response response = {.status = 200};
    struct previous previous = {.has_body = true, .body_bytes = 5};
    struct fetch fetch;

    (void)state;
    assert_int_equal(fetch_init(&fetch, feed, NOW, NULL, NULL), 0);
    buf_init(&response.body, 100);
    assert_int_equal(buf_append_text(&response.body, "hello"), 0);
    previous.body_hash = hash_of("hello", 5);
    assert_int_equal(fetch_outcome(&fetch, &response, &previous, NOW).kind, VERDICT_SAME);
    response.body.bytes[0] = 'j';
    assert_int_equal(fetch_outcome(&fetch, &response, &previous, NOW).kind, VERDICT_NEW);
    buf_release(&response.body);
    fetch_release(&fetch);
    feed_drop(feed);
}

static void a_304_counts_when_it_was_asked_for(void **state)
{
    struct feed *feed = make_feed("");
    struct response response = {.status = 304};
    struct previous previous = {.has_body = true, .body_hash = hash_of("x", 1)};
    struct fetch fetch;
    struct verdict verdict;

    (void)state;
    assert_int_equal(fetch_init(&fetch, feed, NOW, NULL, NULL), 0);
    fetch.is_conditional = true;
    verdict = fetch_outcome(&fetch, &response, &previous, NOW);
    assert_int_equal(verdict.kind, VERDICT_SAME);
    assert_true(hash_equal(&verdict.body_hash, &previous.body_hash));
    fetch_release(&fetch);
    feed_drop(feed);
}

static void only_429_and_503_hold_the_host(void **state)
{
    struct feed *feed = make_feed("");
    struct previous previous = {0};
    struct fetch fetch;
    static const unsigned statuses[] = {429, 503, 500, 404};

    (void)state;
    assert_int_equal(fetch_init(&fetch, feed, NOW, NULL, NULL), 0);
    for (size_t i = 0; i < 4; i++) {
        static struct response response;
        struct verdict verdict;

        response = (struct response){.status = statuses[i], .retry_after = "7"};
        verdict = fetch_outcome(&fetch, &response, &previous, NOW);
        assert_int_equal(verdict.asked_ms, 7000);
        assert_int_equal(verdict.holds_host, i < 2);
        *response.retry_after = '\0';
        verdict = fetch_outcome(&fetch, &response, &previous, NOW);
        assert_int_equal(verdict.asked_ms, -1);
        assert_false(verdict.holds_host);
    }
    fetch_release(&fetch);
    feed_drop(feed);
}

static void retry_after_is_read_in_both_forms_and_clamped(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"", -1},
        {"0", 0},
        {"120", 120000},
        {" 120 ", 120000},
        {"86400", MS_PER_DAY},
        {"86401", MS_PER_DAY},
        {"99999999999999999999999999", MS_PER_DAY},
        {"-5", -1},
        {"1.5", -1},
        {"soon", -1},
        {"120 s", -1},
        {"Tue, 14 Nov 2023 22:13:50 GMT", 30000},
        {"Tue, 14 Nov 2023 22:13:20 GMT", 0},
        {"Tue, 14 Nov 2000 22:13:20 GMT", 0}, /* libcurl would say minus 23 years */
        {"Tue, 14 Nov 2090 22:13:20 GMT", MS_PER_DAY},
        {"Tuesday, 14-Nov-23 22:13:21 GMT", 1000},
        {"Tue Nov 14 22:13:21 2023", 1000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (fetch_retry_after_ms(rows[i].text, NOW) != rows[i].ms)
            fail_msg("\"%s\" gives %lld", rows[i].text,
                     (long long)fetch_retry_after_ms(rows[i].text, NOW));
}

static void secrets_stay_with_their_origin(void **state)
{
    static const struct {
        const char *location;
        bool has_left;
        int code;
    } rows[] = {
        {"https://feeds.example/b", false, 0},
        {"https://FEEDS.example:443/b", false, 0},
        {"https://user@feeds.example/b", false, 0},
        {"http://feeds.example/b", true, 0},
        {"https://feeds.example:8443/b", true, 0},
        {"https://feeds.example.evil.example/b", true, 0},
        {"https://feeds.example@evil.example/b", true, 0},
        {"https://evil.example/feeds.example", true, 0},
        {"https://[::1]/b", true, 0},
        {"ftp://feeds.example/b", false, -1},
        {"file:///etc/passwd", false, -1},
        {"//feeds.example/b", false, -1},
        {"https://feeds.example/a b", false, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct feed *feed = make_feed("");
        static struct response response;
        struct fetch fetch;

        response = (struct response){.status = 302};
        snprintf(response.location, sizeof response.location, "%s", rows[i].location);
        assert_int_equal(fetch_init(&fetch, feed, NOW, NULL, NULL), 0);
        if (fetch_follow(&fetch, &response, NULL) != rows[i].code ||
            fetch.has_left_origin != rows[i].has_left)
            fail_msg("%s", rows[i].location);
        fetch_release(&fetch);
        feed_drop(feed);
    }
}

static void a_stray_origin_is_never_forgiven(void **state)
{
    struct feed *feed = make_feed("");
    static struct response response = {.status = 302, .location = "https://evil.example/"};
    struct fetch fetch;

    (void)state;
    assert_int_equal(fetch_init(&fetch, feed, NOW, NULL, NULL), 0);
    assert_int_equal(fetch_follow(&fetch, &response, NULL), 0);
    strcpy(response.location, "https://feeds.example/back");
    assert_int_equal(fetch_follow(&fetch, &response, NULL), 0);
    assert_true(fetch.has_left_origin);
    assert_int_equal(fetch.redirects, 2);
    fetch_release(&fetch);
    feed_drop(feed);
}

static void redirects_end_at_their_limit(void **state)
{
    struct feed *feed = make_feed(",\"redirects\":1");
    static struct response response = {.status = 302, .location = "https://feeds.example/b"};
    struct previous previous = {0};
    struct fetch fetch;

    (void)state;
    assert_int_equal(fetch_init(&fetch, feed, NOW, NULL, NULL), 0);
    assert_int_equal(fetch_outcome(&fetch, &response, &previous, NOW).kind, VERDICT_REDIRECT);
    assert_int_equal(fetch_follow(&fetch, &response, NULL), 0);
    assert_int_equal(fetch_outcome(&fetch, &response, &previous, NOW).kind, VERDICT_FAILED);
    fetch_release(&fetch);
    feed_drop(feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_has_its_verdict),
        cmocka_unit_test(the_same_bytes_again_are_same),
        cmocka_unit_test(a_304_counts_when_it_was_asked_for),
        cmocka_unit_test(only_429_and_503_hold_the_host),
        cmocka_unit_test(retry_after_is_read_in_both_forms_and_clamped),
        cmocka_unit_test(secrets_stay_with_their_origin),
        cmocka_unit_test(a_stray_origin_is_never_forgiven),
        cmocka_unit_test(redirects_end_at_their_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
