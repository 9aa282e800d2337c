/* When to tell somebody, and of what. PURE: facts and the time come in, messages come out; nothing
 * is sent, logged or read here. Loop thread.
 *
 * An incident is one thing that is wrong: a kind and its subject, "failing:bus-20". It is told when
 * it opens and when it closes, and once a day in between.
 *
 *              bad                 opening told            well for long
 *   (none) ───────────→ OPENING ────────────────→ OPEN ────────────────→ CLOSING
 *      ↑                 │    ↑                    ↑                       │   │ closing told
 *      │ well for long   │    │ bad again          └───────────────────────┘   ↓
 *      └─────────────────┘    └──────────────────────────── bad again ────── CLOSED ──→ (none)
 *                                                                  forgotten after a while
 *
 * What keeps it quiet: an opening waits ALERT_GATHER_US, so that many at once are seen as one (most
 * feeds fail); an incident closes only when all has been well for long, longer each time it comes
 * back; at most ALERT_BURST messages at once and one every ALERT_REFILL_US, and when those are used
 * up, the next one holds everything that waits. */
#ifndef SCHEDULER_OUTPUTS_ALERT_H
#define SCHEDULER_OUTPUTS_ALERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "feeds/feed.h"
#include "storage/poll_record.h"

#define ALERT_GATHER_US (INT64_C(30) * US_PER_SECOND)
#define ALERT_REFILL_US (INT64_C(600) * US_PER_SECOND)
#define ALERT_REMIND_US US_PER_DAY
enum {
    ALERT_BURST = 6,           /* messages at once; with the refill 12 in the first hour */
    ALERT_INCIDENTS_MAX = 128, /* known at once; a feed's beyond that waits for room */
    ALERT_CROWD_LEAST = 5,     /* so many feeds, and more than half of them, are most feeds … */
    ALERT_CROWD_MANY = 50,     /* … and so many failing ones are a crowd in any case */
    ALERT_FILES_MAX = 16,      /* broken files told by name */
    ALERT_ITEMS_MAX = 20,      /* incidents told one by one in a message */
    ALERT_WORDS_MAX = 160,
    ALERT_SUBJECT_MAX = 264, /* a feed, "host:port", a file of the config directory, or "" */
    ALERT_KEY_MAX = ALERT_SUBJECT_MAX + 16,
};
#define ALERT_CERTIFICATE_US (14 * US_PER_DAY) /* before its end */

/* Kind, name; its words are in alert_words.c. */
#define ALERT_KINDS(_)                                                                             \
    _(FAILING, "failing")                                                                          \
    _(STALE, "stale")                                                                              \
    _(UNCHANGED, "unchanged")                                                                      \
    _(CROWD, "most_failing")                                                                       \
    _(CERTIFICATE, "certificate")                                                                  \
    _(CONFIG, "config")                                                                            \
    _(DISK_NEAR, "disk")                                                                           \
    _(DISK_FULL, "disk_full")                                                                      \
    _(STORE_NEAR, "store")                                                                         \
    _(STORE_FULL, "store_full")                                                                    \
    _(TEST, "test")

enum alert_kind {
#define ALERT_KIND_ENUM(name, text) ALERT_##name,
    ALERT_KINDS(ALERT_KIND_ENUM)
#undef ALERT_KIND_ENUM
        ALERT_KIND_COUNT
};
const char *alert_kind_name(enum alert_kind kind);
bool alert_kind_is_of_feed(enum alert_kind kind); /* its subject is a feed */

/* What is remembered of a feed; lives in its poll. */
struct alert_watch {
    int64_t last_ok_at;   /* of the last valid answer; AT_NONE */
    int64_t changed_at;   /* since when the bytes are what they are; AT_NONE: no body yet */
    int64_t begun_at;     /* the feed came, the service started, or the machine woke up */
    int64_t opened_at;    /* its windows opened; AT_NONE: no window has opened since begun_at */
    int64_t bad_since_at; /* of the first bad slot in a row */
    unsigned bad;         /* slots in a row that failed or were invalid */
    bool is_closed;       /* outside its windows when last looked at */
};

/* `failures`: failed slots in a row up to now, the last at `failed_at`; `changed_at`: slot of the
 * body there is, AT_NONE. */
void alert_watch_init(struct alert_watch *watch, int64_t now_at, unsigned failures,
                      int64_t failed_at, int64_t changed_at);
void alert_watch_step(struct alert_watch *watch, int64_t step_us); /* the wall clock was set */
void alert_watch_wake(struct alert_watch *watch, int64_t now_at);  /* the machine slept */
/* No valid answer for as long as `alert.stale` says. */
bool alert_watch_is_overdue(const struct alert_watch *watch, const struct feed *feed,
                            int64_t now_at);
bool alert_watch_is_bad(const struct alert_watch *watch, const struct feed *feed);

struct alerts;

struct alerts *alerts_new(int64_t now_at); /* NULL: no memory */
void alerts_free(struct alerts *alerts);
/* What is worth remembering over a restart, as text; and back, before any fact. -1: `out` is full,
 * or no memory. A text that cannot be read is forgotten. */
int alerts_write(struct alerts *alerts, struct buf *out);
void alerts_read(struct alerts *alerts, const char *text, int64_t now_at);
/* Something in that text has changed since the last alerts_write(). */
bool alerts_is_news(const struct alerts *alerts);
/* The wall clock was set. */
void alerts_step(struct alerts *alerts, int64_t step_us);

/* Facts. Any of them may open an incident or begin to close it. */

/* A poll of the feed was stored, or a run of missed slots. `words`: why it failed, may be "". */
void alerts_note_poll(struct alerts *alerts, struct alert_watch *watch, const struct feed *feed,
                      const struct poll_record *poll, const char *words, int64_t now_at);
/* Once a minute for every feed. `may_poll`: it is inside its windows, and the service could poll;
 * `slot_at`: the latest slot that was at least a minute ago, AT_NONE: none. */
void alerts_note_minute(struct alerts *alerts, struct alert_watch *watch, const struct feed *feed,
                        bool may_poll, int64_t slot_at, int64_t now_at);
/* After that: how many watched feeds there are, and whose latest slot was bad, and how many of
 * these are bad for as long as `alert.failures` says. */
struct alert_crowd {
    unsigned feeds, bad, failing;
};
void alerts_note_crowd(struct alerts *alerts, const struct alert_crowd *crowd, int64_t now_at);
/* The feed is gone: its incidents end. */
void alerts_end_feed(struct alerts *alerts, const char *name, const char *words, int64_t now_at);
/* The configuration as it was loaded: broken files, feeds that are gone. */
void alerts_note_config(struct alerts *alerts, const struct feed_set *set, int64_t now_at);
/* `host` showed a certificate that ends at `end_at`. */
void alerts_note_certificate(struct alerts *alerts, const char *host, int64_t end_at,
                             int64_t now_at);
struct alert_space {
    int64_t free_bytes, reserve_bytes; /* of the disk; free -1: unknown */
    int64_t used_bytes, limit_bytes;   /* of the store; limit 0: none */
    bool is_disk_full, is_store_full;  /* nothing is stored for want of room */
    bool can_prune;                    /* some feed sets `keep`: the store makes room by itself */
};
void alerts_note_space(struct alerts *alerts, const struct alert_space *space, int64_t now_at);

/* What to tell. */

enum alert_event { ALERT_OPEN, ALERT_CLOSE, ALERT_REMIND, ALERT_SUMMARY, ALERT_TRIAL };
const char *alert_event_name(enum alert_event event); /* "open" "close" "remind" "summary" "test" */

struct alert_item {
    enum alert_event event; /* never SUMMARY */
    enum alert_kind kind;
    bool is_moot; /* CLOSE: not because all is well again, but because of what `words` say */
    int64_t since_at;
    char key[ALERT_KEY_MAX], subject[ALERT_SUBJECT_MAX], words[ALERT_WORDS_MAX];
};

/* Several items: SUMMARY, or REMIND of all that is open. */
struct alert_message {
    uint64_t number;
    enum alert_event event;
    int64_t at;
    size_t count, more; /* items; incidents besides that are not listed */
    struct alert_item items[];
};

/* The next message that may be told now. 1: it is in `message`, owned by the caller (free()), and
 * its incidents wait for alerts_told(); 0: none; -1: no memory, ask again later. */
int alerts_next(struct alerts *alerts, int64_t now_at, struct alert_message **message);
/* It was delivered to somebody, or given up for good. */
void alerts_told(struct alerts *alerts, uint64_t number, int64_t now_at);
/* When alerts_next() is worth asking again, if no fact comes; AT_NEVER. */
int64_t alerts_next_at(const struct alerts *alerts, int64_t now_at);
/* The message of `pollard alert-test`. NULL: no memory. */
struct alert_message *alert_trial(int64_t now_at);

/* What is open, for people to look at: each, in no order. Texts are borrowed for the call. */
size_t alerts_open_count(const struct alerts *alerts);
void alerts_each_open(const struct alerts *alerts,
                      void (*on_incident)(void *cookie, const struct alert_item *item),
                      void *cookie);
/* The feed's, or the crowd's that it is a part of; false: none. */
bool alerts_find_feed(const struct alerts *alerts, const struct alert_watch *watch,
                      const struct feed *feed, struct alert_item *item);

#endif
