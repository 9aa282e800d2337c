/* The store: one directory with one LMDB environment. Open, grow, lock; the names of the tables.
 *
 *   data.mdb lock.mdb   LMDB's     pollardd.lock   held (flock) by the one service, holds its pid
 *
 * Tables (keys in key.h; every value ends with a checksum over key and value):
 *   meta         "format" "created" "note.NAME"         settings of the store itself; notes
 *   feeds        feed id              → struct stored_feed
 *   names        feed name            → feed id
 *   definitions  feed id, number      → from when, url epoch, JSON text
 *   shapes       feed id, url epoch   → format and rows path found by looking
 *   polls        feed id, slot        → poll_record
 *   bodies       feed id, slot, part  → a block of one body or more (pack.h)
 *   runs         start                → a service run: start, last sign of life, end, version
 *
 * Opened once per process; one thread writes (writer.h), others read in short transactions. */
#ifndef STORAGE_STORE_H
#define STORAGE_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

enum { STORE_FORMAT = 1 };

struct store;

enum store_mode {
    STORE_WRITE, /* pollardd: creates what is missing (0750, data.mdb 0640, lock.mdb 0660) and locks
                  */
    STORE_READ,  /* companion: must exist; read-only media work; as root takes the owner's uid first
                  */
    STORE_CHANGE, /* companion: must exist; writes beside a running pollardd, in short transactions;
                     as root takes the owner's uid first */
};

/* ERR_IN_USE: another pollardd, its pid in the text. ERR_ABSENT: no store there. ERR_NEWER,
 * ERR_DAMAGED, ERR_IO. Returns owned. */
int store_open(struct store **store, const char *dir, enum store_mode mode, struct err *err);
void store_close(struct store *store); /* NULL is fine */
const char *store_dir(const struct store *store);

struct stored_feed {
    uint32_t id;
    char name[101];
    int64_t created_at;
    int64_t first_slot_at; /* of its first poll of any outcome; AT_NONE: none. Survives pruning */
    bool is_open;          /* the account runs */
    int64_t opened_at;     /* the account's latest opening */
    int64_t closed_at;     /* if not open: when it ended; AT_NONE: never opened */
    uint32_t last_definition; /* 0: none */
    int64_t
        forgotten_to_at; /* the last slot of its account that was forgotten; AT_NONE: none was */
};

struct stored_definition {
    uint32_t number; /* 1, 2, … */
    int64_t from_at;
    uint32_t url_epoch; /* the number of the first definition with this url */
    const char *json;   /* borrowed for the call */
    size_t json_length;
};

struct stored_shape {
    uint8_t format; /* a feed_format as the caller numbers it; 0: not found yet */
    bool has_path;
    const char *path; /* terminated; borrowed for the call */
};

struct stored_run {
    int64_t started_at, alive_at, ended_at; /* ended: AT_NONE while running, or killed */
    char version[32];
};

/* Callbacks return 0 to go on, 1 to stop. Feeds come in order of name, definitions and runs in
 * order of number and time. Each call is one short read transaction. */
int store_each_feed(struct store *store, int (*on_feed)(void *, const struct stored_feed *),
                    void *cookie, struct err *err);
int store_each_definition(struct store *store, uint32_t feed_id,
                          int (*on_definition)(void *, const struct stored_definition *),
                          void *cookie, struct err *err);
int store_each_run(struct store *store, int (*on_run)(void *, const struct stored_run *),
                   void *cookie, struct err *err);
/* 1: found, path copied into `path` (emptied first; stays empty if it has none); 0: not; -1. */
int store_shape(struct store *store, uint32_t feed_id, uint32_t url_epoch, uint8_t *format,
                bool *has_path, struct buf *path, struct err *err);

/* Short texts that the service remembers by (RECORD_NOTE). */
enum { NOTE_NAME_MAX = 60, NOTE_TEXT_MAX = 64 * 1024 };
/* 1: found, copied into the emptied `out`; 0: nothing is noted under `name`; -1. */
int store_note(struct store *store, const char *name, struct buf *out, struct err *err);

/* Takes no time to speak of: nothing is walked. */
struct store_space {
    uint64_t used_bytes, file_bytes; /* pages in use, size of data.mdb */
    int64_t free_bytes, total_bytes; /* of the file system that it is on; -1: unknown */
};
int store_space(struct store *store, struct store_space *space, struct err *err);

struct store_stat {
    uint64_t feeds, polls, missed, bodies; /* polls: slots, runs counted out; missed: of these */
    uint64_t raw_bytes;                    /* of all bodies, decoded */
    uint64_t used_bytes, file_bytes;       /* pages in use, size of data.mdb */
    int64_t oldest_at, newest_at;          /* slots; AT_NONE: none */
};
int store_stat(struct store *store, struct store_stat *stat, struct err *err);
/* The same for each feed, by name, in an array that is the caller's to free. used_bytes of a feed
 * is its part of those of the store; file_bytes 0. */
struct store_feed_stat {
    struct stored_feed feed;
    struct store_stat stat;
};
int store_stat_feeds(struct store *store, struct store_stat *sum, struct store_feed_stat **feeds,
                     size_t *feed_count, struct err *err);
/* Grows with every commit of whatever process: the same number, nothing new. Takes no transaction.
 */
uint64_t store_version(const struct store *store);
/* Free bytes of the file system that the store is on; -1: unknown. */
int64_t store_free_bytes(const struct store *store);

#endif
