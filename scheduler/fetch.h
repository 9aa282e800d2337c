/* Feed → request, response → outcome: one attempt of one slot, its redirects included.
 *
 * fetch_init() expands the URL, fetch_start() makes the request of the current hop, on its answer
 * fetch_outcome() decides (PURE), and on VERDICT_REDIRECT fetch_follow() goes to the next hop, for
 * which the caller calls fetch_start() again when the new host has room. Loop thread.
 *
 * Secrets (auth, headers and body with ${secret:…}, Authorization, Cookie) go to the origin of the
 * feed's URL only: scheme, name and port (RFC 6454). Once a redirect has left it they stay behind.
 */
#ifndef SCHEDULER_FETCH_H
#define SCHEDULER_FETCH_H

#include "base/hash.h"
#include "feeds/feed.h"
#include "scheduler/net/transfers.h"
#include "storage/poll_record.h"

/* What the feed answered last. Owned by whoever keeps it (previous_release). */
struct previous {
    bool has_body; /* some body is stored: */
    int64_t body_slot_at;
    struct hash body_hash;
    uint64_t body_bytes;
    bool may_validate; /* it was well-formed and of this definition: its validators may be sent */
    uint64_t url_hash; /* … to this URL */
    char *etag, *last_modified; /* NULL: none */
};
void previous_release(struct previous *previous);

enum verdict_kind {
    VERDICT_NEW,      /* a 2xx body, other than the previous one */
    VERDICT_SAME,     /* 304, or the previous bytes again */
    VERDICT_REDIRECT, /* go on with fetch_follow */
    VERDICT_RETRY,    /* failed, and another attempt may help */
    VERDICT_FAILED,
};

struct verdict {
    enum verdict_kind kind;
    enum poll_detail detail; /* of RETRY and FAILED */
    bool is_invalid;         /* NEW, SAME: the body is not well-formed */
    struct hash body_hash;   /* NEW, SAME */
    int64_t asked_ms;        /* Retry-After, 0 … 24 h; -1: none or not readable */
    bool holds_host;         /* 429, 503: asked_ms is for every feed of the host */
};

struct fetch {
    const struct feed *feed; /* borrowed */
    int64_t slot_at;
    enum feed_format shape; /* what earlier bodies were; FORMAT_AUTO: not known yet */
    struct buf url;         /* of the hop, terminated */
    char *origin;           /* of the first hop */
    uint64_t url_hash;      /* of the hop's URL; of the first with its secrets masked */
    unsigned redirects;     /* followed so far */
    bool has_left_origin;
    bool wants_certificate;       /* its end is to be told */
    bool is_get_now;              /* a redirect turned the method into GET */
    bool is_conditional;          /* the current request carries validators */
    bool has_judged;              /* whether the body is JSON, by how it began */
    struct json_checker *checker; /* of a body that is; NULL too where memory ended */
};

/* ERR_ABSENT: a secret is missing; ERR_INPUT: the expanded URL is none. */
int fetch_init(struct fetch *fetch, const struct feed *feed, int64_t slot_at,
               const struct secrets *secrets, struct err *err);
void fetch_release(struct fetch *fetch); /* after the transfer has answered */
const char *fetch_url(const struct fetch *fetch);
/* The request of the current hop. NULL: ERR_ABSENT (a secret), ERR_INPUT, ERR_MEMORY; no answer
 * comes. */
struct transfer *fetch_start(struct fetch *fetch, struct transfers *transfers,
                             const struct secrets *secrets, const struct previous *previous,
                             int64_t timeout_ms, transfer_fn *on_done, void *cookie,
                             struct err *err);
struct verdict fetch_outcome(const struct fetch *fetch, const struct response *response,
                             const struct previous *previous, int64_t now_at);
/* The next hop. ERR_INPUT: not http or https, or the body of the request would carry a secret away.
 */
int fetch_follow(struct fetch *fetch, const struct response *response, struct err *err);
/* What a body with this verdict shows of the feed's format (for the store): FORMAT_AUTO: nothing.
 */
enum feed_format fetch_shape(const struct fetch *fetch, const struct response *response);
/* `Retry-After` (RFC 9110 10.2.3) at the instant now_at → ms clamped to 0 … 24 h, or -1. */
int64_t fetch_retry_after_ms(const char *text, int64_t now_at);

#endif
