/* Inside storage/: puts a poll, or a run of missed slots, so that every slot has exactly one poll.
 *
 * What is stored never changes its meaning: a slot that has a poll keeps it. The stored records of
 * a feed never overlap in time, so that a look at one neighbour tells who holds a slot. Where
 * records would overlap, runs are cut:
 *
 *   stored      |    O   X          |   X on the grid of the run, O off it (both by --once)
 *   the run     | r r r r r r r r r |
 *   afterwards  | R R O R X R R R R |   three runs and the two polls as they were
 *
 * and a single poll that comes to lie inside a stored run, off its grid, cuts that run in two. */
#ifndef STORAGE_POLL_PUT_H
#define STORAGE_POLL_PUT_H

#include "storage/poll_record.h"
#include "storage/tables.h"

struct poll_put {
    struct store *store;
    MDB_txn *txn;
    struct buf *value; /* for encoding */
};

/* Returns LMDB's rc; EINVAL for a record that is not sound. `was_put`: at least one slot of it. */
int poll_put(const struct poll_put *put, uint32_t feed_id, const struct poll_record *poll,
             bool *was_put);

#endif
