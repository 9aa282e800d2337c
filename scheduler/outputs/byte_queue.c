#include "scheduler/outputs/byte_queue.h"

#include <stdlib.h>
#include <string.h>

int byte_queue_init(struct byte_queue *queue, size_t capacity, void (*on_news)(void *cookie),
                    void *cookie)
{
    *queue = (struct byte_queue){.capacity = capacity, .on_news = on_news, .cookie = cookie};
    queue->bytes = malloc(capacity);
    if (!queue->bytes)
        return -1;
    if (pthread_mutex_init(&queue->lock, NULL) != 0)
        goto fail;
    if (pthread_cond_init(&queue->has_room, NULL) != 0) {
        (void)pthread_mutex_destroy(&queue->lock);
        goto fail;
    }
    return 0;
fail:
    free(queue->bytes);
    queue->bytes = NULL;
    return -1;
}

void byte_queue_release(struct byte_queue *queue)
{
    if (!queue->bytes)
        return;
    (void)pthread_cond_destroy(&queue->has_room);
    (void)pthread_mutex_destroy(&queue->lock);
    free(queue->bytes);
    queue->bytes = NULL;
}

static void lock(struct byte_queue *queue)
{
    (void)pthread_mutex_lock(&queue->lock);
}

static void unlock(struct byte_queue *queue)
{
    (void)pthread_mutex_unlock(&queue->lock);
}

void byte_queue_begin(struct byte_queue *queue)
{
    lock(queue);
    if (!queue->is_begun) {
        queue->is_begun = true;
        queue->on_news(queue->cookie);
    }
    unlock(queue);
}

/* Copies what fits now, in one or two pieces of the ring; returns how much. */
static size_t copy_in(struct byte_queue *queue, const char *bytes, size_t length)
{
    size_t tail = (queue->head + queue->length) % queue->capacity;
    size_t room = queue->capacity - queue->length, first;

    if (length > room)
        length = room;
    first = length < queue->capacity - tail ? length : queue->capacity - tail;
    memcpy(queue->bytes + tail, bytes, first);
    memcpy(queue->bytes, bytes + first, length - first);
    queue->length += length;
    return length;
}

int byte_queue_put(struct byte_queue *queue, const char *bytes, size_t length)
{
    lock(queue);
    while (length > 0 && !queue->is_abandoned) {
        bool was_empty = queue->length == 0;
        size_t copied = copy_in(queue, bytes, length);

        bytes += copied;
        length -= copied;
        if (copied > 0 && was_empty)
            queue->on_news(queue->cookie);
        if (copied == 0)
            (void)pthread_cond_wait(&queue->has_room, &queue->lock);
    }
    unlock(queue);
    return length > 0 ? -1 : 0;
}

bool byte_queue_is_abandoned(struct byte_queue *queue)
{
    bool is_abandoned;

    lock(queue);
    is_abandoned = queue->is_abandoned;
    unlock(queue);
    return is_abandoned;
}

void byte_queue_end(struct byte_queue *queue, bool is_whole, const struct err *verdict)
{
    lock(queue);
    queue->is_ended = true;
    queue->is_whole = is_whole;
    queue->verdict = *verdict;
    queue->on_news(queue->cookie);
    unlock(queue);
}

size_t byte_queue_take(struct byte_queue *queue, char *out, size_t room)
{
    size_t length, first;

    lock(queue);
    length = queue->length < room ? queue->length : room;
    first = length < queue->capacity - queue->head ? length : queue->capacity - queue->head;
    memcpy(out, queue->bytes + queue->head, first);
    memcpy(out + first, queue->bytes, length - first);
    queue->head = (queue->head + length) % queue->capacity;
    queue->length -= length;
    /* Half of it: to be woken for every few bytes would cost more than the bytes. */
    if (length > 0 && queue->length <= queue->capacity / 2)
        (void)pthread_cond_signal(&queue->has_room);
    unlock(queue);
    return length;
}

void byte_queue_abandon(struct byte_queue *queue)
{
    lock(queue);
    queue->is_abandoned = true;
    (void)pthread_cond_signal(&queue->has_room);
    unlock(queue);
}

struct byte_queue_state byte_queue_look(struct byte_queue *queue, struct err *verdict)
{
    struct byte_queue_state state;

    lock(queue);
    state = (struct byte_queue_state){.length = queue->length,
                                      .is_begun = queue->is_begun,
                                      .is_ended = queue->is_ended,
                                      .is_whole = queue->is_whole};
    if (verdict && state.is_ended && !state.is_whole)
        *verdict = queue->verdict;
    unlock(queue);
    return state;
}
