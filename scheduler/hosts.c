#include "scheduler/hosts.h"

#include <limits.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "scheduler/host_key.h"

#define KNOWN_US    (300 * US_PER_SECOND)
#define GAP_MAX_MS  (366 * MS_PER_DAY)
#define TURN_RANGE  4096
#define REQUEST_MAX (INT64_C(1) << 50)

enum { IDLE_MAX = 1024 };

/* Feeds that joined with the same two values. */
struct joined {
    int64_t gap_ms;
    unsigned limit, count;
};

/* Always in the one heap that home_of() says, or in none while it has nobody who waits or no room.
 * A host that nobody uses any more rests until its gap, hold and known address have run out, so
 * that a reload does not make pollard forget that it was asked to wait. */
struct host {
    struct heap *home;
    struct heap_node node;
    struct heap waiters;
    struct joined *joined;
    size_t joined_count;
    unsigned references, in_flight, limit;
    bool is_numeric; /* or localhost: never looked up */
    int64_t gap_us;
    int64_t started_us, known_until_us, hold_from_us, hold_until_us; /* INT64_MIN: never */
    char name[];
};

struct hosts {
    void *by_name; /* tsearch's tree of their names */
    size_t count;
    /* Hosts where somebody waits and a request has room, by the instant when it may start: those
     * whose address is known, those that have to be looked up first. */
    struct heap warm, cold;
    struct heap idle; /* unused hosts, by when they may be forgotten */
    unsigned max_requests, in_flight, waiting;
    int64_t now_us; /* the latest that we were told */
    int64_t turn;
    bool may_resolve; /* as hosts_next() was last told; if not, `cold` is as good as empty */
};

struct hosts *hosts_new(unsigned max_requests)
{
    struct hosts *hosts = calloc(1, sizeof(*hosts));

    if (!hosts)
        return NULL;
    heap_init(&hosts->warm);
    heap_init(&hosts->cold);
    heap_init(&hosts->idle);
    hosts->may_resolve = true;
    hosts_set_max_requests(hosts, max_requests);
    return hosts;
}

static void host_free(struct host *host)
{
    heap_release(&host->waiters);
    free(host->joined);
    free(host);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void free_named(void *name)
{
    host_free(CONTAINER_OF(name, struct host, name));
}

static struct host *find_host(const struct hosts *hosts, const char *key)
{
    void *found = tfind(key, &hosts->by_name, compare_names);

    return found ? CONTAINER_OF(*(char **)found, struct host, name) : NULL;
}

void hosts_free(struct hosts *hosts)
{
    if (!hosts)
        return;
    tdestroy(hosts->by_name, free_named);
    heap_release(&hosts->warm);
    heap_release(&hosts->cold);
    heap_release(&hosts->idle);
    free(hosts);
}

void hosts_set_max_requests(struct hosts *hosts, unsigned max_requests)
{
    hosts->max_requests = max_requests > 0 ? max_requests : 1;
}

/* Where a host stands. */

static bool is_known(const struct hosts *hosts, const struct host *host)
{
    return host->is_numeric || host->known_until_us > hosts->now_us;
}

static int64_t latest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t gap_until_us(const struct host *host)
{
    return host->started_us == INT64_MIN ? INT64_MIN : host->started_us + host->gap_us;
}

static int64_t ready_us(const struct host *host)
{
    return latest(gap_until_us(host), host->hold_until_us);
}

static struct heap *home_of(struct hosts *hosts, const struct host *host)
{
    if (host->waiters.count > 0) {
        if (host->in_flight >= host->limit)
            return NULL;
        return is_known(hosts, host) ? &hosts->warm : &hosts->cold;
    }
    return host->references == 0 && host->in_flight == 0 ? &hosts->idle : NULL;
}

/* After every change of a host. Cannot fail: host_create() has reserved the room. */
static void settle(struct hosts *hosts, struct host *host)
{
    struct heap *home = home_of(hosts, host);
    int64_t key = ready_us(host);

    if (home == &hosts->idle)
        key = latest(key, host->known_until_us);
    if (host->home && host->home != home)
        heap_remove(host->home, &host->node);
    host->home = home;
    if (home)
        (void)heap_set(home, &host->node, key);
}

static struct host *host_of(struct heap_node *node)
{
    return node ? CONTAINER_OF(node, struct host, node) : NULL;
}

static void forget(struct hosts *hosts, struct host *host)
{
    if (host->home)
        heap_remove(host->home, &host->node);
    tdelete(host->name, &hosts->by_name, compare_names);
    hosts->count--;
    host_free(host);
}

static void forget_idle(struct hosts *hosts)
{
    struct heap_node *node;

    while ((node = heap_top(&hosts->idle)) &&
           (node->key <= hosts->now_us || hosts->idle.count > IDLE_MAX))
        forget(hosts, host_of(node));
}

static void notice_time(struct hosts *hosts, int64_t now_us)
{
    if (now_us > hosts->now_us)
        hosts->now_us = now_us;
}

/* Feeds come and go. */

static struct host *host_create(struct hosts *hosts, const char *key)
{
    size_t count = hosts->count + 1, length = strlen(key);
    struct host *host;

    if (heap_reserve(&hosts->warm, count) != 0 || heap_reserve(&hosts->cold, count) != 0 ||
        heap_reserve(&hosts->idle, count) != 0)
        return NULL;
    host = calloc(1, sizeof(*host) + length + 1);
    if (!host)
        return NULL;
    memcpy(host->name, key, length + 1);
    heap_init(&host->waiters);
    host->limit = 1;
    host->started_us = host->known_until_us = INT64_MIN;
    host->hold_from_us = host->hold_until_us = INT64_MIN;
    host->is_numeric = host_key_is_literal(key);
    if (!tsearch(host->name, &hosts->by_name, compare_names)) {
        host_free(host);
        return NULL;
    }
    hosts->count++;
    return host;
}

static struct joined *find_joined(struct host *host, int64_t gap_ms, unsigned limit)
{
    for (size_t i = 0; i < host->joined_count; i++)
        if (host->joined[i].gap_ms == gap_ms && host->joined[i].limit == limit)
            return &host->joined[i];
    return NULL;
}

static int add_joined(struct host *host, int64_t gap_ms, unsigned limit)
{
    struct joined *joined = find_joined(host, gap_ms, limit);

    if (!joined) {
        joined = realloc(host->joined, (host->joined_count + 1) * sizeof(*joined));
        if (!joined)
            return -1;
        host->joined = joined;
        joined += host->joined_count++;
        *joined = (struct joined){.gap_ms = gap_ms, .limit = limit};
    }
    joined->count++;
    return 0;
}

/* The largest gap and the smallest limit of those that joined; of the last one after it has left,
 * until another comes. */
static void apply_joined(struct host *host)
{
    int64_t gap_ms = 0;
    unsigned limit = UINT_MAX;

    if (host->joined_count == 0)
        return;
    for (size_t i = 0; i < host->joined_count; i++) {
        if (host->joined[i].gap_ms > gap_ms)
            gap_ms = host->joined[i].gap_ms;
        if (host->joined[i].limit < limit)
            limit = host->joined[i].limit;
    }
    host->gap_us = (gap_ms < GAP_MAX_MS ? gap_ms : GAP_MAX_MS) * US_PER_MS;
    host->limit = limit > 0 ? limit : 1;
}

struct host *hosts_join(struct hosts *hosts, const char *url, int64_t gap_ms, unsigned limit)
{
    struct host *host;
    char key[HOST_KEY_MAX];

    if (!host_key_of_url(url, key))
        return NULL;
    host = find_host(hosts, key);
    if (!host)
        host = host_create(hosts, key);
    if (!host)
        return NULL;
    if (add_joined(host, gap_ms, limit) != 0) {
        settle(hosts, host);
        return NULL;
    }
    host->references++;
    apply_joined(host);
    settle(hosts, host);
    return host;
}

void hosts_leave(struct hosts *hosts, struct host *host, int64_t gap_ms, unsigned limit)
{
    struct joined *joined = find_joined(host, gap_ms, limit);

    if (!joined)
        return;
    if (--joined->count == 0)
        *joined = host->joined[--host->joined_count];
    host->references--;
    apply_joined(host);
    settle(hosts, host);
    forget_idle(hosts);
}

const char *host_name(const struct host *host)
{
    return host->name;
}

/* Those who wait. */

/* Longest without a request first, and of those that tie the first to come. The heap has one
 * number for both: the instant, and a turn in its last 12 bits (where it begins anew, one of those
 * that tie may be overtaken). */
static int64_t turn_key(struct hosts *hosts, int64_t last_request_us)
{
    int64_t turn = hosts->turn++;

    if (last_request_us < -REQUEST_MAX)
        return INT64_MIN + turn;
    if (last_request_us >= REQUEST_MAX)
        last_request_us = REQUEST_MAX - 1;
    return last_request_us * TURN_RANGE + turn % TURN_RANGE;
}

int hosts_wait(struct hosts *hosts, struct host *host, struct host_waiter *waiter,
               int64_t last_request_us)
{
    if (waiter->host)
        hosts_quit(hosts, waiter);
    if (heap_set(&host->waiters, &waiter->node, turn_key(hosts, last_request_us)) != 0)
        return -1;
    waiter->host = host;
    hosts->waiting++;
    settle(hosts, host);
    return 0;
}

static void unqueue(struct hosts *hosts, struct host_waiter *waiter)
{
    heap_remove(&waiter->host->waiters, &waiter->node);
    waiter->host = NULL;
    hosts->waiting--;
}

void hosts_quit(struct hosts *hosts, struct host_waiter *waiter)
{
    struct host *host = waiter->host;

    if (!host)
        return;
    unqueue(hosts, waiter);
    settle(hosts, host);
}

/* The host that has been ready longest; NULL: nobody waits where a request has room. */
static struct host *first_ready(const struct hosts *hosts)
{
    struct heap_node *warm = heap_top(&hosts->warm);
    struct heap_node *cold = hosts->may_resolve ? heap_top(&hosts->cold) : NULL;

    return host_of(!warm || (cold && cold->key < warm->key) ? cold : warm);
}

struct host_waiter *hosts_next(struct hosts *hosts, int64_t now_us, bool may_resolve)
{
    struct host_waiter *waiter;
    struct host *host;

    notice_time(hosts, now_us);
    forget_idle(hosts);
    hosts->may_resolve = may_resolve;
    while ((host = host_of(heap_top(&hosts->warm))) && !is_known(hosts, host))
        settle(hosts, host);
    host = first_ready(hosts);
    if (hosts->in_flight >= hosts->max_requests || !host || ready_us(host) > now_us)
        return NULL;
    waiter = CONTAINER_OF(heap_top(&host->waiters), struct host_waiter, node);
    unqueue(hosts, waiter);
    host->started_us = now_us;
    host->in_flight++;
    hosts->in_flight++;
    settle(hosts, host);
    return waiter;
}

int64_t hosts_next_us(const struct hosts *hosts)
{
    const struct host *host = first_ready(hosts);

    if (hosts->in_flight >= hosts->max_requests || !host)
        return INT64_MAX;
    return latest(ready_us(host), 0);
}

void hosts_ended(struct hosts *hosts, struct host *host, int64_t now_us, bool is_known)
{
    notice_time(hosts, now_us);
    if (host->in_flight == 0)
        return;
    host->in_flight--;
    hosts->in_flight--;
    if (is_known)
        host->known_until_us = now_us + KNOWN_US;
    settle(hosts, host);
    forget_idle(hosts);
}

void hosts_hold(struct hosts *hosts, struct host *host, int64_t from_us, int64_t until_us)
{
    if (until_us <= host->hold_until_us)
        return;
    host->hold_from_us = from_us;
    host->hold_until_us = until_us;
    settle(hosts, host);
}

enum host_block hosts_block(const struct hosts *hosts, const struct host *host, int64_t now_us)
{
    if (host->hold_until_us > now_us)
        return HOST_HELD;
    if (host->in_flight >= host->limit || gap_until_us(host) > now_us)
        return HOST_BUSY;
    if (hosts->in_flight >= hosts->max_requests)
        return HOST_ALL_BUSY;
    return hosts->may_resolve || is_known(hosts, host) ? HOST_FREE : HOST_ALL_BUSY;
}

void host_hold_span(const struct host *host, int64_t *from_us, int64_t *until_us)
{
    *from_us = host->hold_from_us;
    *until_us = host->hold_until_us;
}

unsigned hosts_in_flight(const struct hosts *hosts)
{
    return hosts->in_flight;
}

unsigned hosts_waiting(const struct hosts *hosts)
{
    return hosts->waiting;
}
