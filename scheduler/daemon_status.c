#include "scheduler/daemon_status.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/daemon_parts.h"
#include "scheduler/outputs/metrics.h"

enum { STATE_MAX = 16, SLICE_BYTES = 128 * 1024 };

struct daemon_report {
    struct daemon *daemon;
    enum daemon_report_kind kind;
    struct metrics_view view;  /* as it was at the beginning */
    size_t metric;             /* METRICS: the one being written */
    bool has_begun, has_feeds; /* what stands before the feeds is written; some feed is */
    char name[FEED_NAME_MAX];  /* of the last feed written; "": none yet */
};

static const char *store_state(const struct daemon *daemon)
{
    switch (writer_state(daemon->service.writer, NULL)) {
    case WRITER_OK:
        break;
    case WRITER_DISK_FULL:
        return "disk_full";
    case WRITER_BROKEN:
        return "broken";
    }
    return daemon->service.is_store_full ? "store_full" : "ok";
}

static void view_store(const struct daemon *daemon, struct store_view *view)
{
    struct store_space space;

    *view = (struct store_view){.path = daemon->options.store_dir,
                                .state = store_state(daemon),
                                .free_bytes = -1,
                                .commit_ms = writer_commit_ms(daemon->service.writer)};
    if (store_space(daemon->store, &space, NULL) != 0)
        return;
    view->used_bytes = (int64_t)space.used_bytes;
    view->file_bytes = (int64_t)space.file_bytes;
    view->free_bytes = space.free_bytes;
}

static void view_service(const struct daemon *daemon, struct service_view *view)
{
    const struct service *service = &daemon->service;

    *view = (struct service_view){.version = POLLARD_VERSION,
                                  .started_at = daemon->started_at,
                                  .now_at = loop_now(service->loop).wall_at,
                                  .loop_gap_max_ms = loop_gap_max_ms(service->loop),
                                  .in_flight = hosts_in_flight(service->hosts),
                                  .waiting = hosts_waiting(service->hosts),
                                  .reloads = daemon->reloads,
                                  .broken_reloads = daemon->broken_reloads,
                                  .alert_count = daemon_alerts_count(daemon),
                                  .mistakes = daemon->set->mistakes,
                                  .mistake_count = (int64_t)daemon->set->mistake_count};
    view_store(daemon, &view->store);
}

static void view_feed(const struct poll *poll, struct feed_view *view)
{
    const struct health *health = &poll->health;
    int64_t interval_ms = poll->feed->schedule.interval_ms;

    *view = (struct feed_view){
        .name = poll->feed->name,
        .host = host_name(poll->host),
        .timezone = zone_name(poll->feed->schedule.zone),
        .interval_us = interval_ms > 0 ? interval_ms * US_PER_MS : AT_NONE,
        .health = health,
        .failures = poll->failures > health->failures ? poll->failures : health->failures,
    };
}

static void lower(const char *text, char out[STATE_MAX])
{
    size_t i = 0;

    for (; text[i] && i < STATE_MAX - 1; i++)
        out[i] = (char)tolower((unsigned char)text[i]);
    out[i] = '\0';
}

static int write_feed(const struct daemon_report *report, const struct poll *poll, struct buf *out)
{
    struct feed_view view;
    char state[STATE_MAX], alert[DAEMON_ALERT_TEXT_MAX];

    view_feed(poll, &view);
    lower(poll_state_name(poll->state), state);
    view.state = state;
    view.next_slot_at = account_next_slot(&poll->account);
    view.alert = daemon_alert_of(report->daemon, poll, alert);
    return status_feed(out, &view, report->view.service.now_at, !report->has_feeds);
}

/* The first feed of the set whose name comes after `name`. */
static size_t place_after(const struct feed_set *set, const char *name)
{
    size_t from = 0, to = set->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (strcmp(set->feeds[middle]->name, name) <= 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static int report_feed(struct daemon_report *report, const struct poll *poll, struct buf *out)
{
    struct feed_view view;
    int failed;

    if (report->kind == DAEMON_STATUS) {
        failed = write_feed(report, poll, out);
        report->has_feeds = true;
    } else {
        view_feed(poll, &view);
        failed = metrics_feed(out, report->metric, &view, report->view.service.now_at);
    }
    return failed ? -1 : 0;
}

/* 1: more of them are left; 0: that were all. */
static int report_feeds(struct daemon_report *report, struct buf *out)
{
    const struct feed_set *set = report->daemon->set;
    size_t end = out->length + SLICE_BYTES;
    size_t place = place_after(set, report->name);

    for (; place < set->count; place++) {
        const char *name = set->feeds[place]->name;
        const struct poll *poll = roster_find(report->daemon->roster, name);

        if (out->length >= end)
            return 1;
        snprintf(report->name, sizeof report->name, "%s", name);
        if (poll && report_feed(report, poll, out))
            return -1;
    }
    report->name[0] = '\0';
    return 0;
}

struct alert_list {
    struct buf *out;
    bool has_any;
};

static int write_alert(void *cookie, const struct alert_view *alert)
{
    struct alert_list *list = cookie;
    bool is_first = !list->has_any;

    list->has_any = true;
    return status_alert(list->out, alert, is_first);
}

static int more_status(struct daemon_report *report, struct buf *out)
{
    const struct daemon *daemon = report->daemon;
    struct service_view *view = &report->view.service;
    struct alert_list list = {.out = out};
    int more;

    if (!report->has_begun && status_begin(out, view))
        return -1;
    report->has_begun = true;
    more = report_feeds(report, out);
    if (more != 0)
        return more;
    view->mistakes = daemon->set->mistakes; /* the set may be another now */
    view->mistake_count = (int64_t)daemon->set->mistake_count;
    if (status_alerts(out) || daemon_alerts_each(daemon, write_alert, &list))
        return -1;
    return status_end(out, view);
}

static int more_metrics(struct daemon_report *report, struct buf *out)
{
    size_t end = out->length + SLICE_BYTES;

    for (; report->metric < metrics_count(); report->metric++) {
        int more = 0;

        if (out->length >= end)
            return 1;
        if (!report->has_begun && metrics_head(out, report->metric))
            return -1;
        report->has_begun = true;
        if (metrics_is_of_feeds(report->metric))
            more = report_feeds(report, out);
        else if (metrics_service(out, report->metric, &report->view))
            more = -1;
        if (more != 0)
            return more;
        report->has_begun = false;
    }
    return 0;
}

struct daemon_report *daemon_report_new(struct daemon *daemon, enum daemon_report_kind kind)
{
    struct daemon_report *report = calloc(1, sizeof *report);
    struct metrics_view *view = report ? &report->view : NULL;

    if (!report)
        return NULL;
    report->daemon = daemon;
    report->kind = kind;
    view_service(daemon, &view->service);
    if (kind == DAEMON_STATUS)
        return report;
    view->feeds = (int64_t)roster_count(daemon->roster);
    view->resolving = transfers_resolving(daemon->service.transfers);
    view->loop_gap_max_us = view->service.loop_gap_max_ms * US_PER_MS;
    view->measures = daemon->service.measures;
    view->is_loaded = daemon->is_loaded;
    view->loaded_at = daemon->loaded_at;
    writer_look(daemon->service.writer, &view->writer);
    process_look(&view->process);
    return report;
}

void daemon_report_free(struct daemon_report *report)
{
    free(report);
}

int daemon_report_more(struct daemon_report *report, struct buf *out)
{
    return report->kind == DAEMON_STATUS ? more_status(report, out) : more_metrics(report, out);
}

int daemon_write_status(struct daemon *daemon, struct buf *out)
{
    struct daemon_report *report = daemon_report_new(daemon, DAEMON_STATUS);
    int more = report ? 1 : -1;

    while (more > 0)
        more = daemon_report_more(report, out);
    daemon_report_free(report);
    return more;
}
