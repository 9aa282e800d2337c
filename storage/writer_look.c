#include "storage/writer_parts.h"

/* What looks does not change; the lock is no part of what it looks at. */
static struct writer *lock_to_look(const struct writer *writer)
{
    struct writer *locked = (struct writer *)writer;

    (void)pthread_mutex_lock(&locked->lock);
    return locked;
}

bool writer_is_idle(const struct writer *writer)
{
    struct writer *locked = lock_to_look(writer);
    bool is_idle = !locked->waiting.head && !locked->batch_count && !locked->committed.head &&
                   !locked->chores.head;

    (void)pthread_mutex_unlock(&locked->lock);
    return is_idle;
}

bool writer_is_full(const struct writer *writer)
{
    struct writer *locked = lock_to_look(writer);
    bool is_full = locked->waiting_bytes + locked->batch_bytes >= locked->options.queue_bytes;

    (void)pthread_mutex_unlock(&locked->lock);
    return is_full;
}

enum writer_state writer_state(struct writer *writer, struct err *why)
{
    enum writer_state state;

    (void)pthread_mutex_lock(&writer->lock);
    state = writer->state;
    if (why)
        *why = writer->why;
    (void)pthread_mutex_unlock(&writer->lock);
    return state;
}

int64_t writer_commit_ms(const struct writer *writer)
{
    struct writer *locked = lock_to_look(writer);
    int64_t commit_ms = locked->commit_ms;

    (void)pthread_mutex_unlock(&locked->lock);
    return commit_ms;
}

void writer_look(const struct writer *writer, struct writer_view *view)
{
    struct writer *locked = lock_to_look(writer);

    *view = (struct writer_view){
        .commits_us = locked->commits_us,
        .waiting_bytes = (int64_t)(locked->waiting_bytes + locked->batch_bytes),
        .waiting_count = (int64_t)(locked->waiting.count + locked->batch_count)};
    (void)pthread_mutex_unlock(&locked->lock);
}

int64_t writer_waits_ms(const struct writer *writer)
{
    struct writer *locked = lock_to_look(writer);
    bool is_waiting = locked->waiting.head || locked->batch_count;
    int64_t waits_ms = is_waiting ? clock_mono_ms() - locked->since_ms : 0;

    (void)pthread_mutex_unlock(&locked->lock);
    return waits_ms;
}

void writer_set_disk_reserve(struct writer *writer, int64_t bytes)
{
    (void)pthread_mutex_lock(&writer->lock);
    writer->disk_reserve_bytes = bytes;
    (void)pthread_mutex_unlock(&writer->lock);
}

void writer_drop_chores(struct writer *writer)
{
    (void)pthread_mutex_lock(&writer->lock);
    writer->drops_chores = true;
    (void)pthread_cond_signal(&writer->wake);
    (void)pthread_mutex_unlock(&writer->lock);
}
