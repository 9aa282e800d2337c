/* Scripted servers: what a request gets, by host, path and time; and what they saw.
 *
 * A rule names a host and the beginning of a path; every rule that matches changes what it names,
 * in order, so later lines win. Bodies are JSON of one array of objects. */
#ifndef TESTS_SIM_SIM_SERVERS_H
#define TESTS_SIM_SIM_SERVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "scheduler/net/transfers.h"

/* Times since the start of the scenario, from ≤ t < to. */
struct span {
    int64_t from_us, to_us;
};

enum server_key {
    SERVER_LATENCY,     /* a duration; every attempt takes it */
    SERVER_STATUS,      /* a number */
    SERVER_RETRY_AFTER, /* the header's text */
    SERVER_BODY,     /* "each": another at every request · "every DURATION" · "fixed" · "broken":
                        not JSON */
    SERVER_ETAG,     /* "on": sends one, and answers 304 · "off" */
    SERVER_REDIRECT, /* a URL; status 302 unless another is given */
    SERVER_ERROR,    /* ok, or one of refuse, resolve, reset, hang */
    SERVER_KEYS
};

struct server_rule {
    char place[256]; /* host, or host and beginning of path */
    struct span span;
    uint64_t times; /* only the first so many requests that it matches; 0: all */
    enum server_key key;
    char value[512];
    int64_t value_us; /* of LATENCY, and of BODY every */
    uint64_t matched;
};

enum tally_kind {
    TALLY_REQUESTS, /* how many in the span */
    TALLY_SPACING,  /* least µs between two */
    TALLY_AT_ONCE,  /* most at once */
    TALLY_PEAK,     /* most in one second */
};
/* What was seen of the requests to a place ("" for all) in a span. */
struct tally {
    enum tally_kind kind;
    char place[256];
    struct span span;
    int64_t seen; /* SPACING: INT64_MAX until there were two */
    int64_t last_us, second, in_second;
};

struct answer {
    int64_t after_us; /* INT64_MAX: never */
    enum response_error error;
    unsigned status;
    char retry_after[128], location[512], etag[64];
    char body[512];
    size_t body_length;
};

struct servers;
struct servers *servers_new(void);
void servers_free(struct servers *servers);
/* Borrowed until the end; owned by whoever made them. */
void servers_add_rule(struct servers *servers, struct server_rule *rule);
void servers_add_tally(struct servers *servers, struct tally *tally);
/* A request comes in. `if_none_match`: NULL if it has none. */
void servers_ask(struct servers *servers, const char *url, const char *if_none_match,
                 int64_t elapsed_us, struct answer *answer);
void servers_ended(struct servers *servers, const char *url);
uint64_t servers_requests(const struct servers *servers);

#endif
