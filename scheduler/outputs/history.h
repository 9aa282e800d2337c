/* How the last slots of a feed ended, in about 1 KiB: the last outcomes, and how many slots of the
 * last hour, day and week were complete. Plain data; loop thread.
 *
 * Slots are counted in buckets of the windows' own width, so a window begins at a bucket's edge:
 * the hour up to 1 minute early, the day up to 30 minutes, the week up to 90 minutes. Complete is
 * what `pollard gaps` means: new or same, and not invalid. What was pruned since is still counted.
 */
#ifndef SCHEDULER_OUTPUTS_HISTORY_H
#define SCHEDULER_OUTPUTS_HISTORY_H

#include "storage/poll_record.h"

enum { HISTORY_RECENT = 60, HISTORY_BUCKETS = 61 + 49 + 113 };
enum history_window { WINDOW_HOUR, WINDOW_DAY, WINDOW_WEEK };
enum { WINDOW_COUNT = WINDOW_WEEK + 1 };

struct history {
    int64_t first_at;             /* the first slot noted; AT_NONE */
    int32_t newest[WINDOW_COUNT]; /* number of each window's latest bucket, from 1970 on */
    uint16_t slots[HISTORY_BUCKETS], complete[HISTORY_BUCKETS]; /* window after window, rings */
    uint8_t recent_count, recent_next;
    char recent[HISTORY_RECENT]; /* a ring: n new, s same, i invalid, f failed, m missed */
    bool is_whole;               /* what the store knows from before the start is in */
};

void history_init(struct history *history);
/* A poll or a run that is stored. In order of slots. */
void history_note(struct history *history, const struct poll_record *poll);
/* Slots of the window that ends at `now_at`, and how many of them are complete. */
uint64_t history_slots(const struct history *history, enum history_window window, int64_t now_at,
                       uint64_t *complete);
/* "1h" "24h" "7d", and how long that is. */
const char *history_window_name(enum history_window window);
int64_t history_window_us(enum history_window window);
/* The last outcomes, oldest first. */
void history_recent(const struct history *history, char out[HISTORY_RECENT + 1]);

#endif
