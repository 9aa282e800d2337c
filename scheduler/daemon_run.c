/* What moves the service: due polls, hosts with room, commits, clocks that jump, the end. */
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "scheduler/daemon_parts.h"

enum {
    TURN_BUDGET_US = 5 * 1000, /* of one kind of work in one turn of the loop */
    TURN_STARTS = 24, /* libcurl connects later in the turn, dearer the more it has connected */
    SLEEP_MAX_US = 60 * 1000 * 1000,
    WATCH_US = 1000 * 1000,     /* how often to look at a writer that has work */
    GRACE_US = 9 * 1000 * 1000, /* for requests in flight at the end */
    LAST_US = 700 * 1000,       /* … and for their commit */
    STEP_US = 100 * 1000,       /* a difference of clocks that is a jump */
    SUSPEND_US = 2 * 1000 * 1000,
    RESOLVING_MAX = 16,
    RESOLVE_LOOK_US = 20 * 1000,
    COMMIT_LATE_MS = 30 * 1000
};

static void on_step_of(void *cookie, struct poll *poll)
{
    poll_on_step(poll, *(const int64_t *)cookie);
}

/* Compares the three clocks with how they stood a turn ago. */
static void watch_clocks(struct daemon *daemon, const struct loop_time *now)
{
    struct service *service = &daemon->service;
    int64_t step_us = (now->wall_at - daemon->last.wall_at) - (now->boot_us - daemon->last.boot_us);
    int64_t asleep_us =
        (now->boot_us - daemon->last.boot_us) - (now->mono_us - daemon->last.mono_us);

    daemon->last = *now;
    if (asleep_us > SUSPEND_US) {
        log_event(LEVEL_WARN, "suspended", "for_ms=%" PRId64, asleep_us / US_PER_MS);
        service->jump_until_at = now->wall_at;
        service->jump_reason = DETAIL_SUSPENDED;
        daemon_alerts_wake(daemon, now->wall_at);
    }
    if (step_us > STEP_US || step_us < -STEP_US) {
        log_event(LEVEL_WARN, "clock", "step_ms=%" PRId64, step_us / US_PER_MS);
        service->jump_until_at = step_us > 0 ? now->wall_at : AT_NONE;
        service->jump_reason = DETAIL_CLOCK;
        roster_each(daemon->roster, on_step_of, &step_us);
        daemon_alerts_step(daemon, step_us);
    }
}

static void watch_writer(struct daemon *daemon, const struct loop_time *now)
{
    struct err why = {0};

    switch (writer_state(daemon->service.writer, &why)) {
    case WRITER_OK:
        if (daemon->service.is_disk_full)
            log_event(LEVEL_INFO, "disk", "state=free");
        daemon->service.is_disk_full = false;
        break;
    case WRITER_DISK_FULL:
        if (!daemon->service.is_disk_full)
            log_event(LEVEL_ERROR, "disk", "state=full reason=\"%s\"", why.text);
        daemon->service.is_disk_full = true;
        daemon->service.disk_full_at = now->wall_at;
        if (daemon->service.is_once) { /* a timer that starts it must not find it waiting still */
            daemon->service.failures++;
            loop_stop(daemon->service.loop);
        }
        break;
    case WRITER_BROKEN:
        if (!daemon->is_broken)
            log_event(LEVEL_ERROR, "store", "reason=\"%s\"", why.text);
        daemon->is_broken = true;
        loop_stop(daemon->service.loop);
        break;
    }
}

bool daemon_is_healthy(const struct daemon *daemon, struct err *why)
{
    int64_t waits_ms = writer_waits_ms(daemon->service.writer);

    if (writer_state(daemon->service.writer, why) != WRITER_OK)
        return false;
    if (waits_ms < COMMIT_LATE_MS)
        return true;
    err_set(why, ERR_IO, "a commit has waited for %" PRId64 " s", waits_ms / 1000);
    return false;
}

static struct loop_time run_due(struct daemon *daemon, struct loop_time now)
{
    struct service *service = &daemon->service;
    int64_t begun_us = now.mono_us;
    struct heap_node *top;

    while ((top = heap_top(&service->due)) && top->key <= now.wall_at &&
           now.mono_us - begun_us < TURN_BUDGET_US) {
        poll_on_due(CONTAINER_OF(top, struct poll, due), &now);
        now = loop_now(service->loop);
    }
    return now;
}

static struct loop_time run_hosts(struct daemon *daemon, struct loop_time now)
{
    struct service *service = &daemon->service;
    int64_t begun_us = now.mono_us;
    struct host_waiter *waiter;
    unsigned started = 0;

    while (started++ < TURN_STARTS && now.mono_us - begun_us < TURN_BUDGET_US &&
           (waiter = hosts_next(service->hosts, now.mono_us,
                                transfers_resolving(service->transfers) < RESOLVING_MAX))) {
        poll_on_room(CONTAINER_OF(waiter, struct poll, waiter), &now);
        now = loop_now(service->loop);
    }
    return now;
}

static void set_pump(struct daemon *daemon, const struct loop_time *now)
{
    struct service *service = &daemon->service;
    struct heap_node *top = heap_top(&service->due);
    int64_t sleep_us = writer_is_idle(service->writer) ? SLEEP_MAX_US : WATCH_US;
    int64_t host_us = hosts_next_us(service->hosts);

    /* Nobody tells when a look-up ends: whoever waits for room for one is looked after here. */
    if (hosts_waiting(service->hosts) > 0 &&
        transfers_resolving(service->transfers) >= RESOLVING_MAX)
        sleep_us = RESOLVE_LOOK_US;
    if (top && top->key - now->wall_at < sleep_us)
        sleep_us = top->key - now->wall_at;
    if (host_us != INT64_MAX && host_us - now->mono_us < sleep_us)
        sleep_us = host_us - now->mono_us;
    alarm_set(service->pump, now->mono_us + sleep_us);
}

static void count_unfinished(void *cookie, struct poll *poll)
{
    if (poll_is_busy(poll))
        ++*(size_t *)cookie;
}

static void count_undone(void *cookie, struct poll *poll)
{
    if (!poll_is_done(poll))
        ++*(size_t *)cookie;
}

/* Nothing is left to do: --once is through, or the service may end. */
static bool is_over(struct daemon *daemon)
{
    size_t left = 0;

    if (!daemon->service.is_stopping && !daemon->service.is_once)
        return false;
    roster_each(daemon->roster, daemon->service.is_stopping ? count_unfinished : count_undone,
                &left);
    return left == 0 && !daemon_alerts_are_busy(daemon) && writer_is_idle(daemon->service.writer);
}

void daemon_on_pump(void *cookie)
{
    struct daemon *daemon = cookie;
    struct loop_time now = loop_now(daemon->service.loop);

    watch_clocks(daemon, &now);
    watch_writer(daemon, &now);
    daemon_alerts_room(daemon, &now);
    now = run_due(daemon, now);
    now = run_hosts(daemon, now);
    set_pump(daemon, &now);
    if (is_over(daemon)) {
        if (daemon->service.is_once)
            log_event(LEVEL_INFO, "polled", "feeds=%zu failed=%u", roster_count(daemon->roster),
                      daemon->service.failures);
        loop_stop(daemon->service.loop);
    }
}

void daemon_on_committed(void *cookie)
{
    struct daemon *daemon = cookie;
    struct list committed = {0};
    struct list_link *link;

    writer_collect(daemon->service.writer, &committed);
    while ((link = list_take(&committed))) {
        struct record *record = CONTAINER_OF(link, struct record, link);

        roster_on_committed(daemon->roster, record);
        daemon_alerts_on_committed(daemon, record);
        record_free(record);
    }
    daemon_alerts_soon(daemon);
    service_pump_soon(&daemon->service);
}

void daemon_append_run(struct daemon *daemon, int64_t alive_at, int64_t ended_at)
{
    struct record *record = record_new(RECORD_RUN, 0);

    if (!record)
        return;
    record->at = daemon->started_at;
    record->alive_at = alive_at;
    record->ended_at = ended_at;
    record->text = strdup(POLLARD_VERSION);
    writer_append(daemon->service.writer, record, NULL);
}

static void flush_one(void *cookie, struct poll *poll)
{
    poll_flush(poll, cookie);
}

void daemon_on_tick(void *cookie)
{
    struct daemon *daemon = cookie;
    struct loop_time now = loop_now(daemon->service.loop);

    alarm_set(daemon->tick, now.mono_us + DAEMON_TICK_US);
    log_flush();
    daemon_page_go_on(daemon);
    daemon_alerts_minute(daemon, &now);
    /* While disk or store is full runs of missed slots are kept together: neither the queue nor the
     * store must grow. */
    if (daemon->service.is_disk_full)
        return;
    if (!daemon->service.is_store_full)
        roster_each(daemon->roster, flush_one, &now);
    recall_go_on(daemon->recall);
    daemon_append_run(daemon, now.wall_at, AT_NONE);
}

static void stop_one(void *cookie, struct poll *poll)
{
    struct daemon *daemon = cookie;
    struct loop_time now = loop_now(daemon->service.loop);

    poll_stop(poll, daemon->is_final, &now);
}

void daemon_on_end(void *cookie)
{
    struct daemon *daemon = cookie;
    int64_t now_us = loop_now(daemon->service.loop).mono_us;

    if (!daemon->service.is_stopping) {
        daemon_stop(daemon); /* --for is over */
    } else if (!daemon->is_final) {
        daemon->is_final = true;
        roster_each(daemon->roster, stop_one, daemon);
        alarm_set(daemon->end, now_us + LAST_US);
    } else {
        loop_stop(daemon->service.loop);
    }
}

void daemon_stop(struct daemon *daemon)
{
    if (daemon->service.is_stopping)
        return;
    log_event(LEVEL_INFO, "stopping", "in_flight=%u",
              transfers_in_flight(daemon->service.transfers));
    daemon->service.is_stopping = true;
    upkeep_stop(daemon->upkeep);
    service_manager_stopping(daemon->manager);
    daemon_alerts_stop(daemon);
    roster_each(daemon->roster, stop_one, daemon);
    alarm_set(daemon->end, loop_now(daemon->service.loop).mono_us + GRACE_US);
    service_pump_soon(&daemon->service);
}
