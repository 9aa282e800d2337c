/* Inside a poll, between poll.c (life and state), poll_slot.c (waits), poll_fetch.c (talks) and
 * poll_store.c (keeps). Not for others. */
#ifndef SCHEDULER_POLL_PARTS_H
#define SCHEDULER_POLL_PARTS_H

#include "scheduler/poll.h"

/* The one door between states; `due_at`: when the poll wants to be looked at, AT_NEVER: not. */
void poll_enter(struct poll *poll, enum poll_state state, int64_t due_at);
/* Nothing of a slot is in flight: waits for the next, goes on as its successor, or retires. */
void poll_rest(struct poll *poll, const struct loop_time *now);
/* The slot is missed for `reason` (of a late one, for its own), and the poll rests. */
void poll_pass(struct poll *poll, enum poll_detail reason, const struct loop_time *now);
/* Waits for room at the host of the current hop. */
void poll_queue(struct poll *poll, const struct loop_time *now);
/* The slot ends as its last verdict says: its record goes to the writer. `response` NULL: none. */
void poll_finish(struct poll *poll, struct response *response, const struct loop_time *now);
/* Lets go of what the slot in flight held: its place in the queue, the hop's host, the fetch. */
void poll_end_slot(struct poll *poll);
void poll_take_over(struct poll *poll, const struct loop_time *now); /* becomes its successor */
void poll_retire(struct poll *poll, const struct loop_time *now);    /* ends its account too */
/* A poll of this slot is on its way; the feed's very first starts the time of `for`. */
void poll_note_first(struct poll *poll, int64_t slot_at);
/* Takes `record`; -1: there is none, or the writer has no room. Logged. */
int poll_append(struct poll *poll, struct record *record);

#endif
