#include "storage/writer.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "storage/tables.h"
#include "storage/writer_parts.h"

enum { RETRY_MS = 1000, READERS_CHECK_MS = 60000, RECORD_BYTES = 512 };

static const int64_t commit_bounds_us[] = {1000,    2500,    5000,     10000,    25000,
                                           50000,   100000,  250000,   500000,   1000000,
                                           2500000, 5000000, 10000000, INT64_MAX};

static size_t bytes_of(const struct record *record)
{
    return RECORD_BYTES + record->body_length + record->texts.length +
           (record->text ? strlen(record->text) : 0);
}

static void wait_until(struct writer *writer, int64_t until_ms)
{
    struct timespec until = {until_ms / 1000, until_ms % 1000 * 1000000};

    (void)pthread_cond_timedwait(&writer->wake, &writer->lock, &until);
}

/* When the next batch may go: AT_NEVER: nothing to do. */
static int64_t due_ms(const struct writer *writer)
{
    if (!writer->waiting.head || writer->state == WRITER_BROKEN)
        return AT_NEVER;
    if (writer->retry_ms)
        return writer->retry_ms;
    if (writer->one_by_one || writer->waiting_bytes >= writer->options.batch_bytes)
        return 0;
    return writer->oldest_ms + writer->options.linger_ms;
}

static int64_t chore_due_ms(const struct writer *writer)
{
    if (!writer->chores.head || writer->state == WRITER_BROKEN)
        return AT_NEVER;
    return writer->drops_chores ? 0 : writer->chore_ms;
}

enum work { WORK_COMMIT, WORK_CHORE, WORK_NONE };

/* Chores fill the time in which nothing is due. WORK_NONE: the end. A writer that stops tries once
 * more what failed before. */
static enum work wait_for_work(struct writer *writer)
{
    for (;;) {
        int64_t due = due_ms(writer), chore_due = chore_due_ms(writer), now = clock_mono_ms();

        if (writer->is_stopping)
            return due != AT_NEVER ? WORK_COMMIT : WORK_NONE;
        if (due <= now)
            return WORK_COMMIT;
        if (chore_due <= now)
            return WORK_CHORE;
        if (due == AT_NEVER && chore_due == AT_NEVER)
            (void)pthread_cond_wait(&writer->wake, &writer->lock);
        else
            wait_until(writer, due < chore_due ? due : chore_due);
    }
}

/* As much as fits in one transaction; a record larger than that goes alone. */
static void take_batch(struct writer *writer, struct list *batch)
{
    writer->batch_bytes = 0;
    while (writer->waiting.head) {
        size_t bytes = bytes_of((struct record *)writer->waiting.head);

        if (batch->count &&
            (writer->one_by_one || writer->batch_bytes + bytes > writer->options.batch_bytes))
            break;
        writer->batch_bytes += bytes;
        list_push(batch, list_take(&writer->waiting));
    }
    writer->waiting_bytes -= writer->batch_bytes;
    writer->batch_count = batch->count;
}

static void give_back(struct writer *writer, struct list *batch)
{
    list_move(batch, &writer->waiting);
    list_move(&writer->waiting, batch);
    writer->waiting_bytes += writer->batch_bytes;
    writer->batch_bytes = 0;
    writer->batch_count = 0;
}

/* One attempt: LMDB's rc, or ENOSPC without having tried when the disk is below the reserve. */
static int attempt(struct writer *writer, const struct list *batch, int64_t reserve_bytes)
{
    int64_t free_bytes = store_free_bytes(writer->store);
    int dead;

    if (clock_mono_ms() - writer->readers_checked_ms > READERS_CHECK_MS) {
        (void)mdb_reader_check(writer->store->env, &dead);
        writer->readers_checked_ms = clock_mono_ms();
    }
    if (free_bytes >= 0 && free_bytes < reserve_bytes)
        return ENOSPC;
    return commit_batch(writer->commit, batch);
}

static void set_state(struct writer *writer, enum writer_state state, int rc)
{
    writer->state = state;
    writer->retry_ms = 0;
    writer->why.kind = ERR_NONE;
    writer->why.text[0] = '\0';
    if (state == WRITER_DISK_FULL)
        (void)err_set(&writer->why, ERR_FULL, "store \"%s\": the disk is full, or nearly",
                      store_dir(writer->store));
    else if (rc)
        (void)table_error(writer->store, rc, "cannot commit", &writer->why);
}

static void finish(struct writer *writer, struct list *batch)
{
    if (writer->one_by_one)
        writer->one_by_one -= batch->count < writer->one_by_one ? batch->count : writer->one_by_one;
    list_move(&writer->committed, batch);
    writer->batch_bytes = 0;
    writer->batch_count = 0;
    set_state(writer, WRITER_OK, 0);
}

static void settle(struct writer *writer, struct list *batch, int rc)
{
    enum commit_result result = commit_judge(writer->store, rc, writer->batch_bytes);

    if (result != COMMIT_LATER && result != COMMIT_BROKEN)
        writer->since_ms = clock_mono_ms();
    switch (result) {
    case COMMIT_DONE:
        finish(writer, batch);
        return;
    case COMMIT_ONE_RECORDS:
        if (batch->count == 1) {
            ((struct record *)batch->head)->was_refused = true;
            finish(writer, batch);
            return;
        }
        writer->one_by_one = batch->count;
        break;
    case COMMIT_NO_SPACE:
        set_state(writer, WRITER_DISK_FULL, rc);
        writer->retry_ms = clock_mono_ms() + RETRY_MS;
        break;
    case COMMIT_LATER:
        writer->retry_ms = clock_mono_ms() + RETRY_MS;
        break;
    case COMMIT_BROKEN:
        set_state(writer, WRITER_BROKEN, rc);
        break;
    }
    give_back(writer, batch);
}

static void note_commit(struct writer *writer, int64_t took_us)
{
    histogram_note(&writer->commits_us, took_us);
    writer->commit_ms = took_us > US_PER_MS ? took_us / US_PER_MS : 1;
}

static void add_pruned(struct pruned *sum, const struct pruned *step)
{
    struct pruned before = *sum;

    *sum = *step;
    sum->polls += before.polls;
    sum->bodies += before.bodies;
    sum->bytes += before.bytes;
    sum->has_lost_body |= before.has_lost_body;
}

/* One step of the first chore. Half of the time is left to others who write or read. */
static void do_chore(struct writer *writer)
{
    struct record *chore = (struct record *)writer->chores.head;
    struct pruned step = {.oldest_at = AT_NONE};
    struct err err = {0};
    int64_t began_ms = clock_mono_ms();
    int failed = 0;
    bool is_later;

    if (!writer->drops_chores) {
        (void)pthread_mutex_unlock(&writer->lock);
        failed = prune_step(writer->store, chore->feed_id, chore->at, &step, &err);
        (void)pthread_mutex_lock(&writer->lock);
    }
    is_later = failed && (err.kind == ERR_FULL || err.kind == ERR_MEMORY);
    writer->chore_ms = is_later ? clock_mono_ms() + RETRY_MS : 2 * clock_mono_ms() - began_ms;
    if (!failed)
        add_pruned(&chore->pruned, &step);
    if (!writer->drops_chores && (is_later || (!failed && !step.is_done)))
        return;
    chore->was_refused = failed;
    list_push(&writer->committed, list_take(&writer->chores));
}

static void do_commit(struct writer *writer)
{
    struct list batch = {0};
    int64_t reserve_bytes = writer->disk_reserve_bytes;
    int64_t began_us;
    int rc;

    take_batch(writer, &batch);
    (void)pthread_mutex_unlock(&writer->lock);
    began_us = clock_mono_us();
    rc = attempt(writer, &batch, reserve_bytes);
    (void)pthread_mutex_lock(&writer->lock);
    if (!rc)
        note_commit(writer, clock_mono_us() - began_us);
    settle(writer, &batch, rc);
}

static void work(struct writer *writer)
{
    enum work wanted;
    bool gives_up = false;

    while (!gives_up && (wanted = wait_for_work(writer)) != WORK_NONE) {
        enum writer_state before = writer->state;
        bool is_news;

        if (wanted == WORK_COMMIT)
            do_commit(writer);
        else
            do_chore(writer);
        is_news = writer->committed.head || writer->state != before;
        gives_up = writer->is_stopping && (writer->retry_ms || writer->state == WRITER_BROKEN);
        (void)pthread_mutex_unlock(&writer->lock);
        if (is_news && writer->options.on_committed)
            writer->options.on_committed(writer->options.cookie);
        (void)pthread_mutex_lock(&writer->lock);
    }
}

static void *writer_thread(void *cookie)
{
    struct writer *writer = cookie;

    (void)pthread_mutex_lock(&writer->lock);
    work(writer);
    (void)pthread_mutex_unlock(&writer->lock);
    return NULL;
}

static void free_records(struct list *list)
{
    struct list_link *link;

    while ((link = list_take(list)))
        record_free((struct record *)link);
}

static void writer_free(struct writer *writer)
{
    free_records(&writer->waiting);
    free_records(&writer->committed);
    free_records(&writer->chores);
    commit_free(writer->commit);
    (void)pthread_cond_destroy(&writer->wake);
    (void)pthread_mutex_destroy(&writer->lock);
    free(writer);
}

static int init_locks(struct writer *writer)
{
    pthread_condattr_t attributes;
    int failed = pthread_mutex_init(&writer->lock, NULL);

    if (failed)
        return -1;
    failed = pthread_condattr_init(&attributes);
    if (!failed) {
        failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) ||
                 pthread_cond_init(&writer->wake, &attributes);
        (void)pthread_condattr_destroy(&attributes);
    }
    if (failed)
        (void)pthread_mutex_destroy(&writer->lock);
    return failed ? -1 : 0;
}

/* Signals are the loop's business: the thread is born with all of them blocked. */
static int start_thread(struct writer *writer, struct err *err)
{
    sigset_t all, before;
    int failed;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&writer->thread, NULL, writer_thread, writer);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return err_set(err, ERR_IO, "cannot start the writing thread: %s", strerror(failed));
    (void)pthread_setname_np(writer->thread, "writer");
    return 0;
}

int writer_start(struct writer **out, struct store *store, const struct writer_options *options,
                 struct err *err)
{
    struct writer *writer = calloc(1, sizeof *writer);

    *out = NULL;
    if (!writer)
        return err_memory(err);
    writer->store = store;
    writer->options = *options;
    writer->disk_reserve_bytes = options->disk_reserve_bytes;
    histogram_init(&writer->commits_us, commit_bounds_us);
    if (init_locks(writer)) {
        free(writer);
        return err_memory(err);
    }
    writer->commit = commit_new(store);
    if (!writer->commit || start_thread(writer, err)) {
        if (!writer->commit)
            (void)err_memory(err);
        writer_free(writer);
        return -1;
    }
    *out = writer;
    return 0;
}

static void append_chore(struct writer *writer, struct record *record)
{
    record->was_refused = false;
    record->pruned = (struct pruned){.oldest_at = AT_NONE};
    (void)pthread_mutex_lock(&writer->lock);
    list_push(&writer->chores, &record->link);
    (void)pthread_cond_signal(&writer->wake);
    (void)pthread_mutex_unlock(&writer->lock);
}

/* The body of a `same` poll is there for a rare case: no reason to refuse it. */
static void spare_body(struct record *record)
{
    free(record->body);
    record->body = NULL;
    record->body_length = 0;
}

int writer_append(struct writer *writer, struct record *record, struct err *err)
{
    size_t bytes = bytes_of(record);
    size_t waiting;
    bool is_first;

    if (record->kind == RECORD_FORGET) {
        append_chore(writer, record);
        return 0;
    }
    (void)pthread_mutex_lock(&writer->lock);
    waiting = writer->waiting_bytes + writer->batch_bytes;
    if (record->poll.outcome == OUTCOME_SAME && waiting + bytes > writer->options.queue_bytes) {
        spare_body(record);
        bytes = bytes_of(record);
    }
    if (record->body_length && waiting && waiting + bytes > writer->options.queue_bytes) {
        (void)pthread_mutex_unlock(&writer->lock);
        record_free(record);
        return err_set(err, ERR_FULL, "%zu bytes wait to be stored", waiting);
    }
    is_first = !writer->waiting.head;
    if (is_first)
        writer->oldest_ms = clock_mono_ms();
    if (is_first && !writer->batch_count)
        writer->since_ms = writer->oldest_ms;
    list_push(&writer->waiting, &record->link);
    writer->waiting_bytes += bytes;
    /* Others find the thread waiting for the first one's company to come. */
    if (is_first || writer->waiting_bytes >= writer->options.batch_bytes)
        (void)pthread_cond_signal(&writer->wake);
    (void)pthread_mutex_unlock(&writer->lock);
    return 0;
}

void writer_collect(struct writer *writer, struct list *committed)
{
    (void)pthread_mutex_lock(&writer->lock);
    list_move(committed, &writer->committed);
    (void)pthread_mutex_unlock(&writer->lock);
}

void writer_stop(struct writer *writer)
{
    if (!writer)
        return;
    (void)pthread_mutex_lock(&writer->lock);
    writer->is_stopping = true;
    (void)pthread_cond_signal(&writer->wake);
    (void)pthread_mutex_unlock(&writer->lock);
    (void)pthread_join(writer->thread, NULL);
    writer_free(writer);
}
