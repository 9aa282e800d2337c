/* Inside storage/: what store.h hides. The environment, its tables, read transactions, sealed
 * values. LMDB's return codes (rc) stay in here; table_error() turns them into errors.
 *
 * An LMDB map may only grow while no transaction of this process is open, so read transactions are
 * counted and the writer grows the map when there are none. */
#ifndef STORAGE_TABLES_H
#define STORAGE_TABLES_H

#include <lmdb.h>
#include <pthread.h>

#include "storage/store.h"

/* Numbers are in the checksums on disk: append, never renumber. */
#define TABLES(_)                                                                                  \
    _(META, "meta")                                                                                \
    _(FEEDS, "feeds")                                                                              \
    _(NAMES, "names")                                                                              \
    _(DEFINITIONS, "definitions")                                                                  \
    _(SHAPES, "shapes")                                                                            \
    _(POLLS, "polls")                                                                              \
    _(BODIES, "bodies")                                                                            \
    _(RUNS, "runs")

enum table {
#define TABLE_ENUM(name, text) TABLE_##name,
    TABLES(TABLE_ENUM)
#undef TABLE_ENUM
};
enum { TABLE_COUNT = TABLE_RUNS + 1 };

const char *table_name(enum table table);

struct store {
    char *dir;
    enum store_mode mode;
    MDB_env *env;
    MDB_dbi tables[TABLE_COUNT];
    int lock_fd;       /* -1: not locked */
    size_t page_bytes; /* 0: not those of this machine, pages are not looked at */
    pthread_mutex_t guard;
    unsigned reads;           /* open read transactions; under guard */
    unsigned adopters;        /* threads that wait for reads to be 0; none begins meanwhile */
    pthread_cond_t has_moved; /* one of the two went to 0 */
};

/* Without the hint at `pollard verify` in the text. */
int store_open_plain(struct store **store, const char *dir, enum store_mode mode, struct err *err);
/* Fills `err` from LMDB's (or the system's) code and returns -1. */
int table_error(const struct store *store, int rc, const char *what, struct err *err);

/* A read transaction, begun or begun again after a reset: answers MDB_MAP_RESIZED. */
int table_begin_read(struct store *store, MDB_txn **txn, struct err *err);
int table_renew_read(struct store *store, MDB_txn *txn, struct err *err);
void table_reset_read(struct store *store, MDB_txn *txn);
void table_end_read(struct store *store, MDB_txn *txn, bool is_live); /* NULL is fine */
/* 1: found, the value without its trailer, borrowed until the transaction ends; 0: not; -1. */
int table_get(struct store *store, MDB_txn *txn, enum table table, const MDB_val *key,
              MDB_val *value, struct err *err);
/* Takes the trailer off. ERR_DAMAGED names table and key. */
int table_unseal(enum table table, const MDB_val *key, MDB_val *value, struct err *err);
/* What a person calls the place: `polls, feed 3, slot 2026-11-23T22:15:00.000000Z`. */
enum { TABLE_PLACE_MAX = 192 };
void table_place(enum table table, const MDB_val *key, char out[TABLE_PLACE_MAX]);

#define STORE_NOTE_PREFIX "note."
enum { STORE_NOTE_KEY_MAX = sizeof STORE_NOTE_PREFIX + NOTE_NAME_MAX };
/* The key of a note, terminated, in `meta`. -1: no such name can be. */
int store_note_key(const char *name, char out[STORE_NOTE_KEY_MAX]);

/* For the writing thread; these return LMDB's rc. The value is sealed while it is stored. */
int table_put(struct store *store, MDB_txn *txn, enum table table, const MDB_val *key,
              const MDB_val *value, unsigned flags);
/* The value without its trailer; EBADMSG if that does not fit. */
int table_find(struct store *store, MDB_txn *txn, enum table table, const MDB_val *key,
               MDB_val *value);
/* One write transaction, durable when this returns 0, with the map made larger where it must be
 * (EAGAIN: somebody of this process reads just now) and taken over where another process did that.
 * `write` returns an rc; it may be called again after an attempt that came to nothing. */
enum { CHANGE_NOTHING = -1 /* from `write`: there is nothing to commit; all is well */ };
int store_change(struct store *store, int (*write)(void *cookie, MDB_txn *txn), void *cookie);
/* Makes the map larger. EAGAIN: somebody reads just now. */
int store_grow(struct store *store);
/* Takes the size that another process has given the map, once no thread of this one reads. EAGAIN:
 * one did not let go. */
int store_adopt_map(struct store *store);
/* Before LMDB opens the file: its two first pages must agree. */
int store_check_heads(struct store *store, struct err *err);
/* Before any page but these is touched: a page behind the end of the file is SIGBUS. */
int store_check_size(struct store *store, struct err *err);
/* LMDB may leave the file a few pages shorter than its last page number says (pages used and freed
 * within one transaction are never written); this makes the size honest again. While it does no
 * other process writes: one that came in between would have its pages cut off. */
void store_settle_size(struct store *store);
uint64_t store_file_bytes(struct store *store);

#endif
