/* struct daemon_alerts, for daemon_alerts.c (facts in, messages out) and daemon_alerts_view.c (what
 * the page shows of them). Not for others. */
#ifndef SCHEDULER_DAEMON_ALERTS_PARTS_H
#define SCHEDULER_DAEMON_ALERTS_PARTS_H

#include "scheduler/daemon_parts.h"
#include "scheduler/outputs/alert_heartbeat.h"
#include "scheduler/outputs/alert_outbox.h"

struct daemon_alerts {
    struct alerts *alerts;
    struct courier *courier;
    struct outbox *outbox;
    struct heartbeat *heartbeat;
    struct alarm *alarm; /* something may be due to be told */
    int64_t looked_us;   /* when that was last so */
    struct alarm *stop;
    bool is_stopping;
    bool is_noting; /* a note is with the writer */
    bool is_full;   /* disk or store, as daemon_alerts_room() last saw it */
};

#endif
