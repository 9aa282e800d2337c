/* Alerts, wired: the facts of the running service go to outputs/alert.h, its messages to the
 * channels, what it must remember to the store. Loop thread. */
#ifndef SCHEDULER_DAEMON_ALERTS_H
#define SCHEDULER_DAEMON_ALERTS_H

#include "scheduler/outputs/alert.h"
#include "scheduler/outputs/status.h"
#include "scheduler/service.h"
#include "storage/record.h"

struct daemon;
struct daemon_alerts;
struct poll;

/* Before the feeds come in; reads what was noted in the store. --once has no alerts. */
int daemon_alerts_new(struct daemon *daemon, struct err *err);
void daemon_alerts_free(struct daemon *daemon);
/* The calls below do nothing where there are none. */

/* The configuration was loaded, for the first time or again. */
void daemon_alerts_load(struct daemon *daemon);
/* Once a minute. */
void daemon_alerts_minute(struct daemon *daemon, const struct loop_time *now);
/* Every turn: a disk or a store that has just become full, or has room again, is not left to the
 * minute. */
void daemon_alerts_room(struct daemon *daemon, const struct loop_time *now);
/* Facts have come: looks soon whether there is something to tell. */
void daemon_alerts_soon(struct daemon *daemon);
/* A record is back from the writer. */
void daemon_alerts_on_committed(struct daemon *daemon, const struct record *record);
void daemon_alerts_step(struct daemon *daemon, int64_t step_us); /* the wall clock was set */
void daemon_alerts_wake(struct daemon *daemon, int64_t now_at);  /* the machine slept */
/* Messages under way are given a moment, then broken off: what was not told is told after the next
 * start. */
void daemon_alerts_stop(struct daemon *daemon);
bool daemon_alerts_are_busy(const struct daemon *daemon);

/* For the page: what is open, channels that do not deliver included. -1: `on_alert` said so. */
int64_t daemon_alerts_count(const struct daemon *daemon);
int daemon_alerts_each(const struct daemon *daemon,
                       int (*on_alert)(void *cookie, const struct alert_view *alert), void *cookie);
enum { DAEMON_ALERT_TEXT_MAX = 2048 };
/* What the feed suffers from; NULL: nothing. */
const char *daemon_alert_of(const struct daemon *daemon, const struct poll *poll,
                            char out[DAEMON_ALERT_TEXT_MAX]);

#endif
