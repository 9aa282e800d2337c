/* Inside storage/: one step of pruning, decided first (prune_plan.c: reads only) and then done
 * (prune.c), both in one write transaction. */
#ifndef STORAGE_PRUNE_PARTS_H
#define STORAGE_PRUNE_PARTS_H

#include "storage/key.h"
#include "storage/poll_record.h"
#include "storage/prune.h"
#include "storage/tables.h"

enum {
    PRUNE_POLLS = 200,
    PRUNE_BYTES = 8 * 1024 * 1024,
    PRUNE_MS = 5,
    PRUNE_AHEAD = 1024, /* how far to look for the next answer among the polls that stay */
    PRUNE_ONCE = 64     /* … and for one that is not by --once */
};

struct prune_poll {
    int64_t slot_at;
    uint64_t slots, bytes;
};

struct prune_body {
    int64_t slot_at; /* of its block */
    unsigned parts, count;
    uint64_t bytes;
};

struct prune_plan {
    struct prune_poll polls[PRUNE_POLLS]; /* go */
    size_t poll_count;
    struct prune_body bodies[PRUNE_POLLS]; /* go */
    size_t body_count;
    bool has_rest; /* of a run that was cut: stored anew */
    struct poll_record rest;
    bool has_heir; /* a `same` that becomes a `new`; its texts are borrowed from the pages */
    struct poll_record heir;
    int64_t account_to_at; /* the last slot of the account that goes; AT_NONE */
    int64_t oldest_at;
    bool is_done, has_lost_body;
};

/* Returns LMDB's rc; EBADMSG: a poll that cannot be read. Changes nothing. */
int prune_decide(struct store *store, MDB_txn *txn, uint32_t feed_id, int64_t before_at,
                 struct prune_plan *plan);

#endif
