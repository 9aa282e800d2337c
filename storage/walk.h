/* Inside storage/: a place in one table that survives the renewal of its read transaction. The
 * place is a gap: before a key or behind it. One thread. */
#ifndef STORAGE_WALK_H
#define STORAGE_WALK_H

#include "storage/tables.h"

enum { WALK_KEY_MAX = 512, WALK_STEPS = 256, WALK_HOLD_MS = 200 };

struct walk {
    struct store *store;
    enum table table;
    MDB_txn *txn;
    MDB_cursor *cursor;
    bool is_live;   /* the transaction is open */
    bool is_on_key; /* the cursor stands on `key` */
    bool is_behind; /* the place is behind `key`, else before it */
    uint8_t key[WALK_KEY_MAX];
    size_t key_length;
    const void *page; /* the last that was looked at; NULL: none in this transaction */
    unsigned steps;
    int64_t live_since_ms;
};

/* At the beginning of the table. walk_close() is safe after a failure and on a zeroed walk. */
int walk_open(struct walk *walk, struct store *store, enum table table, struct err *err);
void walk_close(struct walk *walk);
/* Lets go of the transaction; the next call takes a new one. */
void walk_rest(struct walk *walk);
void walk_place(struct walk *walk, const void *key, size_t length, bool is_behind);
/* 1: key and value (with its trailer), borrowed until the next call on this walk; 0: none left. */
int walk_next(struct walk *walk, MDB_val *key, MDB_val *value, struct err *err);
int walk_previous(struct walk *walk, MDB_val *key, MDB_val *value, struct err *err);
/* A transaction for other tables, the one of the value handed out last (so that a body is found
 * whose poll was just read) unless the walk rested since; borrowed until the next call on this
 * walk. */
int walk_txn(struct walk *walk, MDB_txn **txn, struct err *err);

#endif
