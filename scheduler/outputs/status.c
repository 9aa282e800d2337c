#include "scheduler/outputs/status.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"

/* Each of these writes `,"key":value`; the first key of an object has no comma in front of it
 * because the bracket is written with it. */
static int put_key(struct buf *out, const char *key)
{
    const char *comma = out->length && strchr("{[", out->bytes[out->length - 1]) ? "" : ",";

    return buf_append_text(out, comma) || buf_append_char(out, '"') || buf_append_text(out, key) ||
           buf_append_text(out, "\":");
}

static int put_text(struct buf *out, const char *key, const char *text)
{
    if (put_key(out, key))
        return -1;
    return text ? json_write_string(out, text, strlen(text)) : buf_append_text(out, "null");
}

static int put_number(struct buf *out, const char *key, int64_t number)
{
    char digits[24], *at = digits + sizeof digits;
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do
        *--at = (char)('0' + left % 10);
    while (left /= 10);
    if (number < 0)
        *--at = '-';
    return put_key(out, key) || buf_append(out, at, (size_t)(digits + sizeof digits - at));
}

static int put_number_or_null(struct buf *out, const char *key, int64_t number, bool is_there)
{
    if (is_there)
        return put_number(out, key, number);
    return put_key(out, key) || buf_append_text(out, "null");
}

static int put_instant(struct buf *out, const char *key, int64_t at)
{
    char text[ZONE_ISO_MAX + 2];
    size_t length;

    if (put_key(out, key))
        return -1;
    if (at == AT_NONE || at == AT_NEVER)
        return buf_append_text(out, "null");
    text[0] = '"';
    length = zone_format_iso(zone_utc(), at, 6, text + 1);
    text[length + 1] = '"';
    return buf_append(out, text, length + 2);
}

static int put_bool(struct buf *out, const char *key, bool is_true)
{
    return put_key(out, key) || buf_append_text(out, is_true ? "true" : "false");
}

static int put_store(struct buf *out, const struct store_view *store)
{
    return put_key(out, "store") || buf_append_char(out, '{') ||
           put_text(out, "path", store->path) || put_number(out, "used_bytes", store->used_bytes) ||
           put_number(out, "file_bytes", store->file_bytes) ||
           put_number_or_null(out, "free_bytes", store->free_bytes, store->free_bytes >= 0) ||
           put_number_or_null(out, "commit_ms", store->commit_ms, store->commit_ms > 0) ||
           put_text(out, "state", store->state) || buf_append_char(out, '}');
}

int status_begin(struct buf *out, const struct service_view *service)
{
    if (buf_append_char(out, '{') || put_text(out, "version", service->version) ||
        put_instant(out, "started", service->started_at) ||
        put_instant(out, "now", service->now_at) ||
        put_number(out, "loop_gap_max_ms", service->loop_gap_max_ms) ||
        put_number(out, "in_flight", service->in_flight) ||
        put_number(out, "waiting", service->waiting) ||
        put_number(out, "reloads", service->reloads) ||
        put_number(out, "broken_reloads", service->broken_reloads) ||
        put_store(out, &service->store) || put_key(out, "feeds") || buf_append_char(out, '['))
        return -1;
    return 0;
}

static int put_last(struct buf *out, const struct health *health)
{
    bool is_answer = health->last_outcome != OUTCOME_MISSED;
    int64_t duration_us = is_answer ? health->last_duration_us : 0;
    const char *detail = poll_detail_name(health->last_detail);

    if (put_key(out, "last"))
        return -1;
    if (health->last_slot_at == AT_NONE)
        return buf_append_text(out, "null");
    if (buf_append_char(out, '{') || put_instant(out, "slot", health->last_slot_at) ||
        put_text(out, "outcome", outcome_name(health->last_outcome)) ||
        put_text(out, "detail", *detail ? detail : NULL) ||
        put_number_or_null(out, "status", health->last_status,
                           is_answer && health->last_status > 0) ||
        put_instant(out, "ended", is_answer ? health->last_ended_at : AT_NONE) ||
        put_number_or_null(out, "duration_ms", duration_us / 1000, is_answer) ||
        put_number_or_null(out, "body_bytes", (int64_t)health->last_body_bytes, is_answer) ||
        put_bool(out, "invalid", is_answer && health->last_is_invalid))
        return -1;
    return buf_append_char(out, '}');
}

static int put_counts(struct buf *out, const struct health *health)
{
    if (put_key(out, "counts") || buf_append_char(out, '{'))
        return -1;
    for (int i = OUTCOME_NEW; i <= OUTCOME_MISSED; i++)
        if (put_number(out, outcome_name((enum outcome)i), (int64_t)health->counts[i]))
            return -1;
    return buf_append_char(out, '}');
}

/* As `pollard gaps` rounds it: two digits. */
static int put_percent(struct buf *out, const char *key, uint64_t slots, uint64_t complete)
{
    if (put_key(out, key))
        return -1;
    if (slots == 0)
        return buf_append_text(out, "null");
    return buf_printf(out, "%.2f", 100.0 * (double)complete / (double)slots);
}

static int put_history(struct buf *out, const struct history *history, int64_t now_at)
{
    int64_t since_at = now_at - history_window_us(WINDOW_WEEK);
    char recent[HISTORY_RECENT + 1];

    history_recent(history, recent);
    if (put_text(out, "recent", recent) || put_key(out, "complete") || buf_append_char(out, '{'))
        return -1;
    for (int i = 0; i < WINDOW_COUNT; i++) {
        uint64_t complete;
        uint64_t slots = history_slots(history, (enum history_window)i, now_at, &complete);

        if (put_percent(out, history_window_name((enum history_window)i), slots, complete))
            return -1;
    }
    if (since_at < history->first_at)
        since_at = history->first_at;
    if (!history->is_whole || history->first_at == AT_NONE)
        since_at = AT_NONE;
    return buf_append_char(out, '}') || put_instant(out, "complete_since", since_at);
}

int status_feed(struct buf *out, const struct feed_view *feed, int64_t now_at, bool is_first)
{
    const struct health *health = feed->health;
    char words[HEALTH_WORDS_MAX];

    health_words(health, words);
    if (buf_append_text(out, is_first ? "{" : ",{") || put_text(out, "name", feed->name) ||
        put_text(out, "state", feed->state) || put_text(out, "host", feed->host) ||
        put_text(out, "timezone", feed->timezone) ||
        put_number_or_null(out, "interval_ms", feed->interval_us / US_PER_MS,
                           feed->interval_us != AT_NONE) ||
        put_instant(out, "next_slot", feed->next_slot_at) || put_last(out, health) ||
        put_counts(out, health) || put_number(out, "invalid", (int64_t)health->invalid) ||
        put_instant(out, "last_new", health->last_new_at) ||
        put_instant(out, "last_ok", health->last_ok_at) ||
        put_number(out, "failures", feed->failures) ||
        put_text(out, "words", *words ? words : NULL) ||
        put_history(out, &health->history, now_at) || put_text(out, "alert", feed->alert))
        return -1;
    return buf_append_char(out, '}');
}

int status_alerts(struct buf *out)
{
    return buf_append_char(out, ']') || put_key(out, "alerts") || buf_append_char(out, '[') ? -1
                                                                                            : 0;
}

int status_alert(struct buf *out, const struct alert_view *alert, bool is_first)
{
    if (buf_append_text(out, is_first ? "{" : ",{") || put_text(out, "key", alert->key) ||
        put_text(out, "feed", alert->feed) || put_text(out, "text", alert->text) ||
        put_instant(out, "since", alert->since_at))
        return -1;
    return buf_append_char(out, '}');
}

static int put_mistake(struct buf *out, const struct mistake *mistake, bool is_first)
{
    return buf_append_text(out, is_first ? "{" : ",{") || put_text(out, "file", mistake->file) ||
           put_number(out, "line", mistake->line) || put_number(out, "column", mistake->column) ||
           put_text(out, "text", mistake->text) || buf_append_char(out, '}');
}

int status_end(struct buf *out, const struct service_view *service)
{
    if (buf_append_char(out, ']') || put_key(out, "config_errors") || buf_append_char(out, '['))
        return -1;
    for (int64_t i = 0; i < service->mistake_count; i++)
        if (put_mistake(out, &service->mistakes[i], i == 0))
            return -1;
    return buf_append_text(out, "]}\n");
}
