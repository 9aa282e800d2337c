/* What is known of how a feed does: counts, the last poll, how the slots before it ended, the log
 * lines that tell of changes. Plain data; loop thread. */
#ifndef SCHEDULER_OUTPUTS_HEALTH_H
#define SCHEDULER_OUTPUTS_HEALTH_H

#include "scheduler/outputs/history.h"
#include "storage/poll_record.h"

enum { HEALTH_DETAILS = 23, HEALTH_WORDS_MAX = 128 };

struct health {
    uint64_t counts[4];                  /* by enum outcome; since the feed came in */
    uint32_t details[HEALTH_DETAILS];    /* … by health_detail_place() */
    int64_t invalid;                     /* … of new and same */
    int64_t last_slot_at, last_ended_at; /* of the last poll stored; AT_NONE */
    int64_t last_new_at, last_ok_at;     /* ended; AT_NONE */
    enum outcome last_outcome;
    enum poll_detail last_detail;
    unsigned last_status;
    unsigned failures; /* failed polls in a row */
    bool last_is_invalid;
    int64_t last_duration_us; /* of all attempts of the last poll not missed; -1 */
    uint64_t last_body_bytes; /* of that one */
    char reason[96];          /* why the last failed, in libcurl's words without the URL; "" */
    struct history history;
};

void health_init(struct health *health);
/* A poll was committed: counts it, logs `stored` (debug), `failing` and `recovered`. `words`: why
 * it failed, "" if there is no more to say than its detail. */
void health_note(struct health *health, const char *feed, const struct poll_record *poll,
                 const char *words);
/* After a start the store is read from a week before on, every poll up to the last one noted, into
 * `past` (as health_init() left it), which then takes the place of what is known of slots: counts
 * and failures go on from the start of the service. */
void health_recall(struct health *past, const struct poll_record *poll);
void health_recalled(struct health *health, const struct health *past);
/* Why the last slot failed or was missed, for a person. Returns `out`, "" if it was answered. */
const char *health_words(const struct health *health, char out[HEALTH_WORDS_MAX]);
/* The place of a detail in `details`, and back; -1: NONE. */
int health_detail_place(enum poll_detail detail);
enum poll_detail health_detail_at(int place);
/* The line of SIGUSR1. */
void health_log(const struct health *health, const char *feed, int64_t next_slot_at,
                const char *state);

#endif
