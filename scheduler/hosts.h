/* Who may ask a host now: gaps, limits and holds per host, max_requests over all. PURE: no clock of
 * its own; `now_us` is monotonic.
 *
 * A host is a name and a port. Feeds that share it are served by the one longest without a request
 * first. Where they differ the largest gap and the smallest limit hold. */
#ifndef SCHEDULER_HOSTS_H
#define SCHEDULER_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/heap.h"

struct host;
struct hosts;

/* One that waits; lives in the object that waits. Zero it at birth. */
struct host_waiter {
    struct heap_node node; /* in its host's queue, by last_request_us */
    struct host *host;     /* NULL: does not wait */
};

struct hosts *hosts_new(unsigned max_requests); /* NULL: no memory */
void hosts_free(struct hosts *hosts);
void hosts_set_max_requests(struct hosts *hosts, unsigned max_requests);

/* The host of a URL (http or https; default ports filled in). Counted; NULL: no memory or no host.
 */
struct host *hosts_join(struct hosts *hosts, const char *url, int64_t gap_ms, unsigned limit);
void hosts_leave(struct hosts *hosts, struct host *host, int64_t gap_ms, unsigned limit);
const char *host_name(const struct host *host); /* "example.org:443" */

/* Enters the queue. `last_request_us`: when this feed last made a request (INT64_MIN: never). -1:
 * no memory. */
int hosts_wait(struct hosts *hosts, struct host *host, struct host_waiter *waiter,
               int64_t last_request_us);
void hosts_quit(struct hosts *hosts, struct host_waiter *waiter); /* fine if it does not wait */
/* Takes the next that may start now out of the queue and counts its request as started; NULL:
 * nobody may. `may_resolve` false: no host whose address is not known. */
struct host_waiter *hosts_next(struct hosts *hosts, int64_t now_us, bool may_resolve);
/* When to ask again, if nothing else happens; INT64_MAX: when a request ends. */
int64_t hosts_next_us(const struct hosts *hosts);
/* A request to `host` has ended; `is_known`: it connected, so its address is known for 300 s. */
void hosts_ended(struct hosts *hosts, struct host *host, int64_t now_us, bool is_known);
/* Nobody asks this host before `until_us` (Retry-After). Never shortened. */
void hosts_hold(struct hosts *hosts, struct host *host, int64_t from_us, int64_t until_us);

enum host_block { HOST_FREE, HOST_BUSY, HOST_HELD, HOST_ALL_BUSY };
/* Why somebody would have to wait for `host` now: its gap or limit, its hold, max_requests. */
enum host_block hosts_block(const struct hosts *hosts, const struct host *host, int64_t now_us);
/* The hold: from and until when; until ≤ now: none. */
void host_hold_span(const struct host *host, int64_t *from_us, int64_t *until_us);
unsigned hosts_in_flight(const struct hosts *hosts);
unsigned hosts_waiting(const struct hosts *hosts);

#endif
