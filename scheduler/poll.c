#include "scheduler/poll_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "feeds/template.h"

enum { URL_MAX = 64 * 1024 };

static const char *const state_names[] = {
#define POLL_STATE_NAME(name, reason) #name,
    POLL_STATES(POLL_STATE_NAME)
#undef POLL_STATE_NAME
};

const char *poll_state_name(enum poll_state state)
{
    return state_names[state];
}

void poll_enter(struct poll *poll, enum poll_state state, int64_t due_at)
{
    if (log_has(LEVEL_DEBUG) && state != poll->state)
        log_event(LEVEL_DEBUG, "poll", "feed=%s from=%s to=%s", poll->feed->name,
                  state_names[poll->state], state_names[state]);
    poll->state = state;
    if (due_at == AT_NEVER)
        heap_remove(&poll->service->due, &poll->due);
    else
        heap_set(&poll->service->due, &poll->due, due_at); /* the roster has reserved its place */
}

static struct plan plan_of(const struct poll *poll, const struct feed *feed)
{
    struct plan plan = {.schedule = &feed->schedule, .end_at = AT_NEVER};

    if (feed->schedule.for_ms > 0 && poll->first_slot_at != AT_NONE)
        plan.end_at = poll->first_slot_at + feed->schedule.for_ms * US_PER_MS;
    return plan;
}

int poll_append(struct poll *poll, struct record *record)
{
    struct err err = {0};

    if (!record) {
        log_event(LEVEL_ERROR, "lost", "feed=%s reason=memory", poll->feed->name);
        return -1;
    }
    record->cookie = poll;
    if (writer_append(poll->service->writer, record, &err) != 0) {
        log_event(LEVEL_WARN, "unstored", "feed=%s reason=\"%s\"", poll->feed->name, err.text);
        return -1;
    }
    poll->records++;
    return 0;
}

void poll_note_first(struct poll *poll, int64_t slot_at)
{
    if (poll->first_slot_at != AT_NONE)
        return;
    poll->first_slot_at = slot_at;
    poll->account.plan = plan_of(poll, poll->feed);
}

static void on_missed(void *cookie, const struct plan_run *run, enum poll_detail reason)
{
    struct poll *poll = cookie;
    struct record *record = record_new(RECORD_POLL, poll->feed_id);

    if (record) {
        record->poll.slot_at = run->first_at;
        record->poll.step_us = run->step_us;
        record->poll.count = run->count;
        record->poll.outcome = OUTCOME_MISSED;
        record->poll.detail = reason;
        record->poll.definition = poll->definition;
    }
    poll_append(poll, record);
    poll_note_first(poll, run->first_at);
}

/* NULL: no memory, or a URL without a host. */
static struct host *join_host(struct service *service, const struct feed *feed, int64_t now_at,
                              struct err *err)
{
    struct host *host = NULL;
    struct buf url;

    buf_init(&url, URL_MAX);
    if (template_expand(feed->url, feed, now_at, NULL, &url, err) != 0)
        goto done;
    if (!buf_text(&url)) {
        err_memory(err);
        goto done;
    }
    host = hosts_join(service->hosts, buf_text(&url), feed->host_gap_ms, feed->host_limit);
    if (!host)
        err_set(err, ERR_INPUT, "the url of feed \"%s\" has no host", feed->name);
done:
    buf_release(&url);
    return host;
}

struct poll *poll_new(struct service *service, struct feed *feed,
                      const struct poll_identity *identity, struct err *err)
{
    struct poll *poll = calloc(1, sizeof *poll);
    struct loop_time now = loop_now(service->loop);

    if (!poll) {
        err_memory(err);
        return NULL;
    }
    poll->host = join_host(service, feed, now.wall_at, err);
    if (!poll->host) {
        free(poll);
        return NULL;
    }
    poll->service = service;
    poll->feed = feed_hold(feed);
    poll->feed_id = identity->feed_id;
    poll->definition = identity->definition;
    poll->url_epoch = identity->url_epoch;
    poll->first_slot_at = identity->first_slot_at;
    poll->shape = identity->shape;
    poll->has_rows_path = identity->has_rows_path;
    poll->not_before_at = poll->changed_at = AT_NONE;
    poll->last_request_us = INT64_MIN;
    poll->account = (struct account){.plan = plan_of(poll, feed),
                                     .accounted_to_at = AT_NONE,
                                     .skipped_to_at = AT_NONE,
                                     .on_missed = on_missed,
                                     .cookie = poll};
    plan_fuse_init(&poll->fuse, feed, now.mono_us);
    poll->certificate_at = AT_NONE;
    health_init(&poll->health);
    alert_watch_init(&poll->alert, now.wall_at, 0, AT_NONE, AT_NONE);
    return poll;
}

void poll_free(struct poll *poll)
{
    if (!poll)
        return;
    poll_end_slot(poll);
    heap_remove(&poll->service->due, &poll->due);
    hosts_leave(poll->service->hosts, poll->host, poll->feed->host_gap_ms, poll->feed->host_limit);
    previous_release(&poll->previous);
    feed_drop(poll->feed);
    feed_drop(poll->successor);
    free(poll);
}

static void resume_failures(struct poll *poll, const struct resume *resume)
{
    poll->failures = resume->failures;
    if (!poll->service->is_once) /* --once tells of every feed that fails */
        poll->health.failures = resume->failures;
    if (resume->failures == 0)
        return;
    poll->failed_slot_at = resume->failed_slot_at;
    if (resume->retry_after_at != AT_NONE) {
        poll->not_before_at = resume->retry_after_at;
        poll->not_before_reason = DETAIL_RETRY_AFTER;
        poll->asked_ms = (resume->retry_after_at - resume->failed_ended_at) / US_PER_MS;
    } else {
        poll->not_before_at =
            plan_backoff_until(poll->feed, resume->failures, resume->failed_slot_at);
        poll->not_before_reason = DETAIL_BACKOFF;
    }
}

void poll_resume(struct poll *poll, const struct resume *resume, const struct loop_time *now)
{
    struct previous *previous = &poll->previous;

    resume_failures(poll, resume);
    alert_watch_init(&poll->alert, now->wall_at, resume->failures, resume->failed_slot_at,
                     resume->has_body ? resume->body_slot_at : AT_NONE);
    if (poll->not_before_reason == DETAIL_RETRY_AFTER && poll->not_before_at > now->wall_at &&
        (resume->failed_status == 429 || resume->failed_status == 503))
        hosts_hold(poll->service->hosts, poll->host, now->mono_us,
                   now->mono_us + (poll->not_before_at - now->wall_at));
    if (!resume->has_body)
        return;
    previous->has_body = true;
    previous->body_slot_at = resume->body_slot_at;
    previous->body_hash = resume->body_hash;
    previous->body_bytes = resume->body_bytes;
    previous->url_hash = resume->url_hash;
    previous->etag = *resume->etag ? strdup(resume->etag) : NULL;
    previous->last_modified = *resume->last_modified ? strdup(resume->last_modified) : NULL;
    previous->may_validate =
        !resume->body_is_invalid && resume->body_definition == poll->definition;
}

void poll_take_over(struct poll *poll, const struct loop_time *now)
{
    struct feed *old = poll->feed, *feed = poll->successor;
    struct plan plan = plan_of(poll, feed);
    struct err err = {0};
    struct host *host = join_host(poll->service, feed, now->wall_at, &err);

    poll->successor = NULL;
    if (!host) {
        log_event(LEVEL_ERROR, "lost", "feed=%s reason=\"%s\"", feed->name, err.text);
        feed_drop(feed);
        return;
    }
    account_change(&poll->account, poll->changed_at, DETAIL_OVERRUN, &plan);
    account_skip(&poll->account, now->wall_at, DETAIL_OVERRUN); /* came while the old one ran */
    hosts_leave(poll->service->hosts, poll->host, old->host_gap_ms, old->host_limit);
    poll->host = host;
    poll->feed = feed;
    poll->definition = poll->next_definition;
    poll->previous.may_validate = false;
    if (poll->url_epoch != poll->next_url_epoch) {
        poll->shape = FORMAT_AUTO;
        poll->has_rows_path = false;
    }
    poll->url_epoch = poll->next_url_epoch;
    poll->failures = 0;
    alert_watch_init(&poll->alert, now->wall_at, 0, AT_NONE, poll->alert.changed_at);
    if (poll->not_before_reason == DETAIL_BACKOFF)
        poll->not_before_at = AT_NONE;
    plan_fuse_init(&poll->fuse, feed, now->mono_us);
    feed_drop(old);
}

void poll_retire(struct poll *poll, const struct loop_time *now)
{
    struct record *record = record_new(RECORD_CLOSE, poll->feed_id);

    account_flush(&poll->account, now->wall_at);
    if (record)
        record->at = now->wall_at;
    poll_append(poll, record);
    poll_enter(poll, POLL_RETIRED, AT_NEVER);
}

void poll_end_slot(struct poll *poll)
{
    hosts_quit(poll->service->hosts, &poll->waiter);
    if (poll->hop_host && poll->hop_host != poll->host)
        hosts_leave(poll->service->hosts, poll->hop_host, poll->feed->host_gap_ms,
                    poll->feed->host_limit);
    poll->hop_host = NULL;
    if (poll->has_fetch)
        fetch_release(&poll->fetch);
    poll->has_fetch = false;
}

void poll_flush(struct poll *poll, const struct loop_time *now)
{
    /* While the disk is full runs of missed slots are kept together: the queue must not grow. */
    if (poll->state != POLL_RETIRED && writer_state(poll->service->writer, NULL) == WRITER_OK)
        account_flush(&poll->account, now->wall_at);
}

void poll_on_step(struct poll *poll, int64_t step_us)
{
    if (poll->not_before_at != AT_NONE)
        poll->not_before_at += step_us;
    if (poll->state == POLL_PAUSING || (poll->state == POLL_WAITING && poll->attempt.is_catch_up))
        heap_set(&poll->service->due, &poll->due, poll->due.key + step_us);
}

bool poll_is_busy(const struct poll *poll)
{
    return poll->state == POLL_FETCHING || poll->state == POLL_STORING || poll->records > 0;
}

bool poll_is_done(const struct poll *poll)
{
    return (poll->state == POLL_WAITING || poll->state == POLL_RETIRED) && poll->records == 0;
}

/* Nothing of the slot is on its way: it can be dropped or ended here. */
static bool is_at_rest(struct poll *poll, const struct loop_time *now)
{
    if (poll->state == POLL_WAITING)
        return true;
    if (poll->state != POLL_QUEUED && poll->state != POLL_PAUSING)
        return false;
    if (poll->attempt.count > 0 && poll->attempt.verdict.kind != VERDICT_REDIRECT) {
        poll_finish(poll, NULL, now);
        return false;
    }
    poll_end_slot(poll);
    return true;
}

void poll_change(struct poll *poll, struct feed *feed, const struct loop_time *now)
{
    feed_drop(poll->successor);
    poll->successor = feed_hold(feed);
    poll->is_leaving = false;
    poll->changed_at = now->wall_at;
    if (is_at_rest(poll, now)) {
        account_skip(&poll->account, now->wall_at,
                     poll->attempt.is_catch_up ? poll->attempt.reason : DETAIL_CONFIG);
        poll_rest(poll, now);
    }
}

void poll_leave(struct poll *poll, const struct loop_time *now)
{
    poll->is_leaving = true;
    if (is_at_rest(poll, now)) {
        account_skip(&poll->account, now->wall_at,
                     poll->attempt.is_catch_up ? poll->attempt.reason : DETAIL_CONFIG);
        poll_rest(poll, now);
    }
}

void poll_stop(struct poll *poll, bool is_final, const struct loop_time *now)
{
    if (poll->state == POLL_FETCHING) {
        if (is_final && poll->transfer)
            transfer_cancel(poll->transfer);
        return;
    }
    if (is_at_rest(poll, now)) {
        /* A slot that only waited is left open: the next start catches it up, or says `down`. */
        account_flush(&poll->account, now->wall_at);
        poll_enter(poll, POLL_WAITING, AT_NEVER);
    }
}
