/* hosts.h over simulated time: thousands of random waiters against books kept in the slow way. The
 * seed is fixed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "scheduler/hosts.h"

enum {
    HOSTS = 40,
    FEEDS = 400,
    MAX_REQUESTS = 30,
    STEPS = 25000,
    LOOKUPS = 3,
    KNOWN_S = 300,
    BENCH_FEEDS = 10000
};

static uint64_t seed = 20261123;

/* splitmix64, by Vigna. */
static int64_t dice(int64_t sides)
{
    uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (int64_t)((z ^ (z >> 31)) % (uint64_t)sides);
}

struct feed_book {
    struct host_waiter waiter;
    size_t host;
    bool is_waiting, is_in_flight, is_lookup;
    int64_t last_us, asked_us, ends_us, gap_ms;
    unsigned limit;
};

struct host_book {
    struct host *host;
    int64_t started_us, hold_us, known_us, gap_us;
    unsigned in_flight, limit;
};

struct world {
    struct hosts *hosts;
    struct host_book host_books[HOSTS];
    struct feed_book feeds[FEEDS];
    int64_t now_us;
    unsigned in_flight, lookups, started;
    int64_t longest_wait_us;
};

/* The largest gap and the smallest limit, found by asking everybody. */
static void survey(struct world *world, size_t host)
{
    struct host_book *book = &world->host_books[host];

    book->gap_us = 0;
    book->limit = 1024;
    for (size_t i = 0; i < FEEDS; i++) {
        const struct feed_book *feed = &world->feeds[i];

        if (feed->host != host || feed->limit == 0)
            continue;
        if (feed->gap_ms * 1000 > book->gap_us)
            book->gap_us = feed->gap_ms * 1000;
        if (feed->limit < book->limit)
            book->limit = feed->limit;
    }
}

static void join(struct world *world, struct feed_book *feed)
{
    static const int64_t gaps[] = {0, 0, 0, 100, 250, 1000};
    struct host_book *book;
    char url[64];

    feed->host = (size_t)(dice(2) ? dice(HOSTS) : dice(5));
    feed->gap_ms = feed->host % 3 ? 0 : gaps[dice(6)];
    feed->limit = 1 + (unsigned)(feed->host % 4) + (unsigned)dice(3);
    (void)snprintf(url, sizeof(url),
                   feed->host % 4 ? "https://h%zu.example.org/" : "http://10.0.0.%zu/", feed->host);
    book = &world->host_books[feed->host];
    book->host = hosts_join(world->hosts, url, feed->gap_ms, feed->limit);
    assert_non_null(book->host);
    survey(world, feed->host);
}

static void leave(struct world *world, struct feed_book *feed)
{
    hosts_leave(world->hosts, world->host_books[feed->host].host, feed->gap_ms, feed->limit);
    feed->limit = 0;
    survey(world, feed->host);
}

static bool is_known(const struct world *world, size_t host)
{
    return host % 4 == 0 || world->host_books[host].known_us > world->now_us;
}

static bool may_start(const struct world *world, size_t host)
{
    const struct host_book *book = &world->host_books[host];

    return world->in_flight < MAX_REQUESTS && book->in_flight < book->limit &&
           book->hold_us <= world->now_us &&
           (book->started_us == INT64_MIN || book->started_us + book->gap_us <= world->now_us) &&
           (world->lookups < LOOKUPS || is_known(world, host));
}

static void expect_longest_first(const struct world *world, const struct feed_book *feed)
{
    for (size_t i = 0; i < FEEDS; i++)
        if (world->feeds[i].is_waiting && world->feeds[i].host == feed->host)
            assert_true(world->feeds[i].last_us >= feed->last_us);
}

static void note_start(struct world *world, struct feed_book *feed)
{
    struct host_book *book = &world->host_books[feed->host];

    assert_true(feed->is_waiting && !feed->waiter.host);
    assert_true(may_start(world, feed->host));
    feed->is_waiting = false;
    expect_longest_first(world, feed);
    feed->is_in_flight = true;
    feed->is_lookup = !is_known(world, feed->host);
    world->lookups += feed->is_lookup;
    world->in_flight++;
    world->started++;
    book->in_flight++;
    book->started_us = feed->last_us = world->now_us;
    feed->ends_us = world->now_us + 1000 + dice(dice(10) ? 200000 : 5000000);
    if (world->now_us - feed->asked_us > world->longest_wait_us)
        world->longest_wait_us = world->now_us - feed->asked_us;
}

static void start(struct world *world)
{
    struct host_waiter *waiter;

    while ((waiter = hosts_next(world->hosts, world->now_us, world->lookups < LOOKUPS)))
        note_start(world, CONTAINER_OF(waiter, struct feed_book, waiter));
    for (size_t i = 0; i < FEEDS; i++) /* whoever may start has started */
        assert_false(world->feeds[i].is_waiting && may_start(world, world->feeds[i].host));
    assert_true(hosts_next_us(world->hosts) > world->now_us);
}

static void end(struct world *world, struct feed_book *feed)
{
    struct host_book *book = &world->host_books[feed->host];
    bool connected = dice(10) > 0;

    feed->is_in_flight = false;
    world->lookups -= feed->is_lookup;
    world->in_flight--;
    book->in_flight--;
    if (connected)
        book->known_us = world->now_us + KNOWN_S * US_PER_SECOND;
    hosts_ended(world->hosts, book->host, world->now_us, connected);
    if (dice(50) == 0) {
        int64_t hold_us = world->now_us + dice(3000000);

        hosts_hold(world->hosts, book->host, world->now_us, hold_us);
        if (hold_us > book->hold_us)
            book->hold_us = hold_us;
    }
}

static void ask_or_leave(struct world *world, struct feed_book *feed)
{
    struct host_book *book = &world->host_books[feed->host];

    if (feed->is_in_flight)
        return;
    if (feed->is_waiting) {
        if (dice(10) > 0)
            return;
        hosts_quit(world->hosts, &feed->waiter);
        feed->is_waiting = false;
    } else if (dice(50) == 0) {
        leave(world, feed);
        join(world, feed);
    } else {
        assert_int_equal(hosts_wait(world->hosts, book->host, &feed->waiter, feed->last_us), 0);
        feed->is_waiting = true;
        feed->asked_us = world->now_us;
    }
}

/* To the next thing that happens: a request ends, the hosts said so, or a feed changes its mind. */
static void turn(struct world *world)
{
    int64_t next_us = world->now_us + 1 + dice(20000);
    int64_t hosts_us = hosts_next_us(world->hosts);

    if (hosts_us < next_us)
        next_us = hosts_us;
    for (size_t i = 0; i < FEEDS; i++)
        if (world->feeds[i].is_in_flight && world->feeds[i].ends_us < next_us)
            next_us = world->feeds[i].ends_us;
    world->now_us = next_us > world->now_us ? next_us : world->now_us;
    for (size_t i = 0; i < FEEDS; i++)
        if (world->feeds[i].is_in_flight && world->feeds[i].ends_us <= world->now_us)
            end(world, &world->feeds[i]);
    ask_or_leave(world, &world->feeds[dice(FEEDS)]);
    if (dice(500) == 0)
        world->now_us += KNOWN_S * US_PER_SECOND / 2;
    start(world);
    assert_int_equal(hosts_in_flight(world->hosts), world->in_flight);
}

static void gaps_limits_holds_and_turns_are_kept(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    unsigned waiting = 0;

    (void)state;
    assert_non_null(world);
    world->hosts = hosts_new(MAX_REQUESTS);
    assert_non_null(world->hosts);
    for (size_t i = 0; i < HOSTS; i++)
        world->host_books[i].started_us = INT64_MIN;
    for (size_t i = 0; i < FEEDS; i++) {
        join(world, &world->feeds[i]);
        world->feeds[i].last_us = INT64_MIN;
    }
    for (int i = 0; i < STEPS; i++)
        turn(world);
    for (size_t i = 0; i < FEEDS; i++)
        waiting += world->feeds[i].is_waiting;
    assert_int_equal(hosts_waiting(world->hosts), waiting);
    print_message("%u requests in %lld s, longest wait %lld ms, %u still wait\n", world->started,
                  (long long)(world->now_us / US_PER_SECOND),
                  (long long)(world->longest_wait_us / 1000), waiting);
    assert_true(world->started > STEPS / 8);
    hosts_free(world->hosts);
    free(world);
}

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Printed, not judged: machines differ. 10,000 feeds on 1,000 hosts that nobody knows, while the
 * resolver is busy: the worst case for a queue that would look at each. */
static void the_cost_of_a_turn(void **state)
{
    struct hosts *hosts = hosts_new(1024);
    struct host_waiter *waiters = calloc(BENCH_FEEDS, sizeof(*waiters));
    struct host *of_feed[1000];
    double began_ns = now_ns(), waited_ns, refused_ns;
    int started = 0;

    (void)state;
    assert_true(hosts && waiters);
    for (int i = 0; i < BENCH_FEEDS; i++) {
        char url[64];

        (void)snprintf(url, sizeof(url), "https://h%d.example.org/", i % 1000);
        of_feed[i % 1000] = hosts_join(hosts, url, 0, 2);
        assert_int_equal(hosts_wait(hosts, of_feed[i % 1000], &waiters[i], i), 0);
    }
    waited_ns = now_ns();
    for (int i = 0; i < BENCH_FEEDS; i++)
        assert_null(hosts_next(hosts, 1, false));
    refused_ns = now_ns();
    for (int64_t now_us = 1; started < BENCH_FEEDS; now_us++) {
        struct host_waiter *waiter = hosts_next(hosts, now_us, true);

        assert_non_null(waiter);
        hosts_ended(hosts, of_feed[(waiter - waiters) % 1000], now_us, started++ % 2);
    }
    print_message("join and wait %.0f ns, refused %.0f ns, start and end %.0f ns\n",
                  (waited_ns - began_ns) / BENCH_FEEDS, (refused_ns - waited_ns) / BENCH_FEEDS,
                  (now_ns() - refused_ns) / BENCH_FEEDS);
    hosts_free(hosts);
    free(waiters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_limits_holds_and_turns_are_kept),
        cmocka_unit_test(the_cost_of_a_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
