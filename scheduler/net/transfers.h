/* Outgoing HTTP requests: one libcurl multi handle on the loop.
 *
 * libcurl's home, and a seam: tests/sim implements this header with scripted servers. One request
 * is one attempt at one URL: redirects, retries, queues, gaps and limits are the caller's. Loop
 * thread only. Every transfer answers exactly once, on the loop, never before transfers_start() has
 * returned. */
#ifndef SCHEDULER_NET_TRANSFERS_H
#define SCHEDULER_NET_TRANSFERS_H

#include <stdbool.h>

#include "base/buf.h"
#include "scheduler/net/loop.h"

enum { HEADER_BYTES_MAX = 64 * 1024, RESPONSE_TEXT_MAX = 1024, LOCATION_MAX = 8192 };

struct request {
    const char *url;
    const char *method;         /* "GET" … */
    const char *const *headers; /* "Name: value" lines, NULL at the end; NULL: none */
    const char *body;           /* NULL: none */
    size_t body_length;
    const char *username, *password;                /* basic; NULL: none */
    const char *ca_file, *pin, *proxy, *user_agent; /* NULL: none / default; pin as curl's
                                                       "sha256//…"; proxy NULL: never one, whatever
                                                       the environment says */
    int64_t timeout_ms, connect_timeout_ms;
    int64_t max_body_bytes; /* decoded */
    bool allow_private;     /* may reach loopback, private and link-local addresses */
    bool wants_certificate; /* tell when the server's ends; only a new connection shows it */
    /* Decoded bytes as they arrive; NULL: only collected. May not call transfers_*. */
    void (*on_bytes)(void *cookie, const char *bytes, size_t length);
    void *bytes_cookie; /* for on_bytes; must live until the answer */
};

enum response_error {
    RESPONSE_OK, /* an HTTP answer came in whole, whatever its status */
    RESPONSE_RESOLVE,
    RESPONSE_CONNECT,
    RESPONSE_REFUSED,
    RESPONSE_TLS,
    RESPONSE_TIMEOUT,
    RESPONSE_TOO_LARGE, /* body over max_body_bytes, or headers over HEADER_BYTES_MAX */
    RESPONSE_TRUNCATED, /* the connection ended or was reset before the answer did */
    RESPONSE_PROTOCOL,  /* not HTTP, or bad chunking */
    RESPONSE_DECODE,    /* bad compression */
    RESPONSE_BLOCKED,   /* our address policy */
    RESPONSE_CANCELLED, /* transfer_cancel */
    RESPONSE_INTERNAL,  /* no memory, or libcurl misused */
};

struct response {
    enum response_error error;
    char reason[256]; /* of an error, in words, without the URL; "" if none */
    unsigned status;  /* 0: no status line came */
    struct buf body;  /* decoded; what had come when an error came, too */
    uint64_t wire_bytes;
    char etag[RESPONSE_TEXT_MAX + 1], last_modified[RESPONSE_TEXT_MAX + 1];
    char content_type[RESPONSE_TEXT_MAX + 1], date[RESPONSE_TEXT_MAX + 1];
    char retry_after[128];       /* as sent; "" if none */
    char location[LOCATION_MAX]; /* absolute, resolved against the URL; "" if none */
    char remote_address[80];     /* "203.0.113.7:443", "[2001:db8::1]:443"; "" if not connected */
    bool has_connected;
    int64_t certificate_end_at; /* if asked for; 0: none was shown */
    int64_t resolve_us, connect_us, tls_us, first_byte_us,
        total_us; /* from the start; 0: not reached */
};

typedef void transfer_fn(void *cookie, struct response *response); /* borrowed; may take the body */

struct transfers;
struct transfer;

struct transfers_options {
    const char *ca_bundle;    /* NULL: the system's */
    unsigned max_connections; /* kept open between requests */
    const char *user_agent;   /* "pollard/0.1.0" */
    unsigned own_port;        /* the page's: never connected to on this machine; 0: none */
};

int transfers_new(struct transfers **transfers, struct loop *loop,
                  const struct transfers_options *options, struct err *err); /* returns owned */
/* After every transfer has answered (or was cancelled and answered). */
void transfers_free(struct transfers *transfers);
void transfers_set_own_port(struct transfers *transfers, unsigned port);
/* Starts one attempt; `request` is borrowed for the call and copied. The time counts from now.
 * NULL: ERR_MEMORY or ERR_INPUT (a URL libcurl cannot read), and no answer comes. */
struct transfer *transfers_start(struct transfers *transfers, const struct request *request,
                                 transfer_fn *on_done, void *cookie, struct err *err);
/* Ends it: it answers RESPONSE_CANCELLED on the next turn of the loop (unless it has just
 * answered). */
void transfer_cancel(struct transfer *transfer);
unsigned transfers_in_flight(const struct transfers *transfers);
/* Name look-ups under way (a thread each): start no request to a host not seen lately above 16. */
unsigned transfers_resolving(const struct transfers *transfers);

#endif
