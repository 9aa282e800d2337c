/* Inside storage/: what verify asks of each value. */
#ifndef STORAGE_VERIFY_CHECKS_H
#define STORAGE_VERIFY_CHECKS_H

#include "storage/body.h"
#include "storage/key.h"
#include "storage/poll_record.h"
#include "storage/verify.h"
#include "storage/walk.h"

enum { FAULT_TEXT_MAX = 1024 };

/* What polls refer to again and again, looked up once. */
struct lookup {
    bool is_known, exists;
    uint32_t feed_id, number;
    int64_t slot_at;
    struct hash hash;
    uint64_t raw_bytes;
};

struct verify {
    struct store *store;
    struct verify_counts *counts;
    void (*on_fault)(void *cookie, const char *text);
    void *cookie;
    struct walk walk;
    struct body_source bodies;
    struct buf body;
    struct poll_record last_poll; /* without texts */
    uint32_t last_poll_feed;
    struct lookup feed, definition, kept; /* the last looked up */
    uint32_t block_parts;                 /* of the block that is being walked through */
    uint8_t block_key[KEY_BODY_BYTES];
};

struct verify_check {
    enum table table;
    size_t key_bytes; /* 0: any */
    /* `value` without its trailer, which fits; `key` of the right length. */
    void (*check)(struct verify *verify, const MDB_val *key, const MDB_val *value);
};
extern const struct verify_check verify_checks[TABLE_COUNT];

/* Counts a fault and tells it. */
void verify_fault(struct verify *verify, enum table table, const MDB_val *key, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));
void verify_fault_plain(struct verify *verify, const char *text);

#endif
