#include "scheduler/daemon_status.h"

#include <ctype.h>

#include "scheduler/daemon_parts.h"
#include "scheduler/outputs/metrics.h"

enum { STATE_MAX = 16 };

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
    return "ok";
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

static int write_feed(struct buf *out, const struct poll *poll, int64_t now_at, bool is_first)
{
    struct feed_view view;
    char state[STATE_MAX];

    view_feed(poll, &view);
    lower(poll_state_name(poll->state), state);
    view.state = state;
    view.next_slot_at = account_next_slot(&poll->account);
    return status_feed(out, &view, now_at, is_first);
}

int daemon_write_status(struct daemon *daemon, struct buf *out)
{
    struct service_view view;
    bool is_first = true;

    view_service(daemon, &view);
    if (status_begin(out, &view))
        return -1;
    for (size_t i = 0; i < daemon->set->count; i++) {
        const struct poll *poll = roster_find(daemon->roster, daemon->set->feeds[i]->name);

        if (!poll)
            continue;
        if (write_feed(out, poll, view.now_at, is_first))
            return -1;
        is_first = false;
    }
    return status_alerts(out) || status_end(out, &view) ? -1 : 0;
}

static int write_samples(const struct daemon *daemon, struct buf *out, size_t number,
                         int64_t now_at)
{
    for (size_t i = 0; i < daemon->set->count; i++) {
        const struct poll *poll = roster_find(daemon->roster, daemon->set->feeds[i]->name);
        struct feed_view view;

        if (!poll)
            continue;
        view_feed(poll, &view);
        if (metrics_feed(out, number, &view, now_at))
            return -1;
    }
    return 0;
}

int daemon_write_metrics(struct daemon *daemon, struct buf *out)
{
    struct metrics_view view = {.feeds = (int64_t)roster_count(daemon->roster),
                                .resolving = transfers_resolving(daemon->service.transfers),
                                .measures = daemon->service.measures,
                                .is_loaded = daemon->is_loaded,
                                .loaded_at = daemon->loaded_at};

    view_service(daemon, &view.service);
    view.loop_gap_max_us = view.service.loop_gap_max_ms * US_PER_MS;
    writer_look(daemon->service.writer, &view.writer);
    process_look(&view.process);
    for (size_t i = 0; i < metrics_count(); i++) {
        if (metrics_head(out, i) ||
            (metrics_is_of_feeds(i) ? write_samples(daemon, out, i, view.service.now_at)
                                    : metrics_service(out, i, &view)))
            return -1;
    }
    return 0;
}
