/* Inside storage/: finds and reads kept bodies, whatever block they are in. One thread. */
#ifndef STORAGE_BODY_H
#define STORAGE_BODY_H

#include "storage/pack.h"
#include "storage/tables.h"

struct slot_key {
    uint32_t feed_id;
    int64_t slot_at;
};

struct body_source {
    struct store *store;
    struct buf block;      /* a block of several parts, put together */
    struct packer *packer; /* made when the first body is read */
};

void body_source_init(struct body_source *source, struct store *store);
void body_source_release(struct body_source *source);

/* Looks only at the head of the block. 1: found; 0: no such body; -1: ERR_DAMAGED… */
int body_find(struct body_source *source, MDB_txn *txn, const struct slot_key *slot,
              struct pack_entry *entry, struct err *err);
/* The slot of the feed's latest body. 1: it has one; 0; -1. */
int body_last(struct body_source *source, MDB_txn *txn, uint32_t feed_id, int64_t *slot_at,
              struct err *err);
/* The whole body into the emptied `body`, its hash checked. ERR_ABSENT, ERR_DAMAGED. */
int body_read(struct body_source *source, MDB_txn *txn, const struct slot_key *slot,
              struct buf *body, struct err *err);

#endif
