#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "scheduler/host_key.h"
#include "scheduler/hosts.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND       US_PER_SECOND

/* A literal address, so that no test but those about resolving depends on it. */
static const char HERE[] = "http://192.0.2.1/", THERE[] = "http://192.0.2.2/";

/* The linker sends every calloc and realloc of the deciders here (--wrap). */
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static unsigned allocations_left = UINT_MAX;

void *__wrap_calloc(size_t count, size_t size)
{
    return allocations_left && allocations_left-- ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *memory, size_t size)
{
    return allocations_left && allocations_left-- ? __real_realloc(memory, size) : NULL;
}

static void a_url_names_its_host(void **state)
{
    static const struct {
        const char *url, *key;
        bool is_literal;
    } cases[] = {
        {"https://example.org/a?b#c", "example.org:443", false},
        {"http://example.org", "example.org:80", false},
        {"HTTPS://Example.ORG:8443", "example.org:8443", false},
        {"http://example.org:443/", "example.org:443", false},
        {"http://example.org:/x", "example.org:80", false},
        {"http://example.org./x", "example.org:80", false},
        {"https://me:pass@example.org/x@y:9", "example.org:443", false},
        {"https://me@home:p@ss@example.org:81?q=@z", "example.org:81", false},
        {"http://example.org?a:99", "example.org:80", false},
        {"http://192.0.2.1:8080/", "192.0.2.1:8080", true},
        {"http://192.0.2.1.example/", "192.0.2.1.example:80", false},
        {"http://[2001:DB8::1]/", "[2001:db8::1]:80", true},
        {"https://me@[::1]:8443/", "[::1]:8443", true},
        {"http://localhost:8889/", "localhost:8889", true},
        {"http://app.localhost/", "app.localhost:80", true},
        {"http://notlocalhost/", "notlocalhost:80", false},
    };
    char key[HOST_KEY_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (!host_key_of_url(cases[i].url, key) || strcmp(key, cases[i].key) != 0)
            fail_msg("%s: %s", cases[i].url, key);
        if (host_key_is_literal(key) != cases[i].is_literal)
            fail_msg("%s: literal or not", key);
    }
}

static void a_url_without_a_host_is_refused(void **state)
{
    static const char *urls[] = {
        "",           "ftp://example.org/",  "example.org",       "http://",
        "https:///x", "http://:80/",         "http://me@/",       "http://a:65536/",
        "http://a:0", "http://a:8x/",        "http://[::1/",      "http://[::1]x/",
        "http://./",  "http://exa mple.org", "http://a\nb.org/x", "http://a:-1/",
    };
    struct hosts *hosts = hosts_new(4);
    char url[400], key[HOST_KEY_MAX];

    (void)state;
    assert_non_null(hosts);
    for (size_t i = 0; i < COUNT(urls); i++)
        if (hosts_join(hosts, urls[i], 0, 1))
            fail_msg("\"%s\" has a host", urls[i]);
    memset(url, 'a', sizeof(url));
    memcpy(url, "http://", 7);
    url[7 + 255] = '\0';
    assert_true(host_key_of_url(url, key));
    memcpy(url + 7 + 255, "a:65535", 8);
    assert_false(host_key_of_url(url, key));
    memcpy(url + 7 + 255, ":65535", 7);
    assert_true(host_key_of_url(url, key));
    assert_int_equal(strlen(key), HOST_KEY_MAX - 1);
    hosts_free(hosts);
}

static void feeds_of_one_name_and_port_share_a_host(void **state)
{
    struct hosts *hosts = hosts_new(4);
    struct host *host = hosts_join(hosts, "https://Example.org/a", 0, 1);

    (void)state;
    assert_string_equal(host_name(host), "example.org:443");
    assert_ptr_equal(hosts_join(hosts, "http://example.org:443/b", 0, 1), host);
    assert_ptr_not_equal(hosts_join(hosts, "http://example.org/b", 0, 1), host);
    hosts_leave(hosts, host, 0, 1);
    assert_ptr_equal(hosts_join(hosts, "https://example.org/c", 0, 1), host);
    hosts_free(hosts);
}

/* Starts what may start now and says how many. */
static unsigned start_all(struct hosts *hosts, int64_t now_us)
{
    unsigned count = 0;

    while (hosts_next(hosts, now_us, true))
        count++;
    return count;
}

static void wait_all(struct hosts *hosts, struct host *host, struct host_waiter *waiters,
                     size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(hosts_wait(hosts, host, &waiters[i], INT64_MIN), 0);
}

static void the_gap_lies_between_two_starts(void **state)
{
    struct hosts *hosts = hosts_new(9);
    struct host *host = hosts_join(hosts, HERE, 5000, 9);
    struct host_waiter waiters[3] = {0};

    (void)state;
    wait_all(hosts, host, waiters, 3);
    assert_int_equal(start_all(hosts, 100), 1);
    assert_int_equal(hosts_next_us(hosts), 100 + 5 * SECOND);
    hosts_ended(hosts, host, 2 * SECOND, true);
    assert_int_equal(hosts_block(hosts, host, 2 * SECOND), HOST_BUSY);
    assert_int_equal(start_all(hosts, 100 + 5 * SECOND - 1), 0);
    assert_int_equal(start_all(hosts, 100 + 5 * SECOND), 1);
    assert_int_equal(hosts_waiting(hosts), 1);
    hosts_free(hosts);
}

static void the_largest_gap_and_the_smallest_limit_hold(void **state)
{
    struct hosts *hosts = hosts_new(9);
    struct host *host = hosts_join(hosts, HERE, 0, 3);
    struct host_waiter waiters[9] = {0};

    (void)state;
    wait_all(hosts, host, waiters, 9);
    assert_int_equal(start_all(hosts, 0), 3);
    assert_int_equal(hosts_next_us(hosts), INT64_MAX);
    assert_int_equal(hosts_block(hosts, host, 0), HOST_BUSY);
    (void)hosts_join(hosts, HERE, 1000, 9);
    (void)hosts_join(hosts, HERE, 500, 2);
    (void)hosts_join(hosts, HERE, 500, 2);
    hosts_ended(hosts, host, SECOND, true);
    assert_int_equal(start_all(hosts, SECOND), 0);
    hosts_ended(hosts, host, SECOND, true);
    assert_int_equal(start_all(hosts, SECOND), 1);
    hosts_leave(hosts, host, 500, 2);
    assert_int_equal(start_all(hosts, 3 * SECOND), 0); /* one of the two is left */
    hosts_leave(hosts, host, 500, 2);
    hosts_leave(hosts, host, 7, 7); /* never joined: nothing happens */
    assert_int_equal(start_all(hosts, 3 * SECOND), 1);
    hosts_ended(hosts, host, 3 * SECOND, true);
    assert_int_equal(start_all(hosts, 4 * SECOND - 1), 0);
    hosts_leave(hosts, host, 1000, 9); /* the gap that was running ends with it */
    assert_int_equal(start_all(hosts, 4 * SECOND - 1), 1);
    hosts_free(hosts);
}

static void the_feed_longest_without_a_request_goes_first(void **state)
{
    static const int64_t last[] = {50, INT64_MIN, 7, 50, INT64_MIN, 7, INT64_MAX, -3};
    static const unsigned order[] = {1, 4, 7, 2, 5, 0, 3, 6};
    struct hosts *hosts = hosts_new(99);
    struct host *host = hosts_join(hosts, HERE, 0, 99);
    struct host_waiter waiters[COUNT(last)] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(last); i++)
        assert_int_equal(hosts_wait(hosts, host, &waiters[i], last[i]), 0);
    for (size_t i = 0; i < COUNT(last); i++)
        assert_ptr_equal(hosts_next(hosts, 100, true), &waiters[order[i]]);
    assert_null(hosts_next(hosts, 100, true));
    assert_int_equal(hosts_in_flight(hosts), COUNT(last));
    hosts_free(hosts);
}

static void one_that_quits_or_waits_again_is_queued_once(void **state)
{
    struct hosts *hosts = hosts_new(9);
    struct host *here = hosts_join(hosts, HERE, 0, 9), *there = hosts_join(hosts, THERE, 0, 9);
    struct host_waiter waiter = {0}, other = {0};

    (void)state;
    hosts_quit(hosts, &waiter);
    assert_int_equal(hosts_wait(hosts, here, &waiter, 1), 0);
    assert_int_equal(hosts_wait(hosts, here, &other, 2), 0);
    assert_int_equal(hosts_wait(hosts, there, &waiter, 3), 0);
    assert_ptr_equal(waiter.host, there);
    assert_int_equal(hosts_waiting(hosts), 2);
    hosts_quit(hosts, &waiter);
    hosts_quit(hosts, &waiter);
    assert_null(waiter.host);
    assert_ptr_equal(hosts_next(hosts, 9, true), &other);
    assert_null(other.host);
    assert_null(hosts_next(hosts, 9, true));
    assert_int_equal(hosts_waiting(hosts), 0);
    assert_int_equal(hosts_next_us(hosts), INT64_MAX);
    hosts_free(hosts);
}

static void a_hold_is_never_shortened(void **state)
{
    struct hosts *hosts = hosts_new(9);
    struct host *host = hosts_join(hosts, HERE, 0, 9);
    struct host_waiter waiter = {0};
    int64_t from_us, until_us;

    (void)state;
    host_hold_span(host, &from_us, &until_us);
    assert_true(until_us <= 0);
    wait_all(hosts, host, &waiter, 1);
    hosts_hold(hosts, host, 1 * SECOND, 60 * SECOND);
    hosts_hold(hosts, host, 2 * SECOND, 30 * SECOND);
    host_hold_span(host, &from_us, &until_us);
    assert_true(from_us == 1 * SECOND && until_us == 60 * SECOND);
    hosts_hold(hosts, host, 3 * SECOND, 90 * SECOND);
    host_hold_span(host, &from_us, &until_us);
    assert_true(from_us == 3 * SECOND && until_us == 90 * SECOND);
    assert_int_equal(hosts_next_us(hosts), 90 * SECOND);
    assert_int_equal(hosts_block(hosts, host, 90 * SECOND - 1), HOST_HELD);
    assert_int_equal(hosts_block(hosts, host, 90 * SECOND), HOST_FREE);
    assert_int_equal(start_all(hosts, 90 * SECOND - 1), 0);
    assert_int_equal(start_all(hosts, 90 * SECOND), 1);
    hosts_free(hosts);
}

static void max_requests_is_over_all_hosts(void **state)
{
    struct hosts *hosts = hosts_new(2);
    struct host *here = hosts_join(hosts, HERE, 0, 9), *there = hosts_join(hosts, THERE, 0, 9);
    struct host_waiter waiters[8] = {0};

    (void)state;
    wait_all(hosts, here, waiters, 4);
    wait_all(hosts, there, waiters + 4, 4);
    assert_int_equal(start_all(hosts, 0), 2);
    assert_int_equal(hosts_block(hosts, here, 0), HOST_ALL_BUSY);
    assert_int_equal(hosts_next_us(hosts), INT64_MAX);
    hosts_set_max_requests(hosts, 5);
    assert_int_equal(start_all(hosts, 0), 3);
    hosts_set_max_requests(hosts, 1);
    hosts_ended(hosts, here, 0, true);
    hosts_ended(hosts, there, 0, true);
    assert_int_equal(hosts_in_flight(hosts), 3);
    assert_int_equal(start_all(hosts, 1), 0);
    hosts_free(hosts);
}

/* One request at once over all: a host with many waiters may not keep another out. */
static void hosts_take_turns(void **state)
{
    struct hosts *hosts = hosts_new(1);
    struct host *here = hosts_join(hosts, HERE, 0, 2), *there = hosts_join(hosts, THERE, 0, 2);
    struct host_waiter many[6] = {0}, few[2] = {0};
    unsigned few_started = 0;

    (void)state;
    wait_all(hosts, here, many, 6);
    wait_all(hosts, there, few, 2);
    for (int64_t now_us = 1; now_us <= 4; now_us++) {
        struct host_waiter *waiter = hosts_next(hosts, now_us, true);
        bool is_few = waiter == &few[0] || waiter == &few[1];

        few_started += is_few;
        hosts_ended(hosts, is_few ? there : here, now_us, true);
    }
    assert_int_equal(few_started, 2);
    hosts_free(hosts);
}

static void an_unknown_address_waits_for_the_resolver(void **state)
{
    struct hosts *hosts = hosts_new(99);
    struct host *host = hosts_join(hosts, "http://example.org/", 0, 9);
    struct host *here = hosts_join(hosts, HERE, 0, 9);
    struct host_waiter waiters[6] = {0};

    (void)state;
    wait_all(hosts, host, waiters, 3);
    wait_all(hosts, here, waiters + 3, 1);
    assert_ptr_equal(hosts_next(hosts, 1, false), &waiters[3]); /* an address needs no resolver */
    assert_null(hosts_next(hosts, 1, false));
    assert_int_equal(hosts_next_us(hosts), INT64_MAX); /* and nobody spins meanwhile */
    assert_int_equal(hosts_block(hosts, host, 1), HOST_ALL_BUSY);
    assert_ptr_equal(hosts_next(hosts, 2, true), &waiters[0]);
    assert_null(hosts_next(hosts, 2, false));
    hosts_ended(hosts, host, 3, false); /* it did not connect */
    assert_null(hosts_next(hosts, 3, false));
    assert_ptr_equal(hosts_next(hosts, 3, true), &waiters[1]);
    hosts_ended(hosts, host, 4, true);
    assert_ptr_equal(hosts_next(hosts, 4, false), &waiters[2]);
    wait_all(hosts, host, waiters, 2);
    assert_int_equal(hosts_block(hosts, host, 5), HOST_FREE);
    assert_ptr_equal(hosts_next(hosts, 3 + 300 * SECOND, false), &waiters[0]);
    assert_null(hosts_next(hosts, 4 + 300 * SECOND, false)); /* forgotten by now */
    assert_ptr_equal(hosts_next(hosts, 4 + 300 * SECOND, true), &waiters[1]);
    hosts_free(hosts);
}

static void a_host_that_is_left_and_joined_again_still_holds(void **state)
{
    struct hosts *hosts = hosts_new(9);
    struct host *host = hosts_join(hosts, HERE, 10000, 2);
    struct host_waiter waiter = {0};

    (void)state;
    wait_all(hosts, host, &waiter, 1);
    assert_int_equal(start_all(hosts, 0), 1);
    hosts_leave(hosts, host, 10000, 2);
    assert_null(hosts_next(hosts, 20 * SECOND, true)); /* its request keeps it */
    hosts_hold(hosts, host, 0, 60 * SECOND);
    hosts_ended(hosts, host, 21 * SECOND, false);
    assert_null(hosts_next(hosts, 22 * SECOND, true));
    host = hosts_join(hosts, HERE, 1000, 2);
    assert_int_equal(hosts_block(hosts, host, 22 * SECOND), HOST_HELD);
    hosts_leave(hosts, host, 1000, 2);
    assert_null(hosts_next(hosts, 60 * SECOND, true)); /* nothing to remember any more */
    host = hosts_join(hosts, HERE, 1000, 2);
    assert_int_equal(hosts_block(hosts, host, 3 * SECOND), HOST_FREE);
    hosts_free(hosts);
}

/* Fails the first allocation, then the second, until none is left to fail. */
static void without_memory_nothing_is_half_done(void **state)
{
    bool is_through = false;

    (void)state;
    for (unsigned n = 0; !is_through; n++) {
        struct host_waiter waiter = {0};
        struct hosts *hosts;
        struct host *host = NULL;

        allocations_left = n;
        hosts = hosts_new(4);
        if (hosts)
            host = hosts_join(hosts, HERE, 0, 2);
        is_through = host && hosts_wait(hosts, host, &waiter, 0) == 0;
        allocations_left = UINT_MAX;
        assert_true(is_through == (hosts && hosts_waiting(hosts) == 1));
        if (hosts) {
            host = hosts_join(hosts, HERE, 0, 2);
            assert_non_null(host);
            assert_int_equal(hosts_wait(hosts, host, &waiter, 0), 0);
            assert_ptr_equal(hosts_next(hosts, 1, true), &waiter);
        }
        hosts_free(hosts);
        assert_true(n < 20);
    }
}

static void a_host_that_is_left_is_known_for_a_while(void **state)
{
    struct hosts *hosts = hosts_new(9);
    struct host *host = hosts_join(hosts, "http://example.org/", 0, 2);
    struct host_waiter waiter = {0};

    (void)state;
    wait_all(hosts, host, &waiter, 1);
    assert_int_equal(start_all(hosts, 0), 1);
    hosts_ended(hosts, host, 0, true);
    hosts_leave(hosts, host, 0, 2);
    assert_null(hosts_next(hosts, 299 * SECOND, true));
    host = hosts_join(hosts, "http://example.org/", 0, 2);
    wait_all(hosts, host, &waiter, 1);
    assert_ptr_equal(hosts_next(hosts, 299 * SECOND, false), &waiter);
    hosts_free(hosts);
}

/* As a server would that sends every request on to another name. */
static void hosts_that_were_left_do_not_pile_up(void **state)
{
    struct hosts *hosts = hosts_new(9);
    char url[] = "http://10.0.0.0/";
    struct host *first = hosts_join(hosts, HERE, 0, 2), *again;

    (void)state;
    hosts_hold(hosts, first, 0, 50 * SECOND);
    hosts_leave(hosts, first, 0, 2);
    for (int i = 0; i < 2000; i++) {
        struct host *host;

        url[7] = (char)('a' + i / 100);
        url[8] = (char)('a' + i / 10 % 10);
        url[9] = (char)('a' + i % 10);
        host = hosts_join(hosts, url, 0, 2);
        assert_non_null(host);
        hosts_hold(hosts, host, 0, 86400 * SECOND);
        hosts_leave(hosts, host, 0, 2);
    }
    again = hosts_join(hosts, HERE, 0, 2);
    assert_int_equal(hosts_block(hosts, again, 0), HOST_FREE); /* the soonest over went first */
    hosts_free(hosts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_names_its_host),
        cmocka_unit_test(a_url_without_a_host_is_refused),
        cmocka_unit_test(feeds_of_one_name_and_port_share_a_host),
        cmocka_unit_test(the_gap_lies_between_two_starts),
        cmocka_unit_test(the_largest_gap_and_the_smallest_limit_hold),
        cmocka_unit_test(the_feed_longest_without_a_request_goes_first),
        cmocka_unit_test(one_that_quits_or_waits_again_is_queued_once),
        cmocka_unit_test(a_hold_is_never_shortened),
        cmocka_unit_test(max_requests_is_over_all_hosts),
        cmocka_unit_test(hosts_take_turns),
        cmocka_unit_test(an_unknown_address_waits_for_the_resolver),
        cmocka_unit_test(a_host_that_is_left_and_joined_again_still_holds),
        cmocka_unit_test(a_host_that_is_left_is_known_for_a_while),
        cmocka_unit_test(hosts_that_were_left_do_not_pile_up),
        cmocka_unit_test(without_memory_nothing_is_half_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
