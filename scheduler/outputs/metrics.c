#include "scheduler/outputs/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct metric {
    const char *name, *type, *help;
    int (*of_service)(struct buf *, const struct metric *, const struct metrics_view *);
    int (*of_feed)(struct buf *, const struct metric *, const struct feed_view *, int64_t now_at);
};

/* A label's value: backslash, quote and line feed are escaped. */
static int put_escaped(struct buf *out, const char *text)
{
    while (*text) {
        size_t plain = strcspn(text, "\\\"\n");

        if (buf_append(out, text, plain))
            return -1;
        text += plain;
        if (!*text)
            break;
        if (buf_append_text(out, *text == '\n' ? "\\n" : *text == '"' ? "\\\"" : "\\\\"))
            return -1;
        text++;
    }
    return 0;
}

static int put_count(struct buf *out, uint64_t number)
{
    char digits[24], *at = digits + sizeof digits;

    *--at = '\n';
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    *--at = ' ';
    return buf_append(out, at, (size_t)(digits + sizeof digits - at));
}

/* Microseconds as seconds. */
static int put_seconds(struct buf *out, int64_t us)
{
    char text[32];
    uint64_t left = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    int length = snprintf(text, sizeof text, " %s%" PRIu64 ".%06u\n", us < 0 ? "-" : "",
                          left / (uint64_t)US_PER_SECOND, (unsigned)(left % US_PER_SECOND));

    return buf_append(out, text, (size_t)length);
}

static int put_feed_name(struct buf *out, const struct metric *metric, const struct feed_view *feed)
{
    return buf_append_text(out, metric->name) || buf_append_text(out, "{feed=\"") ||
           put_escaped(out, feed->name);
}

static int put_feed_count(struct buf *out, const struct metric *metric,
                          const struct feed_view *feed, uint64_t number)
{
    return put_feed_name(out, metric, feed) || buf_append_text(out, "\"}") ||
           put_count(out, number);
}

static int put_feed_seconds(struct buf *out, const struct metric *metric,
                            const struct feed_view *feed, int64_t us)
{
    if (us == AT_NONE || us == AT_NEVER) /* there is no such moment: no sample */
        return 0;
    return put_feed_name(out, metric, feed) || buf_append_text(out, "\"}") || put_seconds(out, us);
}

static int put_feed_label(struct buf *out, const struct metric *metric,
                          const struct feed_view *feed, const char *label, const char *value)
{
    return put_feed_name(out, metric, feed) || buf_append_text(out, "\",") ||
           buf_append_text(out, label) || buf_append_text(out, "=\"") ||
           buf_append_text(out, value) || buf_append_text(out, "\"}");
}

static int put_polls(struct buf *out, const struct metric *metric, const struct feed_view *feed,
                     int64_t now_at)
{
    (void)now_at;
    for (int i = OUTCOME_NEW; i <= OUTCOME_MISSED; i++)
        if (put_feed_label(out, metric, feed, "outcome", outcome_name((enum outcome)i)) ||
            put_count(out, feed->health->counts[i]))
            return -1;
    return 0;
}

static int put_details(struct buf *out, const struct metric *metric, const struct feed_view *feed,
                       const char *label, bool is_missed)
{
    for (int i = 0; i < HEALTH_DETAILS; i++) {
        enum poll_detail detail = health_detail_at(i);

        if ((detail >= DETAIL_DOWN) != is_missed || feed->health->details[i] == 0)
            continue;
        if (put_feed_label(out, metric, feed, label, poll_detail_name(detail)) ||
            put_count(out, feed->health->details[i]))
            return -1;
    }
    return 0;
}

static int put_failed(struct buf *out, const struct metric *metric, const struct feed_view *feed,
                      int64_t now_at)
{
    (void)now_at;
    return put_details(out, metric, feed, "error", false);
}

static int put_missed(struct buf *out, const struct metric *metric, const struct feed_view *feed,
                      int64_t now_at)
{
    (void)now_at;
    return put_details(out, metric, feed, "reason", true);
}

static int put_complete(struct buf *out, const struct metric *metric, const struct feed_view *feed,
                        int64_t now_at)
{
    for (int i = 0; i < WINDOW_COUNT; i++) {
        enum history_window window = (enum history_window)i;
        uint64_t complete;
        uint64_t slots = history_slots(&feed->health->history, window, now_at, &complete);

        if (slots == 0)
            continue;
        if (put_feed_label(out, metric, feed, "window", history_window_name(window)) ||
            put_seconds(out, (int64_t)(complete * US_PER_SECOND / slots)))
            return -1;
    }
    return 0;
}

#define FEED_METRIC(verb, put, expression)                                                         \
    static int verb(struct buf *out, const struct metric *metric, const struct feed_view *feed,    \
                    int64_t now_at)                                                                \
    {                                                                                              \
        (void)now_at;                                                                              \
        return put(out, metric, feed, expression);                                                 \
    }
FEED_METRIC(put_invalid, put_feed_count, feed->health->invalid)
FEED_METRIC(put_failures, put_feed_count, feed->failures)
FEED_METRIC(put_last_poll, put_feed_seconds, feed->health->last_ended_at)
FEED_METRIC(put_last_new, put_feed_seconds, feed->health->last_new_at)
FEED_METRIC(put_last_ok, put_feed_seconds, feed->health->last_ok_at)
FEED_METRIC(put_interval, put_feed_seconds,
            feed->interval_ms ? feed->interval_ms *US_PER_MS : AT_NONE)

#define SERVICE_METRIC(verb, put, expression)                                                      \
    static int verb(struct buf *out, const struct metric *metric, const struct metrics_view *view) \
    {                                                                                              \
        return buf_append_text(out, metric->name) || put(out, expression);                         \
    }
SERVICE_METRIC(put_feeds, put_count, view->feed_count)
SERVICE_METRIC(put_in_flight, put_count, view->service->in_flight)
SERVICE_METRIC(put_waiting, put_count, view->service->waiting)
SERVICE_METRIC(put_resolving, put_count, view->resolving)
SERVICE_METRIC(put_loop_gap, put_seconds, view->service->loop_gap_max_ms *US_PER_MS)
SERVICE_METRIC(put_used, put_count, (uint64_t)view->service->store.used_bytes)
SERVICE_METRIC(put_file, put_count, (uint64_t)view->service->store.file_bytes)
SERVICE_METRIC(put_reloads, put_count, view->service->reloads)
SERVICE_METRIC(put_broken_reloads, put_count, view->service->broken_reloads)
SERVICE_METRIC(put_mistakes, put_count, view->service->mistake_count)
SERVICE_METRIC(put_alerts, put_count, view->service->alert_count)

static int put_build(struct buf *out, const struct metric *metric, const struct metrics_view *view)
{
    return buf_append_text(out, metric->name) || buf_append_text(out, "{version=\"") ||
           put_escaped(out, view->service->version) || buf_append_text(out, "\"} 1\n");
}

static int put_free(struct buf *out, const struct metric *metric, const struct metrics_view *view)
{
    if (view->service->store.free_bytes < 0)
        return 0;
    return buf_append_text(out, metric->name) ||
           put_count(out, (uint64_t)view->service->store.free_bytes);
}

static const struct metric metrics[] = {
    {"pollard_build_info", "gauge", "The version that runs, always 1.", put_build, NULL},
    {"pollard_feeds", "gauge", "Feeds that run.", put_feeds, NULL},
    {"pollard_requests_in_flight", "gauge", "Requests under way.", put_in_flight, NULL},
    {"pollard_polls_waiting", "gauge", "Polls that wait for room at their host.", put_waiting,
     NULL},
    {"pollard_requests_resolving", "gauge", "Host names being looked up.", put_resolving, NULL},
    {"pollard_loop_gap_max_seconds", "gauge", "The longest time that the event loop was held up.",
     put_loop_gap, NULL},
    {"pollard_store_used_bytes", "gauge", "Bytes of the store that are in use.", put_used, NULL},
    {"pollard_store_file_bytes", "gauge", "Size of the file of the store.", put_file, NULL},
    {"pollard_store_free_bytes", "gauge", "Bytes free on the disk of the store.", put_free, NULL},
    {"pollard_config_reloads_total", "counter", "Reloads of the configuration.", put_reloads, NULL},
    {"pollard_config_reload_failures_total", "counter", "Reloads that found mistakes.",
     put_broken_reloads, NULL},
    {"pollard_config_mistakes", "gauge", "Mistakes in the configuration as last read.",
     put_mistakes, NULL},
    {"pollard_alerts_open", "gauge", "Alerts that are open.", put_alerts, NULL},
    {"pollard_polls_total", "counter", "Slots accounted for, by outcome.", NULL, put_polls},
    {"pollard_polls_failed_total", "counter", "Polls that failed, by error.", NULL, put_failed},
    {"pollard_slots_missed_total", "counter", "Slots missed, by reason.", NULL, put_missed},
    {"pollard_polls_invalid_total", "counter", "Answers that were not well-formed.", NULL,
     put_invalid},
    {"pollard_feed_failures", "gauge", "Failed polls in a row.", NULL, put_failures},
    {"pollard_feed_interval_seconds", "gauge", "From one slot to the next.", NULL, put_interval},
    {"pollard_feed_last_poll_timestamp_seconds", "gauge", "When the last poll ended.", NULL,
     put_last_poll},
    {"pollard_feed_last_new_timestamp_seconds", "gauge", "When the last new body came.", NULL,
     put_last_new},
    {"pollard_feed_last_ok_timestamp_seconds", "gauge",
     "When the last valid answer, new or same, came.", NULL, put_last_ok},
    {"pollard_feed_complete_ratio", "gauge", "Share of the slots of the window that are complete.",
     NULL, put_complete},
};

size_t metrics_count(void)
{
    return sizeof metrics / sizeof *metrics;
}

bool metrics_is_of_feeds(size_t number)
{
    return metrics[number].of_feed != NULL;
}

int metrics_head(struct buf *out, size_t number)
{
    const struct metric *metric = &metrics[number];

    return buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
                      metric->type);
}

int metrics_service(struct buf *out, size_t number, const struct metrics_view *view)
{
    return metrics[number].of_service(out, &metrics[number], view);
}

int metrics_feed(struct buf *out, size_t number, const struct feed_view *feed, int64_t now_at)
{
    return metrics[number].of_feed(out, &metrics[number], feed, now_at);
}
