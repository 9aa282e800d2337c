#include "scheduler/outputs/byte_queue.h"

#include <stdlib.h>
#include <string.h>

int byte_queue_init(struct byte_queue *queue, size_t capacity, void (*on_news)(void *cookie),
                    void *cookie)
{
    memset(queue, 0, sizeof *queue);
    queue->capacity = capacity;
    queue->on_news = on_news;
    queue->cookie = cookie;
    queue->bytes = malloc(capacity);
    if (!queue->bytes)
        return -1;
    return sem_init(&queue->has_room, 0, 0); /* cannot fail so */
}

void byte_queue_release(struct byte_queue *queue)
{
    if (!queue->bytes)
        return;
    sem_destroy(&queue->has_room);
    free(queue->bytes);
    queue->bytes = NULL;
}

void byte_queue_begin(struct byte_queue *queue)
{
    if (!atomic_exchange(&queue->is_begun, true))
        queue->on_news(queue->cookie);
}

static size_t room_in(const struct byte_queue *queue)
{
    return queue->capacity - (atomic_load(&queue->written) - atomic_load(&queue->taken));
}

/* In one or two pieces of the ring. */
static void copy_in(struct byte_queue *queue, const char *bytes, size_t length)
{
    size_t written = atomic_load(&queue->written), tail = written % queue->capacity;
    size_t first = length < queue->capacity - tail ? length : queue->capacity - tail;

    memcpy(queue->bytes + tail, bytes, first);
    memcpy(queue->bytes, bytes + first, length - first);
    atomic_store(&queue->written, written + length);
    queue->on_news(queue->cookie);
}

/* For half of it: to be woken for every few bytes would cost more than the bytes. The reader looks
 * at is_waiting after it took, so one of the two sees the other. */
static void await_room(struct byte_queue *queue)
{
    atomic_store(&queue->is_waiting, true);
    if (room_in(queue) < queue->capacity / 2 && !byte_queue_is_abandoned(queue))
        sem_wait(&queue->has_room);
    atomic_store(&queue->is_waiting, false);
}

int byte_queue_put(struct byte_queue *queue, const char *bytes, size_t length)
{
    while (length > 0 && !byte_queue_is_abandoned(queue)) {
        size_t room = room_in(queue), part = length < room ? length : room;

        if (part < length && room < queue->capacity / 2) {
            await_room(queue);
            continue;
        }
        copy_in(queue, bytes, part);
        bytes += part;
        length -= part;
    }
    return length > 0 ? -1 : 0;
}

bool byte_queue_is_abandoned(const struct byte_queue *queue)
{
    return atomic_load(&queue->is_abandoned);
}

void byte_queue_end(struct byte_queue *queue, bool is_whole, const struct err *verdict)
{
    queue->is_whole = is_whole;
    queue->verdict = *verdict;
    atomic_store(&queue->is_ended, true);
    queue->on_news(queue->cookie);
}

size_t byte_queue_take(struct byte_queue *queue, char *out, size_t room)
{
    size_t taken = atomic_load(&queue->taken), head = taken % queue->capacity;
    size_t length = atomic_load(&queue->written) - taken, first;

    if (length > room)
        length = room;
    first = length < queue->capacity - head ? length : queue->capacity - head;
    memcpy(out, queue->bytes + head, first);
    memcpy(out + first, queue->bytes, length - first);
    atomic_store(&queue->taken, taken + length);
    if (room_in(queue) >= queue->capacity / 2 && atomic_exchange(&queue->is_waiting, false))
        sem_post(&queue->has_room);
    return length;
}

void byte_queue_abandon(struct byte_queue *queue)
{
    atomic_store(&queue->is_abandoned, true);
    sem_post(&queue->has_room);
}

struct byte_queue_state byte_queue_look(const struct byte_queue *queue, struct err *verdict)
{
    /* That it ended is asked first: what it wrote before is then seen, too. */
    struct byte_queue_state state = {.is_ended = atomic_load(&queue->is_ended)};

    state.is_whole = state.is_ended && queue->is_whole;
    state.is_begun = atomic_load(&queue->is_begun);
    state.has_bytes = atomic_load(&queue->written) != atomic_load(&queue->taken);
    if (verdict && state.is_ended && !state.is_whole)
        *verdict = queue->verdict;
    return state;
}
