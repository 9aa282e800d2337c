/* Walks stored polls and bodies in short read transactions: a reader renews its transaction every
 * READER_STEPS calls or READER_HOLD_MS, so that the file of a live store does not grow. One thread.
 */
#ifndef STORAGE_READER_H
#define STORAGE_READER_H

#include "storage/poll_record.h"
#include "storage/store.h"

enum { READER_STEPS = 256, READER_HOLD_MS = 200 };

struct reader;

int reader_open(struct reader **reader, struct store *store, struct err *err); /* returns owned */
void reader_close(struct reader *reader);
/* Lets go of the transaction now (before waiting for anything); the place is kept. */
void reader_rest(struct reader *reader);

/* Puts the reader before the first poll of the feed whose slot (for a run: whose last slot) is at
 * or after `slot_at`. */
int reader_seek(struct reader *reader, uint32_t feed_id, int64_t slot_at, struct err *err);
/* Puts it behind the feed's last poll with slot_at before `slot_at` (AT_NEVER: the very last). */
int reader_seek_back(struct reader *reader, uint32_t feed_id, int64_t slot_at, struct err *err);
/* 1: got one, its texts borrowed until the next of these two calls; 0: none left; -1: ERR_DAMAGED…
 * and the place is behind the damaged one: a caller may go on. */
int reader_next(struct reader *reader, struct poll_record *poll, struct err *err);
int reader_previous(struct reader *reader, struct poll_record *poll, struct err *err);
/* The body kept for the poll at `body_slot_at`, decoded, appended to the emptied `body` (whose
 * maximum must be large enough). Checks length and hash. ERR_ABSENT, ERR_DAMAGED. Does not move the
 * place. */
int reader_body(struct reader *reader, uint32_t feed_id, int64_t body_slot_at, struct buf *body,
                struct err *err);

/* 1: the body is kept; 0: it is not. Looks only at the head of its block. */
int reader_has_body(struct reader *reader, uint32_t feed_id, int64_t body_slot_at, struct err *err);

/* The last slot of the feed's account that was forgotten; AT_NONE: none was. */
int reader_forgotten(struct reader *reader, uint32_t feed_id, int64_t *slot_at, struct err *err);

/* The slot of the feed's latest body. 1: it has one; 0; -1. */
int reader_last_body(struct reader *reader, uint32_t feed_id, int64_t *slot_at, struct err *err);

/* What the scheduler must know of a feed to go on after a restart, read from the tail of its polls.
 */
struct resume {
    int64_t accounted_to_at; /* the last slot of the service's account; AT_NONE: none */
    unsigned failures;       /* failed slots in a row up to now (counted to 64 at most) */
    int64_t failed_slot_at;  /* the slot of the last of these; AT_NONE */
    int64_t failed_ended_at;
    int64_t retry_after_at; /* of that poll; AT_NONE */
    unsigned failed_status;
    bool has_body; /* a previous body exists: */
    int64_t body_slot_at;
    struct hash body_hash;
    uint64_t body_bytes;
    bool body_is_invalid;
    uint32_t body_definition; /* in force at the last answered poll */
    uint64_t url_hash;
    char etag[POLL_TEXT_MAX + 1], last_modified[POLL_TEXT_MAX + 1]; /* "": none */
    int64_t last_request_at; /* start of the last request of any outcome; AT_NONE */
};
int reader_resume(struct reader *reader, uint32_t feed_id, struct resume *resume, struct err *err);

#endif
