/* What the running service tells of itself, written at once from its parts: status.json
 * (outputs/status.h) and metrics (outputs/metrics.h). Loop thread. */
#ifndef SCHEDULER_DAEMON_STATUS_H
#define SCHEDULER_DAEMON_STATUS_H

#include "base/buf.h"
#include "scheduler/daemon.h"

/* Append to `out`. -1: it is full, or no memory. */
int daemon_write_status(struct daemon *daemon, struct buf *out);
int daemon_write_metrics(struct daemon *daemon, struct buf *out);

#endif
