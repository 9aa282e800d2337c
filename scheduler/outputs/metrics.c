#include "scheduler/outputs/metrics.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* As request durations, lateness and bodies are usual, each range about twice the one before. */
static const int64_t request_bounds_us[] = {5000,     10000,    25000,    50000,    100000,
                                            250000,   500000,   1000000,  2500000,  5000000,
                                            10000000, 30000000, 60000000, INT64_MAX};
static const int64_t late_bounds_us[] = {1000,     5000,     10000,    25000,   50000,
                                         100000,   250000,   500000,   1000000, 5000000,
                                         10000000, 60000000, INT64_MAX};
static const int64_t body_bounds_bytes[] = {1 << 8,  1 << 10, 1 << 12, 1 << 14, 1 << 16,  1 << 18,
                                            1 << 20, 1 << 22, 1 << 24, 1 << 26, INT64_MAX};

void measures_init(struct measures *measures)
{
    histogram_init(&measures->request_us, request_bounds_us);
    histogram_init(&measures->late_us, late_bounds_us);
    histogram_init(&measures->body_bytes, body_bounds_bytes);
}

void measures_note_request(struct measures *measures, int64_t took_us)
{
    histogram_note(&measures->request_us, took_us);
}

void measures_note_poll(struct measures *measures, const struct poll_record *poll)
{
    if (poll->outcome == OUTCOME_MISSED)
        return;
    if (poll->attempts > 0 && !(poll->flags & (POLL_ONCE | POLL_UNPLANNED)))
        histogram_note(&measures->late_us, poll->started_at - poll->slot_at);
    if (poll->outcome <= OUTCOME_SAME && poll->status != 304)
        histogram_note(&measures->body_bytes, (int64_t)poll->body_bytes);
}

enum form { NUMBER, SECONDS /* of us */, HISTOGRAM, HISTOGRAM_SECONDS, OTHER };
enum source { OF_SERVICE, OF_FEED, OF_HEALTH };

/* A number lies at `offset` of its source; below 0, or AT_NEVER, there is none and no sample. */
struct metric {
    const char *name, *type, *help;
    enum form form;
    enum source source;
    size_t offset;
    int (*put_service)(struct buf *, const struct metric *, const struct metrics_view *);
    int (*put_feed)(struct buf *, const struct metric *, const struct feed_view *, int64_t now_at);
};
#define VIEW(field)            OF_SERVICE, offsetof(struct metrics_view, field), NULL, NULL
#define FEED(field)            OF_FEED, offsetof(struct feed_view, field), NULL, NULL
#define HEALTH(field)          OF_HEALTH, offsetof(struct health, field), NULL, NULL
#define OTHER_SERVICE(put_all) OTHER, OF_SERVICE, 0, put_all, NULL
#define OTHER_FEED(put_all)    OTHER, OF_FEED, 0, NULL, put_all

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

/* The sample's number, and the end of its line. */
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

static bool is_known(int64_t value)
{
    return value >= 0 && value != AT_NEVER;
}

/* `unit`: so many of what is measured are one of what is shown. */
static int put_histogram(struct buf *out, const struct metric *metric,
                         const struct histogram *histogram, double unit)
{
    uint64_t count = 0;

    for (int i = 0; i < HISTOGRAM_MAX; i++) {
        bool is_last = histogram->bounds[i] == INT64_MAX;

        count += histogram->counts[i];
        if (buf_printf(out, is_last ? "%s_bucket{le=\"+Inf\"}" : "%s_bucket{le=\"%.10g\"}",
                       metric->name, (double)histogram->bounds[i] / unit) ||
            put_count(out, count))
            return -1;
        if (is_last)
            break;
    }
    return buf_printf(out, "%s_sum %.6f\n%s_count", metric->name, (double)histogram->sum / unit,
                      metric->name) ||
           put_count(out, count);
}

static int put_build(struct buf *out, const struct metric *metric, const struct metrics_view *view)
{
    return buf_append_text(out, metric->name) || buf_append_text(out, "{version=\"") ||
           put_escaped(out, view->service.version) || buf_append_text(out, "\"} 1\n");
}

static int put_store_state(struct buf *out, const struct metric *metric,
                           const struct metrics_view *view)
{
    static const char *const states[] = {"ok", "disk_full", "store_full", "broken"};

    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (buf_printf(out, "%s{state=\"%s\"} %d\n", metric->name, states[i],
                       strcmp(view->service.store.state, states[i]) == 0))
            return -1;
    return 0;
}

static const struct metric metrics[] = {
    {"pollard_build_info", "gauge", "The version that runs, always 1.", OTHER_SERVICE(put_build)},
    {"pollard_feeds", "gauge", "Feeds that run.", NUMBER, VIEW(feeds)},
    {"pollard_requests_in_flight", "gauge", "Requests under way.", NUMBER, VIEW(service.in_flight)},
    {"pollard_requests_resolving", "gauge", "Host names being looked up.", NUMBER, VIEW(resolving)},
    {"pollard_polls_waiting", "gauge", "Polls that wait for room at their host.", NUMBER,
     VIEW(service.waiting)},
    {"pollard_request_duration_seconds", "histogram", "How long requests took, failed ones too.",
     HISTOGRAM_SECONDS, VIEW(measures.request_us)},
    {"pollard_body_bytes", "histogram", "Sizes of the bodies received, decoded.", HISTOGRAM,
     VIEW(measures.body_bytes)},
    {"pollard_poll_lateness_seconds", "histogram", "From a slot to its first request.",
     HISTOGRAM_SECONDS, VIEW(measures.late_us)},
    {"pollard_commit_duration_seconds", "histogram", "How long commits to the store took.",
     HISTOGRAM_SECONDS, VIEW(writer.commits_us)},
    {"pollard_writer_waiting_bytes", "gauge", "Bytes that wait to be committed.", NUMBER,
     VIEW(writer.waiting_bytes)},
    {"pollard_writer_waiting_records", "gauge", "Records that wait to be committed.", NUMBER,
     VIEW(writer.waiting_count)},
    {"pollard_store_state", "gauge", "1 for the state that the store is in.",
     OTHER_SERVICE(put_store_state)},
    {"pollard_store_used_bytes", "gauge", "Bytes of the store that are in use.", NUMBER,
     VIEW(service.store.used_bytes)},
    {"pollard_store_file_bytes", "gauge", "Size of the file of the store.", NUMBER,
     VIEW(service.store.file_bytes)},
    {"pollard_store_free_bytes", "gauge", "Bytes free on the disk of the store.", NUMBER,
     VIEW(service.store.free_bytes)},
    {"pollard_loop_gap_max_seconds", "gauge", "The longest time that the event loop was held up.",
     SECONDS, VIEW(loop_gap_max_us)},
    {"pollard_config_reloads_total", "counter", "Reloads of the configuration.", NUMBER,
     VIEW(service.reloads)},
    {"pollard_config_reload_failures_total", "counter", "Reloads that found mistakes.", NUMBER,
     VIEW(service.broken_reloads)},
    {"pollard_config_last_reload_successful", "gauge",
     "Whether the configuration was last read without mistakes.", NUMBER, VIEW(is_loaded)},
    {"pollard_config_last_reload_success_timestamp_seconds", "gauge",
     "When it was last read without mistakes.", SECONDS, VIEW(loaded_at)},
    {"pollard_config_mistakes", "gauge", "Mistakes in the configuration as last read.", NUMBER,
     VIEW(service.mistake_count)},
    {"pollard_alerts_open", "gauge", "Alerts that are open.", NUMBER, VIEW(service.alert_count)},
    {"pollard_polls_total", "counter", "Slots accounted for, by outcome.", OTHER_FEED(put_polls)},
    {"pollard_polls_failed_total", "counter", "Polls that failed, by error.",
     OTHER_FEED(put_failed)},
    {"pollard_polls_missed_total", "counter", "Slots missed, by reason.", OTHER_FEED(put_missed)},
    {"pollard_polls_invalid_total", "counter", "Answers, new or same, that were not well-formed.",
     NUMBER, HEALTH(invalid)},
    {"pollard_feed_failures", "gauge", "Failed polls in a row.", NUMBER, FEED(failures)},
    {"pollard_feed_interval_seconds", "gauge", "From one slot to the next.", SECONDS,
     FEED(interval_us)},
    {"pollard_feed_last_poll_timestamp_seconds", "gauge", "When the last poll ended.", SECONDS,
     HEALTH(last_ended_at)},
    {"pollard_feed_last_poll_duration_seconds", "gauge", "How long it took, with its attempts.",
     SECONDS, HEALTH(last_duration_us)},
    {"pollard_feed_last_new_timestamp_seconds", "gauge", "When the last new body came.", SECONDS,
     HEALTH(last_new_at)},
    {"pollard_feed_last_ok_timestamp_seconds", "gauge",
     "When the last valid answer, new or same, came.", SECONDS, HEALTH(last_ok_at)},
    {"pollard_feed_complete_ratio", "gauge", "Share of the slots of the window that are complete.",
     OTHER_FEED(put_complete)},
    {"process_cpu_seconds_total", "counter", "User and system CPU time.", SECONDS,
     VIEW(process.cpu_us)},
    {"process_open_fds", "gauge", "Open file descriptors.", NUMBER, VIEW(process.open_fds)},
    {"process_max_fds", "gauge", "File descriptors that may be open.", NUMBER,
     VIEW(process.max_fds)},
    {"process_virtual_memory_bytes", "gauge", "Size of the address space, the store's map too.",
     NUMBER, VIEW(process.virtual_bytes)},
    {"process_resident_memory_bytes", "gauge",
     "Memory in use, pages of the store that are mapped too.", NUMBER,
     VIEW(process.resident_bytes)},
    {"process_threads", "gauge", "Threads.", NUMBER, VIEW(process.threads)},
    {"process_start_time_seconds", "gauge", "When the service started.", SECONDS,
     VIEW(service.started_at)},
};

size_t metrics_count(void)
{
    return sizeof metrics / sizeof *metrics;
}

bool metrics_is_of_feeds(size_t number)
{
    return metrics[number].source != OF_SERVICE;
}

int metrics_head(struct buf *out, size_t number)
{
    const struct metric *metric = &metrics[number];

    return buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
                      metric->type);
}

static int put_value(struct buf *out, const struct metric *metric, int64_t value)
{
    return metric->form == SECONDS ? put_seconds(out, value) : put_count(out, (uint64_t)value);
}

int metrics_service(struct buf *out, size_t number, const struct metrics_view *view)
{
    const struct metric *metric = &metrics[number];
    const void *field = (const char *)view + metric->offset;

    switch (metric->form) {
    case HISTOGRAM:
        return put_histogram(out, metric, field, 1);
    case HISTOGRAM_SECONDS:
        return put_histogram(out, metric, field, (double)US_PER_SECOND);
    case OTHER:
        return metric->put_service(out, metric, view);
    case NUMBER:
    case SECONDS:
        break;
    }
    if (!is_known(*(const int64_t *)field))
        return 0;
    return buf_append_text(out, metric->name) || put_value(out, metric, *(const int64_t *)field);
}

int metrics_feed(struct buf *out, size_t number, const struct feed_view *feed, int64_t now_at)
{
    const struct metric *metric = &metrics[number];
    const char *source =
        metric->source == OF_FEED ? (const char *)feed : (const char *)feed->health;
    int64_t value;

    if (metric->form == OTHER)
        return metric->put_feed(out, metric, feed, now_at);
    value = *(const int64_t *)(const void *)(source + metric->offset);
    if (!is_known(value))
        return 0;
    return put_feed_name(out, metric, feed) || buf_append_text(out, "\"}") ||
           put_value(out, metric, value);
}
