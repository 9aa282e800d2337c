/* An alert → the JSON of a webhook. Pure.
 *
 * {"text": "…",                     all in words: what chat services show (Slack, Mattermost, …);
 *                                   "<", with which these call people, is "(" here
 *  "event": "open",                 close remind summary test
 *  "incident": "failing:bus-20",    the same from opening to closing; null: several
 *  "kind": "failing",               … null
 *  "feed": "bus-20",                null: not of one feed
 *  "since": "2026-11-24T02:14:07+00:00",
 *  "at": "2026-11-24T02:20:11+00:00", "host": "vm1",
 *  "alerts": [{"event", "incident", "kind", "feed", "since", "text"}, …], "more": 0} */
#ifndef SCHEDULER_OUTPUTS_ALERT_WEBHOOK_H
#define SCHEDULER_OUTPUTS_ALERT_WEBHOOK_H

#include "scheduler/outputs/alert.h"

enum { ALERT_WEBHOOK_MAX = 256 * 1024 };

/* -1: `out` is full, or no memory. */
int alert_webhook_write(const struct alert_message *message, const char *host, struct buf *out);

#endif
