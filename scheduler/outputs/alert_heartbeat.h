/* A sign of life for a dead man's switch: a GET every so often, while all is well. When it stays
 * away, whoever waits for it alarms; so nothing is said here to people. Loop thread. */
#ifndef SCHEDULER_OUTPUTS_ALERT_HEARTBEAT_H
#define SCHEDULER_OUTPUTS_ALERT_HEARTBEAT_H

#include "scheduler/outputs/alert_post.h"

struct heartbeat;

/* Copies `post`, borrows what it points to; `is_well`: the service may say that it lives. Returns
 * owned; NULL: no memory. */
struct heartbeat *heartbeat_new(const struct alert_post *post, bool (*is_well)(void *cookie),
                                void *cookie);
/* After heartbeat_is_busy() says no, or the loop has ended. */
void heartbeat_free(struct heartbeat *heartbeat);
/* Settings to begin with, or others; without a heartbeat in them it rests. */
void heartbeat_use(struct heartbeat *heartbeat, const struct alerts_settings *settings,
                   const struct secrets *secrets);
void heartbeat_stop(struct heartbeat *heartbeat, bool is_final);
bool heartbeat_is_busy(const struct heartbeat *heartbeat);
/* Why the last one did not arrive, since when; NULL: it did. */
const char *heartbeat_trouble(const struct heartbeat *heartbeat, int64_t *since_at);

#endif
