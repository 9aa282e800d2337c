/* Which slots of a feed are accounted for, and why others were missed. No clock, no store: runs of
 * missed slots go to a callback.
 *
 *        accounted_to_at          skipped_to_at
 *   ───────────┤·····················┤───────────→
 *    in the store, or   missed, for      not yet
 *    on its way to it   `reason`         decided
 *
 * Missed slots are handed on late, in runs: when the reason changes, when a poll follows, at the
 * latest when account_flush() is called. Every slot is handed on once, in order. */
#ifndef SCHEDULER_ACCOUNT_H
#define SCHEDULER_ACCOUNT_H

#include "scheduler/plan.h"
#include "storage/poll_record.h"

struct account {
    struct plan plan;
    int64_t accounted_to_at;
    int64_t skipped_to_at; /* ≥ accounted_to_at */
    enum poll_detail reason;
    void (*on_missed)(void *cookie, const struct plan_run *run, enum poll_detail reason);
    void *cookie;
};

/* The slots up to `to_at` that are not decided yet are missed. */
void account_skip(struct account *account, int64_t to_at, enum poll_detail reason);
/* Hands on what is skipped up to `now_at`. */
void account_flush(struct account *account, int64_t now_at);
/* A poll of this slot is on its way to the store; what was skipped before it goes first. */
void account_note(struct account *account, int64_t slot_at);
/* The account goes on after `at` with another grid; what is undecided up to `at` is missed. */
void account_change(struct account *account, int64_t at, enum poll_detail reason,
                    const struct plan *plan);
/* The first slot not decided; AT_NEVER. */
int64_t account_next_slot(const struct account *account);

#endif
