/* The one thread that writes. Takes records, commits everything waiting in one transaction, gives
 * the records back as committed. Group commit by bytes or time; the caller never waits for the
 * disk.
 *
 * writer_append / collect / is_full / state are for the loop's thread, on_committed is called on
 * the writer's thread and should only wake the loop. Records come back in the order in which they
 * went in, and only after they are durable. When the disk is full (or below disk_reserve_bytes)
 * nothing is lost: the writer keeps what waits, tries again every second, and says WRITER_DISK_FULL
 * meanwhile. RECORD_FORGETs are chores: done in steps when nothing else is due, and given back when
 * they are through, in no order with the others. */
#ifndef STORAGE_WRITER_H
#define STORAGE_WRITER_H

#include "base/histogram.h"
#include "storage/record.h"
#include "storage/store.h"

struct writer_options {
    int64_t linger_ms;  /* wait this long for company; 0: commit at once */
    size_t batch_bytes; /* … unless this much waits; also the size of one transaction, about */
    size_t queue_bytes; /* ERR_FULL above it */
    int64_t disk_reserve_bytes;
    void (*on_committed)(void *cookie); /* on the writer's thread; also when the state changes */
    void *cookie;
};

enum writer_state {
    WRITER_OK,
    WRITER_DISK_FULL, /* waits for space */
    WRITER_BROKEN,    /* a commit failed for another reason: end the process, start anew */
};

struct writer;

/* Borrows `store` until writer_stop() has returned. Returns owned. */
int writer_start(struct writer **writer, struct store *store, const struct writer_options *options,
                 struct err *err);
/* Takes `record`, even on failure. ERR_FULL: too much is waiting, fetch less (RECORD_POLLs with a
 * body only: small records are always taken). */
int writer_append(struct writer *writer, struct record *record, struct err *err);
/* Gives back what RECORD_FORGET has not done yet, undone: before the service ends. For good. */
void writer_drop_chores(struct writer *writer);
/* Moves all committed records into `committed` (record_free each). Never waits. */
void writer_collect(struct writer *writer, struct list *committed);
bool writer_is_idle(const struct writer *writer); /* nothing waits, nothing to collect */
bool writer_is_full(const struct writer *writer);
/* The reason of a state other than OK goes into `why` (may be NULL). */
enum writer_state writer_state(struct writer *writer, struct err *why);
/* Milliseconds that the last commit took; 0: none yet. */
int64_t writer_commit_ms(const struct writer *writer);
/* What has been committed and what waits. */
struct writer_view {
    struct histogram commits_us; /* how long commits took */
    int64_t waiting_bytes, waiting_count;
};
void writer_look(const struct writer *writer, struct writer_view *view);
/* For how long something has waited while no commit ended; 0: nothing waits. An attempt that finds
 * the disk full ends, too; one that hangs, or is put off for another reason, does not. */
int64_t writer_waits_ms(const struct writer *writer);
void writer_set_disk_reserve(struct writer *writer, int64_t bytes);
/* Commits what waits (gives up at once if the disk is full), ends the thread and frees. What was
 * not committed was never reported. */
void writer_stop(struct writer *writer);

#endif
