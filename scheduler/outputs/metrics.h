/* /metrics: what the running service counts and measures, in Prometheus' text format 0.0.4. One
 * table of metrics in metrics.c: a metric is a line there. Loop thread.
 *
 * Counters grow from the service's start on. The only label without a bound of ours is the feed. */
#ifndef SCHEDULER_OUTPUTS_METRICS_H
#define SCHEDULER_OUTPUTS_METRICS_H

#include "scheduler/outputs/process.h"
#include "scheduler/outputs/status.h"
#include "storage/writer.h"

/* What is measured as it happens, over all feeds, since the start. */
struct measures {
    struct histogram request_us; /* every request, from its start to its end */
    struct histogram body_bytes; /* every body that came, decoded */
    struct histogram late_us;    /* from a slot to its first request */
};
void measures_init(struct measures *measures);
void measures_note_request(struct measures *measures, int64_t took_us);
void measures_note_poll(struct measures *measures, const struct poll_record *poll);

struct metrics_view {
    struct service_view service;
    struct measures measures;
    struct writer_view writer;
    struct process_view process;
    int64_t feeds, resolving, loop_gap_max_us;
    int64_t is_loaded; /* 1: the configuration was last read without mistakes */
    int64_t loaded_at; /* when that was last so; AT_NONE */
};

/* Metric after metric: its head, then its samples: of the service, or of each feed. -1: `out` is
 * full, or no memory. */
size_t metrics_count(void);
bool metrics_is_of_feeds(size_t number);
int metrics_head(struct buf *out, size_t number);
int metrics_service(struct buf *out, size_t number, const struct metrics_view *view);
int metrics_feed(struct buf *out, size_t number, const struct feed_view *feed, int64_t now_at);

#endif
