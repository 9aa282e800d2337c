#include "scheduler/outputs/service_manager.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "base/zone.h"

enum { STATUS_MAX = 320 };
static const int64_t report_every_us = 15 * US_PER_SECOND;

struct service_manager {
    struct loop *loop;
    manager_report_fn *on_report;
    void *cookie;
    struct alarm *alarm;
    int64_t every_us, watchdog_us; /* watchdog_us 0: none */
    bool is_listening, is_starving, is_stopping;
};

/* A commit that waits too long for the watchdog's taste. */
static bool is_stuck(const struct service_manager *manager, const struct manager_report *report)
{
    return manager->watchdog_us > 0 && report->commit_waits_ms >= manager->watchdog_us / 2 / 1000;
}

static void write_status(const struct service_manager *manager, const struct manager_report *report,
                         char out[STATUS_MAX])
{
    char next[ZONE_ISO_MAX] = "none", stuck[64] = "", mistakes[64] = "";

    if (report->next_slot_at != AT_NEVER)
        zone_format_iso(zone_utc(), report->next_slot_at, 0, next);
    if (report->mistakes)
        snprintf(mistakes, sizeof mistakes, ", %zu mistakes in the configuration",
                 report->mistakes);
    if (manager->is_starving)
        snprintf(stuck, sizeof stuck, ", the store has not answered for %" PRId64 " s",
                 report->commit_waits_ms / 1000);
    snprintf(out, STATUS_MAX, "%s%zu feeds, %zu failing, next slot %s%s%s%s",
             manager->is_stopping ? "stopping: " : "", report->feeds, report->failing, next,
             mistakes, report->is_disk_full ? ", the disk is full: nothing is stored" : "", stuck);
}

/* Says how things are after `news`, and feeds the watchdog if they are well. */
static void tell(struct service_manager *manager, const char *news)
{
    struct manager_report report = {.next_slot_at = AT_NEVER};
    char status[STATUS_MAX];
    bool is_starving;

    manager->on_report(manager->cookie, &report);
    is_starving = is_stuck(manager, &report);
    if (is_starving && !manager->is_starving)
        log_event(LEVEL_ERROR, "watchdog", "commit_waits_ms=%" PRId64, report.commit_waits_ms);
    manager->is_starving = is_starving;
    write_status(manager, &report, status);
    (void)sd_notifyf(0, "%sSTATUS=%s%s", news, status,
                     manager->watchdog_us && !is_starving ? "\nWATCHDOG=1" : "");
}

static void on_alarm(void *cookie)
{
    struct service_manager *manager = cookie;

    alarm_set(manager->alarm, loop_now(manager->loop).mono_us + manager->every_us);
    tell(manager, "");
}

struct service_manager *service_manager_new(struct loop *loop, manager_report_fn *on_report,
                                            void *cookie)
{
    struct service_manager *manager = calloc(1, sizeof *manager);
    uint64_t watchdog_us = 0;

    if (!manager)
        return NULL;
    manager->loop = loop;
    manager->on_report = on_report;
    manager->cookie = cookie;
    manager->is_listening = getenv("NOTIFY_SOCKET") != NULL;
    manager->every_us = report_every_us;
    if (manager->is_listening && sd_watchdog_enabled(0, &watchdog_us) > 0) {
        manager->watchdog_us = (int64_t)watchdog_us;
        if (manager->watchdog_us / 4 < manager->every_us)
            manager->every_us = manager->watchdog_us / 4;
    }
    manager->alarm = alarm_new(loop, on_alarm, manager);
    if (!manager->alarm) {
        free(manager);
        return NULL;
    }
    return manager;
}

void service_manager_free(struct service_manager *manager)
{
    if (!manager)
        return;
    alarm_free(manager->alarm);
    free(manager);
}

void service_manager_ready(struct service_manager *manager)
{
    if (!manager->is_listening || manager->is_stopping)
        return;
    tell(manager, "READY=1\n");
    alarm_set(manager->alarm, loop_now(manager->loop).mono_us + manager->every_us);
}

/* MONOTONIC_USEC is for a newer systemd and its Type=notify-reload; 252 passes it over. */
void service_manager_reloading(struct service_manager *manager)
{
    if (manager->is_listening)
        (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=reloading",
                         loop_now(manager->loop).mono_us);
}

/* The watchdog goes on being fed: up to 10 s of requests in flight may follow. */
void service_manager_stopping(struct service_manager *manager)
{
    if (!manager->is_listening || manager->is_stopping)
        return;
    manager->is_stopping = true;
    tell(manager, "STOPPING=1\n");
}
