#include "scheduler/daemon_alerts.h"

#include <stdlib.h>

#include "base/log.h"
#include "scheduler/daemon_alerts_parts.h"
#include "scheduler/outputs/alert_words.h"

#define STOP_GRACE_US (INT64_C(5) * US_PER_SECOND / 2)
#define AGAIN_US      (US_PER_SECOND / 10) /* between two looks at what to tell */

enum { LOG_ITEMS_MAX = 5 }; /* of a message, told one by one in the log */

static const char note_name[] = "alerts";

static int64_t wall_now(const struct daemon *daemon)
{
    return loop_now(daemon->service.loop).wall_at;
}

/* What survives a restart. One note at a time, and none while the disk is full: the service would
 * wait for it at its end. */
static void write_note(struct daemon *daemon)
{
    struct daemon_alerts *parts = daemon->alerts;
    struct record *record = NULL;
    struct buf text;

    if (parts->is_noting || !alerts_is_news(parts->alerts) ||
        writer_state(daemon->service.writer, NULL) != WRITER_OK)
        return;
    buf_init(&text, NOTE_TEXT_MAX);
    alerts_write(parts->alerts, &text); /* what does not fit is forgotten */
    if (buf_text(&text))
        record = record_new_note(note_name, buf_text(&text));
    buf_release(&text);
    if (!record)
        return;
    parts->is_noting = writer_append(daemon->service.writer, record, NULL) == 0;
}

static void read_note(struct daemon *daemon)
{
    struct err err = {0};
    struct buf text;

    buf_init(&text, NOTE_TEXT_MAX);
    if (store_note(daemon->store, note_name, &text, &err) < 0)
        log_event(LEVEL_WARN, "alerts", "reason=\"%s\"", err.text);
    else if (text.length > 0 && buf_text(&text))
        alerts_read(daemon->alerts->alerts, buf_text(&text), wall_now(daemon));
    buf_release(&text);
}

/* The deciders want to know whether most feeds fail before they tell of single ones. */
static void count_crowd(void *cookie, struct poll *poll)
{
    struct alert_crowd *crowd = cookie;

    if (poll->feed->alert.failures == 0 || poll->state == POLL_RETIRED)
        return;
    crowd->feeds++;
    crowd->bad += poll->alert.bad > 0;
    crowd->failing += alert_watch_is_bad(&poll->alert, poll->feed);
}

static void look_at_crowd(struct daemon *daemon, int64_t now_at)
{
    struct alert_crowd crowd = {0, 0, 0};

    roster_each(daemon->roster, count_crowd, &crowd);
    alerts_note_crowd(daemon->alerts->alerts, &crowd, now_at);
}

static void log_item(const struct alert_item *item)
{
    char sentence[ALERT_REASONED_MAX], text[LOG_VALUE_MAX], key[LOG_VALUE_MAX];

    alert_sentence_why(item, sentence);
    log_event(item->event == ALERT_CLOSE ? LEVEL_INFO : LEVEL_WARN, "alert",
              "event=%s key=%s text=%s", alert_event_name(item->event), log_value(item->key, key),
              log_value(sentence, text));
}

static void log_message(const struct alert_message *message)
{
    size_t logged = message->count < LOG_ITEMS_MAX ? message->count : LOG_ITEMS_MAX;

    for (size_t i = 0; i < logged; i++)
        log_item(message->items + i);
    if (message->count + message->more > logged)
        log_event(LEVEL_WARN, "alert", "event=%s more=%zu", alert_event_name(message->event),
                  message->count + message->more - logged);
}

static void set_alarm(struct daemon *daemon)
{
    struct daemon_alerts *parts = daemon->alerts;
    struct loop_time now = loop_now(daemon->service.loop);
    int64_t next_at = alerts_next_at(parts->alerts, now.wall_at), next_us;

    if (next_at == AT_NEVER || parts->is_stopping) {
        alarm_clear(parts->alarm);
        return;
    }
    /* Counted from the last look, not from now: commits that come all the time must not put it off
     * for ever. */
    next_us = now.mono_us + (next_at - now.wall_at);
    if (next_us < parts->looked_us + AGAIN_US)
        next_us = parts->looked_us + AGAIN_US;
    alarm_set(parts->alarm, next_us);
}

static void tell(struct daemon *daemon)
{
    struct daemon_alerts *parts = daemon->alerts;
    struct alert_message *message;
    int64_t now_at = wall_now(daemon);

    while (alerts_next(parts->alerts, now_at, &message) == 1) {
        uint64_t number = message->number;

        log_message(message);
        if (!outbox_put(parts->outbox, message))
            alerts_told(parts->alerts, number, now_at); /* the log has it, and the page */
    }
}

static void on_alarm(void *cookie)
{
    struct daemon *daemon = cookie;

    if (daemon->alerts->is_stopping)
        return;
    daemon->alerts->looked_us = loop_now(daemon->service.loop).mono_us;
    look_at_crowd(daemon, wall_now(daemon));
    tell(daemon);
    write_note(daemon);
    set_alarm(daemon);
}

static void on_settled(void *cookie, uint64_t number)
{
    struct daemon *daemon = cookie;

    alerts_told(daemon->alerts->alerts, number, wall_now(daemon));
    write_note(daemon);
    set_alarm(daemon);
}

static bool is_well(void *cookie)
{
    const struct daemon *daemon = cookie;

    return daemon_is_healthy(daemon, NULL);
}

static void on_stop(void *cookie)
{
    struct daemon *daemon = cookie;

    outbox_stop(daemon->alerts->outbox, true);
    heartbeat_stop(daemon->alerts->heartbeat, true);
    service_pump_soon(&daemon->service);
}

static int make_parts(struct daemon *daemon, struct daemon_alerts *parts, struct err *err)
{
    const struct courier_options options = {.timeout_ms = ALERT_POST_TIMEOUT_MS};
    struct loop *loop = daemon->service.loop;
    struct alert_post post = {.loop = loop,
                              .transfers = daemon->service.transfers,
                              .settings = &daemon->set->service.alerts,
                              .secrets = daemon->set->secrets};

    alert_post_name_host(&post);
    if (courier_new(&parts->courier, loop, &options, err) != 0)
        return -1;
    post.courier = parts->courier;
    parts->alerts = alerts_new(loop_now(loop).wall_at);
    parts->outbox = outbox_new(&post, on_settled, daemon);
    parts->heartbeat = heartbeat_new(&post, is_well, daemon);
    parts->alarm = alarm_new(loop, on_alarm, daemon);
    parts->stop = alarm_new(loop, on_stop, daemon);
    if (!parts->alerts || !parts->outbox || !parts->heartbeat || !parts->alarm || !parts->stop)
        return err_memory(err);
    return 0;
}

int daemon_alerts_new(struct daemon *daemon, struct err *err)
{
    if (daemon->service.is_once)
        return 0;
    daemon->alerts = calloc(1, sizeof *daemon->alerts);
    if (!daemon->alerts)
        return err_memory(err);
    if (make_parts(daemon, daemon->alerts, err) != 0)
        return -1;
    daemon->service.alerts = daemon->alerts->alerts;
    read_note(daemon);
    return 0;
}

void daemon_alerts_free(struct daemon *daemon)
{
    struct daemon_alerts *parts = daemon->alerts;

    if (!parts)
        return;
    courier_free(parts->courier); /* a letter under way is not answered after this */
    outbox_free(parts->outbox);
    heartbeat_free(parts->heartbeat);
    alarm_free(parts->alarm);
    alarm_free(parts->stop);
    alerts_free(parts->alerts);
    free(parts);
    daemon->alerts = NULL;
    daemon->service.alerts = NULL;
}

void daemon_alerts_load(struct daemon *daemon)
{
    struct daemon_alerts *parts = daemon->alerts;
    const struct alerts_settings *settings = &daemon->set->service.alerts;

    if (!parts)
        return;
    outbox_use(parts->outbox, settings, daemon->set->secrets);
    heartbeat_use(parts->heartbeat, settings, daemon->set->secrets);
    alerts_note_config(parts->alerts, daemon->set, wall_now(daemon));
    daemon_alerts_soon(daemon);
}

static void look_at_feed(void *cookie, struct poll *poll)
{
    const struct loop_time *now = cookie;
    const struct service *service = poll->service;
    const struct feed *feed = poll->feed;
    const struct plan *plan = &poll->account.plan;
    int64_t slot_at = AT_NONE;
    bool may_poll = false;

    if (poll->state == POLL_WAITING && !heap_holds(&poll->due)) {
        alerts_end_feed(service->alerts, feed->name, "the feed is over", now->wall_at);
        return;
    }
    if ((feed->alert.stale_ms == 0 && feed->alert.unchanged_ms == 0) || poll->is_leaving)
        return;
    if (!service->is_disk_full && !service->is_store_full)
        may_poll = plan_is_open(plan, now->wall_at);
    if (may_poll && alert_watch_is_overdue(&poll->alert, feed, now->wall_at))
        slot_at = plan_slot_until(plan, now->wall_at - US_PER_MINUTE);
    alerts_note_minute(service->alerts, &poll->alert, feed, may_poll, slot_at, now->wall_at);
}

static void look_at_space(struct daemon *daemon, int64_t now_at)
{
    const struct service_settings *settings = &daemon->set->service;
    struct alert_space space = {.free_bytes = -1,
                                .reserve_bytes = settings->disk_reserve_bytes,
                                .limit_bytes = settings->store_limit_bytes,
                                .is_disk_full = daemon->service.is_disk_full,
                                .is_store_full = daemon->service.is_store_full};
    struct store_space found;

    if (store_space(daemon->store, &found, NULL) == 0) {
        space.free_bytes = found.free_bytes;
        space.used_bytes = (int64_t)found.used_bytes;
    }
    for (size_t i = 0; i < daemon->set->count && !space.can_prune; i++)
        space.can_prune = daemon->set->feeds[i]->keep_ms > 0;
    alerts_note_space(daemon->alerts->alerts, &space, now_at);
}

void daemon_alerts_minute(struct daemon *daemon, const struct loop_time *now)
{
    struct loop_time copy = *now;

    if (!daemon->alerts || daemon->service.is_stopping)
        return;
    roster_each(daemon->roster, look_at_feed, &copy);
    look_at_crowd(daemon, now->wall_at);
    look_at_space(daemon, now->wall_at);
    write_note(daemon);
    set_alarm(daemon);
}

void daemon_alerts_room(struct daemon *daemon, const struct loop_time *now)
{
    const struct service *service = &daemon->service;
    bool is_full = service->is_disk_full || service->is_store_full;

    if (!daemon->alerts || service->is_stopping || is_full == daemon->alerts->is_full)
        return;
    daemon->alerts->is_full = is_full;
    look_at_space(daemon, now->wall_at);
    set_alarm(daemon);
}

void daemon_alerts_soon(struct daemon *daemon)
{
    if (daemon->alerts && !daemon->service.is_stopping)
        set_alarm(daemon);
}

void daemon_alerts_on_committed(struct daemon *daemon, const struct record *record)
{
    if (!daemon->alerts || record->kind != RECORD_NOTE || record->name != note_name)
        return;
    daemon->alerts->is_noting = false;
    write_note(daemon); /* what has changed meanwhile */
}

static void step_one(void *cookie, struct poll *poll)
{
    alert_watch_step(&poll->alert, *(const int64_t *)cookie);
}

void daemon_alerts_step(struct daemon *daemon, int64_t step_us)
{
    if (!daemon->alerts)
        return;
    roster_each(daemon->roster, step_one, &step_us);
    alerts_step(daemon->alerts->alerts, step_us);
    daemon_alerts_soon(daemon);
}

static void wake_one(void *cookie, struct poll *poll)
{
    alert_watch_wake(&poll->alert, *(const int64_t *)cookie);
}

void daemon_alerts_wake(struct daemon *daemon, int64_t now_at)
{
    if (daemon->alerts)
        roster_each(daemon->roster, wake_one, &now_at);
}

void daemon_alerts_stop(struct daemon *daemon)
{
    struct daemon_alerts *parts = daemon->alerts;

    if (!parts)
        return;
    parts->is_stopping = true;
    alarm_clear(parts->alarm);
    outbox_stop(parts->outbox, false);
    heartbeat_stop(parts->heartbeat, false);
    alarm_set(parts->stop, loop_now(daemon->service.loop).mono_us + STOP_GRACE_US);
}

bool daemon_alerts_are_busy(const struct daemon *daemon)
{
    const struct daemon_alerts *parts = daemon->alerts;

    return parts && (outbox_is_busy(parts->outbox) || heartbeat_is_busy(parts->heartbeat));
}
