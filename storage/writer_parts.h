/* struct writer, for writer.c (the thread) and writer_look.c (what others see of it). Not for
 * others. */
#ifndef STORAGE_WRITER_PARTS_H
#define STORAGE_WRITER_PARTS_H

#include <pthread.h>

#include "storage/commit.h"
#include "storage/writer.h"

struct writer {
    struct store *store;
    struct writer_options options;
    pthread_t thread;
    pthread_mutex_t lock; /* over everything up to the blank line */
    pthread_cond_t wake;
    struct list waiting, committed;
    struct list chores; /* what may wait: RECORD_FORGET */
    int64_t chore_ms;   /* no chore before this */
    bool drops_chores;
    size_t waiting_bytes, batch_bytes; /* batch: taken out of `waiting`, not committed yet */
    size_t batch_count;
    int64_t oldest_ms; /* when the head of `waiting` came */
    int64_t retry_ms;  /* not before this; 0: at once */
    int64_t commit_ms;
    struct histogram commits_us;
    int64_t since_ms; /* something has waited from here on, and no attempt has ended since */
    int64_t disk_reserve_bytes;
    enum writer_state state;
    struct err why;
    bool is_stopping;

    struct commit *commit; /* the thread's own */
    int64_t readers_checked_ms;
    size_t one_by_one; /* so many records go alone: one of them cannot be stored */
};

#endif
