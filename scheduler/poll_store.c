/* From a verdict to a committed record, and what is learnt from it: the part that keeps. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "feeds/rows.h"
#include "scheduler/poll_parts.h"

/* Looking for the rows path parses the document once more, on the loop; larger bodies are left to
 * the companion, which looks by itself when the store has no path. */
enum { ROWS_LOOK_MAX = 1024 * 1024, ROWS_PATH_MAX = 16 * 1024 };

enum { GRACE_MAX_US = 100 * 1000 };
enum { JUMP_US = 100 * 1000 }; /* the wall clock this far ahead of the other: it was set */

/* Copies a text of the response into the record; the pointers are set when all are in. */
struct kept_text {
    struct text *text;
    const char *bytes;
    size_t length;
};

static void keep_texts(struct record *record, struct kept_text *kept, size_t count)
{
    size_t place = record->texts.length;

    for (size_t i = 0; i < count; i++) {
        if (kept[i].length > POLL_TEXT_MAX)
            kept[i].length = POLL_TEXT_MAX;
        if (buf_append(&record->texts, kept[i].bytes, kept[i].length) != 0)
            kept[i].length = 0;
    }
    for (size_t i = 0; i < count; i++) {
        kept[i].text->bytes = kept[i].length ? record->texts.bytes + place : NULL;
        kept[i].text->length = (uint32_t)kept[i].length;
        place += kept[i].length;
    }
}

static void keep_response(struct record *record, const struct response *response)
{
    struct poll_record *poll = &record->poll;
    bool is_failed = poll->outcome == OUTCOME_FAILED;
    struct kept_text kept[] = {
        {&poll->etag, response->etag, strlen(response->etag)},
        {&poll->last_modified, response->last_modified, strlen(response->last_modified)},
        {&poll->content_type, response->content_type, strlen(response->content_type)},
        {&poll->server_date, response->date, strlen(response->date)},
        {&poll->remote_address, response->remote_address, strlen(response->remote_address)},
        {&poll->error_body, response->body.bytes, is_failed ? response->body.length : 0},
    };

    poll->status = response->status;
    poll->wire_bytes = response->wire_bytes;
    poll->body_bytes = response->body.length;
    keep_texts(record, kept, sizeof kept / sizeof *kept);
}

static void keep_answer(struct poll *poll, struct poll_record *kept)
{
    const struct attempt *attempt = &poll->attempt;
    const struct verdict *verdict = &attempt->verdict;

    kept->has_hash = true;
    kept->body_hash = verdict->body_hash;
    kept->url_hash = poll->fetch.url_hash;
    kept->answered_at = attempt->started_at + (attempt->attempt_us - attempt->started_us);
    if (verdict->kind == VERDICT_NEW) {
        kept->outcome = OUTCOME_NEW;
        kept->body_slot_at = attempt->slot_at;
    } else {
        kept->outcome = OUTCOME_SAME;
        kept->body_slot_at = poll->previous.body_slot_at;
    }
    if (verdict->is_invalid)
        kept->flags |= POLL_INVALID;
}

static void fill_record(struct poll *poll, struct record *record, struct response *response,
                        const struct loop_time *now)
{
    struct attempt *attempt = &poll->attempt;
    struct poll_record *kept = &record->poll;

    if (attempt->count == 0) { /* it could not even be asked */
        attempt->started_at = now->wall_at;
        attempt->started_us = now->mono_us;
    }
    kept->slot_at = attempt->slot_at;
    kept->definition = poll->definition;
    kept->flags = attempt->flags;
    kept->attempts = attempt->count;
    kept->started_at = attempt->started_at;
    kept->ended_at = attempt->started_at + (now->mono_us - attempt->started_us);
    if (attempt->verdict.kind == VERDICT_NEW || attempt->verdict.kind == VERDICT_SAME) {
        keep_answer(poll, kept);
    } else {
        kept->outcome = OUTCOME_FAILED;
        kept->detail = attempt->verdict.detail;
        if (attempt->verdict.asked_ms >= 0)
            kept->retry_after_at = kept->ended_at + attempt->verdict.asked_ms * US_PER_MS;
    }
    kept->status = attempt->status;
    if (response)
        keep_response(record, response);
    if (attempt->verdict.kind == VERDICT_SAME && kept->status == 304)
        kept->body_bytes = poll->previous.body_bytes;
    if (kept->outcome == OUTCOME_NEW || (kept->outcome == OUTCOME_SAME && kept->status != 304))
        record->body = buf_take(&response->body, &record->body_length);
}

/* Most bodies without rows are told by their brackets, for a tenth of the price of reading them. */
static bool may_have_rows(const struct buf *body)
{
    const char *at = body->bytes, *end = at + body->length;

    while (at < end && (at = memchr(at, '[', (size_t)(end - at)))) {
        at++;
        while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
            at++;
        if (at < end && *at == '{')
            return true;
    }
    return false;
}

/* What the first valid bodies show of the feed: its format, and where its rows are. */
static void note_shape(struct poll *poll, const struct response *response)
{
    const struct feed *feed = poll->feed;
    enum feed_format format = fetch_shape(&poll->fetch, response);
    bool is_json = format == FORMAT_JSON;
    bool has_news = poll->shape == FORMAT_AUTO && format != FORMAT_AUTO;
    struct record *record;
    struct buf path;

    buf_init(&path, ROWS_PATH_MAX);
    if (is_json && !feed->rows && !poll->has_rows_path && response->body.length <= ROWS_LOOK_MAX &&
        may_have_rows(&response->body) &&
        rows_find_path(response->body.bytes, response->body.length, &path, NULL) == 0)
        poll->has_rows_path = has_news = true;
    record = has_news ? record_new(RECORD_SHAPE, poll->feed_id) : NULL;
    if (record) {
        size_t length;

        poll->shape = format;
        record->url_epoch = poll->url_epoch;
        record->format = (uint8_t)format;
        record->text = poll->has_rows_path && buf_append_char(&path, '\0') == 0
                           ? buf_take(&path, &length)
                           : NULL;
        poll_append(poll, record);
    }
    buf_release(&path);
}

/* A clock jumped while the slot was in flight: what passed over is on_slot's to judge. The daemon
 * may not have seen the jump yet, so the two clocks of the attempt are compared as well. */
static bool has_jumped(const struct poll *poll, const struct loop_time *now)
{
    const struct attempt *attempt = &poll->attempt;
    int64_t ahead_us = (now->wall_at - attempt->started_at) - (now->mono_us - attempt->started_us);

    return poll->service->jump_until_at > attempt->slot_at || ahead_us > JUMP_US;
}

/* A slot that came just before the last request ended is polled a little late instead of missed: a
 * tenth of the interval, 100 ms at most. */
static int64_t grace_us(const struct poll *poll)
{
    int64_t tenth_us = poll->feed->schedule.interval_ms * US_PER_MS / 10;

    return tenth_us == 0 || tenth_us > GRACE_MAX_US ? GRACE_MAX_US : tenth_us;
}

void poll_finish(struct poll *poll, struct response *response, const struct loop_time *now)
{
    struct attempt *attempt = &poll->attempt;
    struct record *record = record_new(RECORD_POLL, poll->feed_id);
    int64_t latest_at;

    if (!record) {
        poll_pass(poll, DETAIL_BUSY, now);
        return;
    }
    if (attempt->verdict.kind == VERDICT_NEW && !attempt->verdict.is_invalid)
        note_shape(poll, response);
    fill_record(poll, record, response, now);
    if (!poll->service->is_once)
        account_flush(&poll->account, attempt->slot_at - 1);
    if (poll_append(poll, record) != 0) {
        poll_pass(poll,
                  writer_state(poll->service->writer, NULL) == WRITER_DISK_FULL ? DETAIL_DISK
                                                                                : DETAIL_BUSY,
                  now);
        return;
    }
    poll_end_slot(poll);
    if (!poll->service->is_once) {
        account_note(&poll->account, attempt->slot_at);
        poll_note_first(poll, attempt->slot_at);
        latest_at = plan_slot_until(&poll->account.plan, now->wall_at - grace_us(poll));
        if (latest_at > attempt->slot_at && !attempt->is_cut && !has_jumped(poll, now))
            account_skip(&poll->account, latest_at, DETAIL_OVERRUN);
    }
    poll_enter(poll, POLL_STORING, AT_NEVER);
}

static char *copy_text(const struct text *text)
{
    return text->length ? strndup(text->bytes, text->length) : NULL;
}

static void note_previous(struct poll *poll, const struct poll_record *stored)
{
    struct previous *previous = &poll->previous;
    bool is_304 = stored->status == 304;

    previous->has_body = true;
    previous->body_slot_at = stored->body_slot_at;
    previous->body_hash = stored->body_hash;
    previous->body_bytes = stored->body_bytes;
    previous->may_validate = !(stored->flags & POLL_INVALID);
    previous->url_hash = stored->url_hash;
    if (!is_304 || stored->etag.length) {
        free(previous->etag);
        previous->etag = copy_text(&stored->etag);
    }
    if (!is_304 || stored->last_modified.length) {
        free(previous->last_modified);
        previous->last_modified = copy_text(&stored->last_modified);
    }
}

static void note_failure(struct poll *poll, const struct poll_record *stored)
{
    poll->service->failures++;
    if (poll->failures < UINT32_MAX)
        poll->failures++;
    poll->failed_slot_at = stored->slot_at;
    if (stored->retry_after_at != AT_NONE) {
        poll->not_before_at = stored->retry_after_at;
        poll->not_before_reason = DETAIL_RETRY_AFTER;
        poll->asked_ms = poll->attempt.verdict.asked_ms;
    } else {
        poll->not_before_at = plan_backoff_until(poll->feed, poll->failures, stored->slot_at);
        poll->not_before_reason = DETAIL_BACKOFF;
    }
}

/* Slots may have come while the poll was being stored: the latest is polled late, others are
 * missed. */
static void go_on(struct poll *poll, const struct loop_time *now)
{
    int64_t latest_at = plan_slot_until(&poll->account.plan, now->wall_at);

    if (!poll->service->is_once && !has_jumped(poll, now) &&
        latest_at > account_next_slot(&poll->account))
        account_skip(&poll->account, latest_at - 1,
                     poll->service->disk_full_at >= poll->attempt.slot_at ? DETAIL_DISK
                                                                          : DETAIL_BUSY);
    poll_rest(poll, now);
}

/* What the next answer would be compared with was forgotten: it will be new. */
void poll_forget_body(struct poll *poll)
{
    previous_release(&poll->previous);
}

void poll_on_committed(struct poll *poll, const struct record *record)
{
    const struct poll_record *stored = &record->poll;
    struct loop_time now = loop_now(poll->service->loop);

    poll->records--;
    if (record->kind != RECORD_POLL)
        return;
    if (record->was_refused) {
        log_event(LEVEL_WARN, "refused", "feed=%s reason=\"the slot has a poll already\"",
                  poll->feed->name);
    } else {
        health_note(&poll->health, poll->feed->name, stored, poll->attempt.words);
        measures_note_poll(&poll->service->measures, stored);
        if (poll->service->alerts)
            alerts_note_poll(poll->service->alerts, &poll->alert, poll->feed, stored,
                             poll->attempt.words, now.wall_at);
    }
    if (record->has_lost_body)
        poll_forget_body(poll);
    if (stored->outcome == OUTCOME_MISSED && !record->has_lost_body)
        return;
    if (!record->was_refused && stored->outcome == OUTCOME_FAILED)
        note_failure(poll, stored);
    if (!record->was_refused && stored->outcome <= OUTCOME_SAME) {
        note_previous(poll, stored);
        poll->failures = 0;
        poll->not_before_at = AT_NONE;
    }
    if (poll->state == POLL_STORING)
        go_on(poll, &now);
}
