/* What the service manager is told of the daemon. */
#include "scheduler/daemon_parts.h"

static void look_at_poll(void *cookie, struct poll *poll)
{
    struct manager_report *report = cookie;
    int64_t next_at = account_next_slot(&poll->account);

    report->feeds++;
    if (poll->health.failures > 0)
        report->failing++;
    if (next_at < report->next_slot_at)
        report->next_slot_at = next_at;
}

void daemon_on_report(void *cookie, struct manager_report *report)
{
    const struct daemon *daemon = cookie;

    roster_each(daemon->roster, look_at_poll, report);
    report->mistakes = daemon->set->mistake_count;
    report->commit_waits_ms = writer_waits_ms(daemon->service.writer);
    report->is_disk_full = daemon->service.is_disk_full;
}
