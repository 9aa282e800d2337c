/* What the service manager hears of us (sd_notify(3)): ready, reloading, stopping, one line of
 * status, and food for its watchdog. Where nobody listens ($NOTIFY_SOCKET is unset: Docker, runit,
 * screen) every call does nothing. Loop thread.
 *
 * The watchdog ($WATCHDOG_USEC) is fed four times in its span, from the loop, so a loop that hangs
 * starves it; and only while no commit has waited for half the span, so a store that hangs does,
 * too. A full disk is no reason: a restart would not help. */
#ifndef SCHEDULER_OUTPUTS_SERVICE_MANAGER_H
#define SCHEDULER_OUTPUTS_SERVICE_MANAGER_H

#include <stdbool.h>
#include <stddef.h>

#include "scheduler/net/loop.h"

struct manager_report {
    size_t feeds, failing, mistakes; /* mistakes: in the configuration */
    int64_t next_slot_at;            /* of all feeds; AT_NEVER */
    int64_t commit_waits_ms;         /* writer_waits_ms() */
    bool is_disk_full;
};
typedef void manager_report_fn(void *cookie, struct manager_report *report);

struct service_manager;

/* NULL: no memory. Borrows `loop`; `on_report` is asked every 15 s, or as often as the watchdog is
 * fed. Returns owned. */
struct service_manager *service_manager_new(struct loop *loop, manager_report_fn *on_report,
                                            void *cookie);
void service_manager_free(struct service_manager *manager);
void service_manager_ready(struct service_manager *manager); /* at the start, after a reload */
void service_manager_reloading(struct service_manager *manager);
void service_manager_stopping(struct service_manager *manager);

#endif
