/* One feed being polled again and again: the state machine of its cycle. Loop thread.
 *
 *              due                room              answer
 *   WAITING ────────→ QUEUED ───────────→ FETCHING ─────────→ STORING
 *      ↑ ↑              │ ↑   redirect       │ │                 │
 *      │ └──────────────┘ └──────────────────┘ │ failed,         │
 *      │   next slot came   ↑                  │ try again       │
 *      │                    └──── PAUSING ←────┘                 │
 *      └─────────────────────────────────────────────────────────┘ committed
 *
 * A removed feed goes to RETIRED when nothing of it is in flight, and its last record frees it. */
#ifndef SCHEDULER_POLL_H
#define SCHEDULER_POLL_H

#include "scheduler/account.h"
#include "scheduler/fetch.h"
#include "scheduler/outputs/alert.h"
#include "scheduler/outputs/health.h"
#include "scheduler/service.h"
#include "storage/reader.h"

#define POLL_STATES(_)                                                                             \
    _(WAITING, "until the feed is due")                                                            \
    _(QUEUED, "until its host has room")                                                           \
    _(FETCHING, "until the server has answered")                                                   \
    _(PAUSING, "until the next attempt")                                                           \
    _(STORING, "until the poll is committed")                                                      \
    _(RETIRED, "until its last record is committed")

enum poll_state {
#define POLL_STATE_ENUM(name, reason) POLL_##name,
    POLL_STATES(POLL_STATE_ENUM)
#undef POLL_STATE_ENUM
};

/* The slot being worked on. */
struct attempt {
    int64_t slot_at;
    int64_t next_slot_at;    /* waiting and retrying end here */
    unsigned count;          /* attempts begun */
    int64_t started_at;      /* of the first attempt, wall */
    int64_t started_us;      /* … monotonic: later times of this slot are counted from it */
    int64_t attempt_us;      /* start of the current attempt, monotonic */
    int64_t spent_us;        /* of the current attempt's timeout, by earlier hops */
    int64_t hop_us;          /* start of the current hop */
    bool is_cut;             /* the timeout was cut at the next slot */
    bool is_catch_up;        /* late, for a slot missed: the reason that it gets if dropped */
    enum poll_detail reason; /* … */
    struct verdict verdict;  /* of the last attempt */
    unsigned status;         /* of the last answer */
    char words[96];          /* why it failed, for the log */
    unsigned flags;          /* POLL_ONCE, POLL_UNPLANNED */
};

struct poll {
    struct service *service;
    struct feed *feed; /* held */
    uint32_t feed_id, definition, url_epoch;
    enum poll_state state;
    struct heap_node due;      /* in service->due, unless FETCHING, STORING or RETIRED */
    struct host_waiter waiter; /* while QUEUED */
    struct host *host;         /* of the feed's URL; joined */
    struct host *hop_host;     /* of the current hop; joined if it is not `host` */
    struct account account;
    int64_t first_slot_at; /* of the feed's first poll ever; AT_NONE */
    struct attempt attempt;
    struct fetch fetch;
    bool has_fetch;
    struct transfer *transfer; /* while FETCHING */
    struct previous previous;
    enum feed_format shape; /* found by looking; FORMAT_AUTO: not yet */
    bool has_rows_path;     /* found by looking */
    unsigned failures;      /* failed slots in a row */
    int64_t failed_slot_at;
    int64_t not_before_at; /* backoff, Retry-After; AT_NONE */
    enum poll_detail not_before_reason;
    int64_t asked_ms;        /* how long the Retry-After was that set not_before_at */
    int64_t last_request_us; /* INT64_MIN: none in this run */
    struct plan_fuse fuse;
    bool has_blown;   /* the fuse said no, and that was logged */
    unsigned records; /* in the writer */
    struct health health;
    struct alert_watch alert;
    int64_t certificate_at; /* when the server's was last looked at; AT_NONE */
    struct feed *successor; /* held; takes over when the slot in flight is stored: */
    uint32_t next_definition, next_url_epoch;
    int64_t changed_at; /* when it came */
    bool is_leaving;    /* removed or disabled: ends when the slot in flight is stored */
};

/* What the store knows of a feed. */
struct poll_identity {
    uint32_t feed_id, definition, url_epoch;
    int64_t first_slot_at;  /* AT_NONE: it has no poll yet */
    enum feed_format shape; /* FORMAT_AUTO: not found yet */
    bool has_rows_path;
};

/* Returns owned. Takes a hold on `feed`. ERR_INPUT: its URL has no host. */
struct poll *poll_new(struct service *service, struct feed *feed,
                      const struct poll_identity *identity, struct err *err);
void poll_free(struct poll *poll); /* when RETIRED or never begun, and without records */
const char *poll_state_name(enum poll_state state);

/* Takes over what the store knows (failures, validators, Retry-After). */
void poll_resume(struct poll *poll, const struct resume *resume, const struct loop_time *now);
/* Begins to wait for slots after the account's. `missed`: the latest slot up to now was missed for
 * that reason and is caught up if the feed wants that; DETAIL_NONE: it is polled at once. */
void poll_begin(struct poll *poll, const struct loop_time *now, enum poll_detail missed);
/* --once: the slot given, now. */
void poll_begin_once(struct poll *poll, int64_t slot_at, unsigned flags,
                     const struct loop_time *now);

void poll_on_due(struct poll *poll, const struct loop_time *now);
/* hosts_next chose it: makes the request. */
void poll_on_room(struct poll *poll, const struct loop_time *now);
/* The writer gives a record back; borrowed. The poll may be freed by this call if it was RETIRED.
 */
void poll_on_committed(struct poll *poll, const struct record *record);

/* The body of its latest answer was forgotten by age, or by hand. */
void poll_forget_body(struct poll *poll);

/* The feed's settings changed / it was removed or disabled: at once, or when the slot in flight is
 * stored. */
void poll_change(struct poll *poll, struct feed *feed, const struct loop_time *now);
void poll_leave(struct poll *poll, const struct loop_time *now);
void poll_flush(struct poll *poll, const struct loop_time *now); /* the missed slots up to now */
/* The wall clock jumped by `step_us`: what waits for a span, not for a slot, waits no longer for
 * it. */
void poll_on_step(struct poll *poll, int64_t step_us);
/* The service stops. `is_final`: requests in flight are given up now. */
void poll_stop(struct poll *poll, bool is_final, const struct loop_time *now);
bool poll_is_busy(const struct poll *poll); /* a slot is in flight or being stored */
/* --once: the slot is stored. */
bool poll_is_done(const struct poll *poll);

#endif
