/* What the running service tells of itself, written from its parts: status.json (outputs/status.h)
 * and metrics (outputs/metrics.h). Loop thread.
 *
 * With thousands of feeds that takes longer than the loop may be held, so it can be written slice
 * by slice, a turn of the loop between them: feeds may come and go meanwhile, and a slice tells
 * what is so when it is written. */
#ifndef SCHEDULER_DAEMON_STATUS_H
#define SCHEDULER_DAEMON_STATUS_H

#include "base/buf.h"
#include "scheduler/daemon.h"

enum daemon_report_kind { DAEMON_STATUS, DAEMON_METRICS };
struct daemon_report;

/* Borrows `daemon`. Returns owned; NULL: no memory. */
struct daemon_report *daemon_report_new(struct daemon *daemon, enum daemon_report_kind kind);
void daemon_report_free(struct daemon_report *report); /* NULL is fine */
/* Appends the next slice, a millisecond or two of work. 1: there is more; 0: that was the last; -1:
 * `out` is full, or no memory. */
int daemon_report_more(struct daemon_report *report, struct buf *out);

/* All at once, for few feeds: 5 us a feed. -1: `out` is full, or no memory. */
int daemon_write_status(struct daemon *daemon, struct buf *out);

#endif
