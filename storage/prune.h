/* Forgets the polls of a feed whose slots lie before an instant, and the bodies that no kept poll
 * points at. In small steps, each a write transaction after which the store is whole:
 *
 *   stored      | N  S  S | F  S  S  N  S      N brought a body, S points at it; F failed
 *   afterwards            | F  N  S  N  S      the body stays: its first kept S counts as its N
 *
 * A run of missed slots is cut. What the feed's account and `for` count from survives. Space goes
 * to the pages that LMDB uses again. Any process, also beside pollardd; a feed's bodies are
 * expected in order of its polls, but for those by --once (their clock may have been wrong). */
#ifndef STORAGE_PRUNE_H
#define STORAGE_PRUNE_H

#include "storage/store.h"

struct pruned {
    uint64_t polls, bodies; /* slots; bodies that went */
    uint64_t bytes;         /* of stored values, as they are in the file */
    int64_t oldest_at;      /* the first slot that is left; AT_NONE: none is */
    bool is_done;           /* no more can go */
    bool has_lost_body;     /* that of the feed's latest answer went */
};

/* One step; `pruned` is of this step. ERR_FULL: no space, or somebody reads while the map must
 * grow: later. ERR_DAMAGED: a poll cannot be read; nothing was changed. */
int prune_step(struct store *store, uint32_t feed_id, int64_t before_at, struct pruned *pruned,
               struct err *err);

#endif
