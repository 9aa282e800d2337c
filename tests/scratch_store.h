/* A store in a directory of its own, for tests. Everything asserts; nothing returns an error. */
#ifndef TESTS_SCRATCH_STORE_H
#define TESTS_SCRATCH_STORE_H

#include "storage/reader.h"
#include "storage/store.h"
#include "storage/writer.h"

#define SECOND US_PER_SECOND
#define NOON   (INT64_C(1795435200) * US_PER_SECOND) /* 2026-11-23T12:00:00Z */

enum { SCRATCH_DIR_MAX = 64 };

struct scratch {
    char dir[SCRATCH_DIR_MAX];
    struct store *store;
    struct writer *writer;
};

/* A new empty directory. scratch_remove() takes everything in it away; both take what they are
 * given. */
void scratch_dir(char dir[SCRATCH_DIR_MAX]);
void scratch_remove(const char *dir);

/* Directory, store and a writer without linger. */
void scratch_start(struct scratch *scratch);
/* Store and writer on the directory there is. */
void scratch_reopen(struct scratch *scratch);
void scratch_close(struct scratch *scratch);
void scratch_end(struct scratch *scratch); /* close, remove */

struct record *scratch_feed(uint32_t feed_id, const char *name);
struct record *scratch_definition(uint32_t feed_id, uint32_t number, const char *json);
/* A poll with an answer of every field that such an outcome has; definition 1. */
struct record *scratch_poll(uint32_t feed_id, int64_t slot_at, enum outcome outcome);
struct record *scratch_new(uint32_t feed_id, int64_t slot_at, const void *body, size_t length);
struct record *scratch_same(uint32_t feed_id, int64_t slot_at, int64_t body_slot_at,
                            const void *body, size_t length);
struct record *scratch_missed(uint32_t feed_id, int64_t slot_at, uint64_t count, int64_t step_us);
/* Bytes that no compression makes smaller; the same for the same seed. */
void scratch_noise(void *bytes, size_t length, uint64_t seed);

/* Appends and waits until it is committed. true: it was stored; false: refused. */
bool scratch_put(struct scratch *scratch, struct record *record);
void scratch_append(struct scratch *scratch, struct record *record);
/* Waits until nothing waits; returns how many came back, all of them freed. */
size_t scratch_settle(struct scratch *scratch);
/* verify finds no fault in the store in `dir`, which is not open. */
void scratch_expect_sound(const char *dir);
/* The feed's slots in order, runs unrolled, as "N0 M10": outcome and seconds since NOON. */
void scratch_print(struct scratch *scratch, uint32_t feed_id, char *out, size_t size);

#endif
