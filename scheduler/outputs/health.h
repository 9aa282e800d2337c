/* What is known of how a feed does: counts, the last poll, the log lines that tell of changes.
 * Plain data; loop thread. */
#ifndef SCHEDULER_OUTPUTS_HEALTH_H
#define SCHEDULER_OUTPUTS_HEALTH_H

#include "storage/poll_record.h"

struct health {
    uint64_t counts[4];                  /* by enum outcome; since the service started */
    int64_t last_slot_at, last_ended_at; /* of the last poll stored; AT_NONE */
    int64_t last_new_at, last_ok_at;     /* ended; AT_NONE */
    enum outcome last_outcome;
    enum poll_detail last_detail;
    unsigned last_status;
    unsigned failures; /* failed polls in a row */
};

void health_init(struct health *health);
/* A poll was committed: counts it, logs `stored` (debug), `failing` and `recovered`. `words`: why
 * it failed, "" if there is no more to say than its detail. */
void health_note(struct health *health, const char *feed, const struct poll_record *poll,
                 const char *words);
/* The line of SIGUSR1. */
void health_log(const struct health *health, const char *feed, int64_t next_slot_at,
                const char *state);

#endif
