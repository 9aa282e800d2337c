/* Bytes from one thread to another, with a limit. The writer waits for room; the reader never
 * waits, and is told when there is something new. */
#ifndef SCHEDULER_OUTPUTS_BYTE_QUEUE_H
#define SCHEDULER_OUTPUTS_BYTE_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct byte_queue {
    pthread_mutex_t lock; /* over all below */
    pthread_cond_t has_room;
    char *bytes; /* a ring */
    size_t capacity, head, length;
    bool is_begun;      /* the writer has found nothing wrong, its first byte may still be far */
    bool is_ended;      /* it has written its last */
    struct err verdict; /* … and why, if that was not its end */
    bool is_whole;
    bool is_abandoned; /* the reader wants no more */
    /* Called on the writer's thread, with the lock held. */
    void (*on_news)(void *cookie);
    void *cookie;
};

/* -1: no memory. */
int byte_queue_init(struct byte_queue *queue, size_t capacity, void (*on_news)(void *cookie),
                    void *cookie);
void byte_queue_release(struct byte_queue *queue);

/* The writer's. put waits while it is full; -1: the reader wants no more. */
void byte_queue_begin(struct byte_queue *queue);
int byte_queue_put(struct byte_queue *queue, const char *bytes, size_t length);
bool byte_queue_is_abandoned(struct byte_queue *queue);
void byte_queue_end(struct byte_queue *queue, bool is_whole, const struct err *verdict);

/* The reader's. take gives what there is, at most `room`; 0: nothing now. */
size_t byte_queue_take(struct byte_queue *queue, char *out, size_t room);
void byte_queue_abandon(struct byte_queue *queue);

struct byte_queue_state {
    size_t length; /* to be taken */
    bool is_begun, is_ended, is_whole;
};
/* `verdict` (may be NULL) is filled if it has ended and is not whole. */
struct byte_queue_state byte_queue_look(struct byte_queue *queue, struct err *verdict);

#endif
