/* One poll (or a run of missed slots) as kept: its fields, and its bytes on disk.
 *
 * Plain data. Texts are borrowed: from the record's owner when encoding, from the stored bytes when
 * decoding. Any thread. */
#ifndef STORAGE_POLL_RECORD_H
#define STORAGE_POLL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"

enum outcome { OUTCOME_NEW, OUTCOME_SAME, OUTCOME_FAILED, OUTCOME_MISSED };

/* Numbers are on disk: append, never renumber. */
#define POLL_DETAILS(_)                                                                            \
    _(NONE, 0, "")                                                                                 \
    /* errors of a failed poll */                                                                  \
    _(RESOLVE, 1, "resolve")                                                                       \
    _(CONNECT, 2, "connect")                                                                       \
    _(REFUSED, 3, "refused")                                                                       \
    _(TLS, 4, "tls")                                                                               \
    _(TIMEOUT, 5, "timeout")                                                                       \
    _(HTTP_STATUS, 6, "http_status")                                                               \
    _(TOO_LARGE, 7, "too_large")                                                                   \
    _(TRUNCATED, 8, "truncated")                                                                   \
    _(REDIRECT, 9, "redirect")                                                                     \
    _(PROTOCOL, 10, "protocol")                                                                    \
    _(DECODE, 11, "decode")                                                                        \
    _(BLOCKED, 12, "blocked")                                                                      \
    _(SECRET, 13, "secret")                                                                        \
    /* reasons of a missed slot */                                                                 \
    _(DOWN, 32, "down")                                                                            \
    _(OVERRUN, 33, "overrun")                                                                      \
    _(HOST_BUSY, 34, "host_busy")                                                                  \
    _(BUSY, 35, "busy")                                                                            \
    _(BACKOFF, 36, "backoff")                                                                      \
    _(RETRY_AFTER, 37, "retry_after")                                                              \
    _(SUSPENDED, 38, "suspended")                                                                  \
    _(CLOCK, 39, "clock")                                                                          \
    _(DISK, 40, "disk")                                                                            \
    _(CONFIG, 41, "config")

enum poll_detail {
#define POLL_DETAIL_ENUM(name, number, text) DETAIL_##name = (number),
    POLL_DETAILS(POLL_DETAIL_ENUM)
#undef POLL_DETAIL_ENUM
};

const char *outcome_name(enum outcome outcome);        /* "new" "same" "failed" "missed" */
const char *poll_detail_name(enum poll_detail detail); /* "" for NONE */

enum poll_flags {
    POLL_INVALID = 1,  /* a 2xx body that is not well-formed */
    POLL_ONCE = 2,     /* by --once, off the grid */
    POLL_UNPLANNED = 4 /* by --once; the account of the service does not reach it. Not shown */
};

struct text {
    const char *bytes; /* not terminated; NULL only if length is 0 */
    uint32_t length;
};

enum { POLL_TEXT_MAX = 1024 }; /* every text is cut to this */

struct poll_record {
    int64_t slot_at;
    uint64_t count;  /* 1; a run of missed slots: how many */
    int64_t step_us; /* a run: from one slot to the next; else 0 */
    enum outcome outcome;
    enum poll_detail detail;
    unsigned flags;
    uint32_t definition; /* number of the definition in force, from 1 */
    /* The rest is absent (0, AT_NONE, empty) for missed slots. */
    int64_t started_at;  /* of the first attempt */
    int64_t answered_at; /* start of the attempt that was answered; AT_NONE: none was */
    int64_t ended_at;
    unsigned status; /* HTTP; 0: none */
    unsigned attempts;
    uint64_t wire_bytes, body_bytes; /* as received / decoded */
    int64_t body_slot_at;  /* of the poll that brought the body: slot_at of a new one, unless that
                              was forgotten and this stands for it; AT_NONE */
    struct hash body_hash; /* if has_hash: of the body answered, for 304 of the one meant */
    bool has_hash;
    int64_t retry_after_at; /* a failed poll: the server asked us not to come before; AT_NONE */
    uint64_t url_hash;      /* of the URL that the validators belong to, secrets masked; 0: none */
    struct text etag, last_modified, content_type, server_date, remote_address;
    struct text error_body; /* the first KiB of a failed answer */
};

void poll_record_init(struct poll_record *record); /* everything absent, count 1 */
/* A run has a step, is of missed slots and ends before the end of time; a single poll has no step.
 */
bool poll_record_is_sound(const struct poll_record *record);
/* Appends to `out`. -1: it is full, or no memory. */
int poll_record_encode(const struct poll_record *record, struct buf *out);
/* ERR_DAMAGED. Borrows `bytes` for as long as `record` is used. */
int poll_record_decode(struct poll_record *record, const void *bytes, size_t length,
                       struct err *err);
/* The slot of the last of a run; slot_at for a single poll. */
int64_t poll_record_last_slot(const struct poll_record *record);
/* The `count` slots of a run from its `first` on. */
struct poll_record poll_record_piece(const struct poll_record *run, uint64_t first, uint64_t count);
/* How many slots of the record lie before `at`. */
uint64_t poll_record_slots_before(const struct poll_record *poll, int64_t at);

#endif
