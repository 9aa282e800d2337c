/* What the writer writes: one thing each. Plain data; passed on from thread to thread, never
 * shared.
 */
#ifndef STORAGE_RECORD_H
#define STORAGE_RECORD_H

#include "base/list.h"
#include "storage/poll_record.h"
#include "storage/prune.h"

enum record_kind {
    RECORD_POLL, /* poll, and its body if outcome is new; sets first_slot_at if it is the first */
    RECORD_FEED, /* a new feed: feed_id, text = name, at = created */
    RECORD_DEFINITION, /* feed_id, number, at = from when, url_epoch, text = JSON */
    RECORD_SHAPE,      /* feed_id, url_epoch, format, text = path or NULL */
    RECORD_OPEN,       /* the feed's account opens at `at` */
    RECORD_CLOSE,      /* … closes */
    RECORD_RUN,        /* the service's run: at = started, alive_at, ended_at, text = version */
    RECORD_FORGET,     /* feed_id: its polls before `at` go (prune.h) when nothing else waits */
    RECORD_NOTE,       /* name, text = what is noted under it, NOTE_TEXT_MAX at most; NULL: none */
};

/* One thing to write. Of a new poll the writer fills in what the body says itself: body_slot_at,
 * body_bytes and, if it has none yet, body_hash. A `same` poll should bring its body, too: somebody
 * may have forgotten the one it points at, and then it becomes a new one (without a body of its own
 * a failed one, `http_status`, if it is a 304, else a missed one, `busy`). The strings that poll's
 * texts point to live in `texts`, owned. */
struct record {
    struct list_link link;
    enum record_kind kind;
    uint32_t feed_id;
    void *cookie; /* the caller's, given back */
    struct poll_record poll;
    struct buf texts;
    char *body; /* owned; RECORD_POLL with OUTCOME_NEW or OUTCOME_SAME */
    size_t body_length;
    int64_t at, alive_at, ended_at;
    uint32_t number, url_epoch;
    uint8_t format;
    char *text;         /* owned */
    const char *name;   /* of a note; borrowed until the record is given back */
    bool was_refused;   /* out: the slot had a poll already, or this record cannot be stored at all;
                           nothing was changed */
    bool has_lost_body; /* out: what this `same` poll pointed at was gone; `poll` is as stored */
    struct pruned pruned; /* out, of RECORD_FORGET: what went */
};

struct record *record_new(enum record_kind kind, uint32_t feed_id); /* NULL: no memory */
/* The same with a copy of `text`. */
struct record *record_new_text(enum record_kind kind, uint32_t feed_id, const char *text);
/* What a part of the service remembers over restarts; it replaces what that part noted before.
 * `text` is copied; NULL: forgotten. Read back with store_note(). */
struct record *record_new_note(const char *name, const char *text);
void record_free(struct record *record);

#endif
