/* Bytes from one thread to another, with a limit: one writer, which waits for room, and one reader,
 * which never waits. There is no lock between them: a writer that the system sets aside in the
 * middle of a copy would hold up the reader, and that is the loop. */
#ifndef SCHEDULER_OUTPUTS_BYTE_QUEUE_H
#define SCHEDULER_OUTPUTS_BYTE_QUEUE_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct byte_queue {
    char *bytes; /* a ring */
    size_t capacity;
    atomic_size_t written, taken; /* in all: the ring holds the difference */
    atomic_bool is_begun; /* the writer has found nothing wrong; its first byte may be far */
    atomic_bool is_ended; /* it has written its last, and then said: */
    bool is_whole;
    struct err verdict;
    atomic_bool is_abandoned; /* the reader wants no more */
    atomic_bool is_waiting;   /* the writer, for room */
    sem_t has_room;
    void (*on_news)(void *cookie); /* called on the writer's thread */
    void *cookie;
};

/* -1: no memory. */
int byte_queue_init(struct byte_queue *queue, size_t capacity, void (*on_news)(void *cookie),
                    void *cookie);
void byte_queue_release(struct byte_queue *queue);

/* The writer's. put waits while it is full; -1: the reader wants no more. */
void byte_queue_begin(struct byte_queue *queue);
int byte_queue_put(struct byte_queue *queue, const char *bytes, size_t length);
bool byte_queue_is_abandoned(const struct byte_queue *queue);
void byte_queue_end(struct byte_queue *queue, bool is_whole, const struct err *verdict);

/* The reader's. take gives what there is, at most `room`; 0: nothing now. */
size_t byte_queue_take(struct byte_queue *queue, char *out, size_t room);
void byte_queue_abandon(struct byte_queue *queue);

struct byte_queue_state {
    bool has_bytes, is_begun, is_ended, is_whole;
};
/* `verdict` (may be NULL) is filled if it has ended and is not whole. */
struct byte_queue_state byte_queue_look(const struct byte_queue *queue, struct err *verdict);

#endif
