/* Messages on their way: a queue for each channel, one attempt at a time, tried again for a day.
 *
 * A channel that is dead or hangs delays nothing but itself. What could not be delivered is logged.
 * Loop thread. */
#ifndef SCHEDULER_OUTPUTS_ALERT_OUTBOX_H
#define SCHEDULER_OUTPUTS_ALERT_OUTBOX_H

#include "scheduler/outputs/alert_post.h"

enum { OUTBOX_QUEUE_MAX = 64 }; /* messages of a channel; the oldest goes for a newer one */
#define OUTBOX_PATIENCE_US US_PER_DAY

struct outbox;

/* `on_settled`: the first channel has delivered it, or all have given up. */
typedef void outbox_fn(void *cookie, uint64_t number);

/* Copies `post`, borrows what it points to. Returns owned; NULL: no memory. */
struct outbox *outbox_new(const struct alert_post *post, outbox_fn *on_settled, void *cookie);
/* After outbox_is_busy() says no, or the loop has ended. */
void outbox_free(struct outbox *outbox);
/* Other settings; what waits for a channel that is gone is settled. */
void outbox_use(struct outbox *outbox, const struct alerts_settings *settings,
                const struct secrets *secrets);
/* Takes `message`. false: no channel is set, and nothing will be answered. */
bool outbox_put(struct outbox *outbox, struct alert_message *message);
/* No further attempts. `is_final`: those under way are broken off. */
void outbox_stop(struct outbox *outbox, bool is_final);
bool outbox_is_busy(const struct outbox *outbox); /* an attempt is under way */
/* Why the channel does not deliver, in words, since when; NULL: it does. */
const char *outbox_trouble(const struct outbox *outbox, enum alert_channel channel,
                           int64_t *since_at);

#endif
