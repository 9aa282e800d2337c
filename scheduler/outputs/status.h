/* What the running service knows, as status.json: the page draws from it, `pollard status` prints
 * it. Plain views in, JSON out: daemon_status.c fills them. Loop thread; nothing is kept.
 *
 * One object; new keys may come, none goes. Instants are ISO 8601 in UTC with microseconds, what is
 * absent is null, every text may hold anything a server or a file says: escape it.
 *
 * {
 *   "version": "0.1.0",
 *   "started": "2026-11-24T01:30:00.000000+00:00",
 *   "now": "2026-11-24T02:15:00.250000+00:00",       when this was written
 *   "loop_gap_max_ms": 3,                            longest hold-up since the start
 *   "in_flight": 2, "waiting": 0,                    requests under way / queued at their hosts
 *   "reloads": 1, "broken_reloads": 0,
 *   "store": {"path": "/var/lib/pollard", "used_bytes": 1048576, "file_bytes": 2097152,
 *             "free_bytes": 52428800000,             of the disk; null: unknown
 *             "commit_ms": 4,                        the last commit; null: none yet
 *             "state": "ok"},                        "disk_full", "store_full", "broken"
 *   "feeds": [{                                      by name
 *     "name": "lametro-720", "state": "waiting",     queued fetching pausing storing retired
 *     "host": "api.metro.net:443", "timezone": "America/Los_Angeles",
 *     "interval_ms": 120000,                         null: times of day
 *     "next_slot": "2026-11-24T02:16:07.000000+00:00",            null: none to come
 *     "last": {"slot": "2026-11-24T02:14:07.000000+00:00", "outcome": "failed",
 *              "detail": "http_status",              null for new and same
 *              "status": 503,                        null: no answer, or missed
 *              "ended": "2026-11-24T02:14:07.350000+00:00",       null: missed, and so:
 *              "duration_ms": 350, "body_bytes": 312,
 *              "invalid": false},                    null instead of the object: no slot yet
 *     "counts": {"new": 20, "same": 1, "failed": 1, "missed": 0}, since the feed came in: at
 *                                                    the start, or at a reload
 *     "invalid": 0,                                  of new and same: not well-formed
 *     "last_new": "2026-11-24T02:12:07.410000+00:00",
 *     "last_ok": "2026-11-24T02:12:07.410000+00:00", the last valid new or same
 *     "failures": 1,                                 in a row
 *     "words": "the server answered with status 503", why the last slot failed or was missed; null
 *     "recent": "nnnsnnf",                           the last 60 slots, oldest first, see history.h
 *     "complete": {"1h": 96.67, "24h": 99.86, "7d": null},        percent; null: no slots
 *     "complete_since": "2026-11-23T12:00:07.000000+00:00",       null: still reading the store
 *     "alert": "feed lametro-720 fails"              null: none is open
 *   }],
 *   "alerts": [{"key": "failing:lametro-720", "feed": "lametro-720", "text": "…",
 *               "since": "2026-11-24T02:14:07.350000+00:00"}],  feed null: of the service
 *   "config_errors": [{"file": "feeds/bus.json", "line": 3, "column": 3, "text": "unknown key …"}]
 * } */
#ifndef SCHEDULER_OUTPUTS_STATUS_H
#define SCHEDULER_OUTPUTS_STATUS_H

#include "base/buf.h"
#include "feeds/feed.h"
#include "scheduler/outputs/health.h"

/* All texts are borrowed for the call. */
struct feed_view {
    const char *name, *state, *host, *timezone;
    int64_t interval_us;  /* AT_NONE: times of day */
    int64_t next_slot_at; /* AT_NEVER: none */
    const struct health *health;
    int64_t failures;  /* in a row, from before the start too */
    const char *alert; /* NULL: none is open */
};

struct alert_view {
    const char *key;  /* one incident's, for a machine */
    const char *feed; /* NULL: of the service */
    const char *text; /* for a person */
    int64_t since_at;
};

struct store_view {
    const char *path, *state;
    int64_t used_bytes, file_bytes;
    int64_t free_bytes; /* -1: unknown */
    int64_t commit_ms;  /* 0: none yet */
};

struct service_view {
    const char *version;
    int64_t started_at, now_at, loop_gap_max_ms;
    int64_t in_flight, waiting, reloads, broken_reloads;
    struct store_view store;
    int64_t alert_count;
    const struct mistake *mistakes;
    int64_t mistake_count;
};

/* One after another: begin, each feed in order of name, alerts, each alert, end. -1: `out` is full,
 * or no memory. */
int status_begin(struct buf *out, const struct service_view *service);
int status_feed(struct buf *out, const struct feed_view *feed, int64_t now_at, bool is_first);
int status_alerts(struct buf *out);
int status_alert(struct buf *out, const struct alert_view *alert, bool is_first);
int status_end(struct buf *out, const struct service_view *service);

#endif
