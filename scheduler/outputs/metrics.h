/* /metrics: what the running service counts and measures, in Prometheus' text format 0.0.4. One
 * table of metrics in metrics.c: a metric is a line there. Loop thread; nothing is kept here.
 *
 * Counters grow from the service's start on. The only label without a bound of ours is the feed. */
#ifndef SCHEDULER_OUTPUTS_METRICS_H
#define SCHEDULER_OUTPUTS_METRICS_H

#include "scheduler/outputs/status.h"

struct metrics_view {
    const struct service_view *service;
    size_t feed_count;
    unsigned resolving;
    int64_t reloaded_at; /* the last without mistakes, or the start; AT_NONE: none */
};

/* Metric after metric: its head, then its samples: of the service, or of each feed. -1: `out` is
 * full, or no memory. */
size_t metrics_count(void);
bool metrics_is_of_feeds(size_t number);
int metrics_head(struct buf *out, size_t number);
int metrics_service(struct buf *out, size_t number, const struct metrics_view *view);
int metrics_feed(struct buf *out, size_t number, const struct feed_view *feed, int64_t now_at);

#endif
