#include "scratch_store.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "storage/verify.h"

enum { WAIT_NS = 200000, WAITS_MAX = 30 * (1000000000 / WAIT_NS) };

void scratch_dir(char dir[SCRATCH_DIR_MAX])
{
    (void)snprintf(dir, SCRATCH_DIR_MAX, "/tmp/pollard-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *walk)
{
    (void)st;
    (void)flag;
    (void)walk;
    return remove(path);
}

void scratch_remove(const char *dir)
{
    (void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void scratch_reopen(struct scratch *scratch)
{
    const struct writer_options options = {.batch_bytes = 4 << 20, .queue_bytes = 64 << 20};
    struct err err = {0};

    if (store_open(&scratch->store, scratch->dir, STORE_WRITE, &err))
        fail_msg("%s", err.text);
    if (writer_start(&scratch->writer, scratch->store, &options, &err))
        fail_msg("%s", err.text);
}

void scratch_start(struct scratch *scratch)
{
    memset(scratch, 0, sizeof *scratch);
    scratch_dir(scratch->dir);
    scratch_reopen(scratch);
}

void scratch_close(struct scratch *scratch)
{
    writer_stop(scratch->writer);
    store_close(scratch->store);
    scratch->writer = NULL;
    scratch->store = NULL;
}

void scratch_end(struct scratch *scratch)
{
    scratch_close(scratch);
    scratch_remove(scratch->dir);
}

static struct record *new_record(enum record_kind kind, uint32_t feed_id)
{
    struct record *record = record_new(kind, feed_id);

    assert_non_null(record);
    return record;
}

static char *copy_of(const char *text)
{
    char *copy = strdup(text);

    assert_non_null(copy);
    return copy;
}

struct record *scratch_feed(uint32_t feed_id, const char *name)
{
    struct record *record = new_record(RECORD_FEED, feed_id);

    record->text = copy_of(name);
    record->at = NOON;
    return record;
}

struct record *scratch_definition(uint32_t feed_id, uint32_t number, const char *json)
{
    struct record *record = new_record(RECORD_DEFINITION, feed_id);

    record->number = number;
    record->url_epoch = 1;
    record->at = NOON;
    record->text = copy_of(json);
    return record;
}

static struct text keep(struct record *record, const char *text)
{
    size_t at = record->texts.length;

    assert_int_equal(buf_append_text(&record->texts, text), 0);
    return (struct text){record->texts.bytes + at, (uint32_t)strlen(text)};
}

struct record *scratch_poll(uint32_t feed_id, int64_t slot_at, enum outcome outcome)
{
    struct record *record = new_record(RECORD_POLL, feed_id);
    struct poll_record *poll = &record->poll;

    poll->slot_at = slot_at;
    poll->outcome = outcome;
    poll->definition = 1;
    if (outcome == OUTCOME_MISSED) {
        poll->detail = DETAIL_DOWN;
        return record;
    }
    poll->started_at = slot_at + 1234;
    poll->ended_at = slot_at + 56789;
    poll->attempts = 1;
    if (outcome == OUTCOME_FAILED) {
        poll->detail = DETAIL_TIMEOUT;
        return record;
    }
    poll->answered_at = poll->started_at;
    poll->status = 200;
    poll->url_hash = 77;
    assert_non_null(buf_reserve(&record->texts, 256)); /* so that the texts do not move */
    poll->etag = keep(record, "\"v1\"");
    poll->content_type = keep(record, "application/json");
    return record;
}

struct record *scratch_new(uint32_t feed_id, int64_t slot_at, const void *body, size_t length)
{
    struct record *record = scratch_poll(feed_id, slot_at, OUTCOME_NEW);

    record->body = malloc(length + 1);
    assert_non_null(record->body);
    memcpy(record->body, body, length);
    record->body_length = length;
    record->poll.wire_bytes = length;
    return record;
}

struct record *scratch_same(uint32_t feed_id, int64_t slot_at, int64_t body_slot_at,
                            const void *body, size_t length)
{
    struct record *record = scratch_poll(feed_id, slot_at, OUTCOME_SAME);

    record->poll.body_slot_at = body_slot_at;
    record->poll.body_hash = hash_of(body, length);
    record->poll.has_hash = true;
    record->poll.body_bytes = length;
    return record;
}

struct record *scratch_missed(uint32_t feed_id, int64_t slot_at, uint64_t count, int64_t step_us)
{
    struct record *record = scratch_poll(feed_id, slot_at, OUTCOME_MISSED);

    record->poll.count = count;
    record->poll.step_us = count > 1 ? step_us : 0;
    return record;
}

void scratch_noise(void *bytes, size_t length, uint64_t seed)
{
    uint8_t *out = bytes;
    uint64_t state = seed * UINT64_C(2862933555777941757) + 3037000493;

    for (size_t i = 0; i < length; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out[i] = (uint8_t)(state >> 32);
    }
}

void scratch_append(struct scratch *scratch, struct record *record)
{
    struct err err = {0};

    if (writer_append(scratch->writer, record, &err))
        fail_msg("%s", err.text);
}

static void wait_until_idle(struct scratch *scratch, struct list *committed)
{
    for (unsigned i = 0; i < WAITS_MAX; i++) {
        writer_collect(scratch->writer, committed);
        if (writer_is_idle(scratch->writer))
            return;
        assert_int_not_equal(writer_state(scratch->writer, NULL), WRITER_BROKEN);
        (void)nanosleep(&(struct timespec){.tv_nsec = WAIT_NS}, NULL);
    }
    fail_msg("%s", "the writer does not come to rest");
}

size_t scratch_settle(struct scratch *scratch)
{
    struct list committed = {0};
    struct list_link *link;
    size_t count;

    wait_until_idle(scratch, &committed);
    count = committed.count;
    while ((link = list_take(&committed)))
        record_free((struct record *)link);
    return count;
}

bool scratch_put(struct scratch *scratch, struct record *record)
{
    struct list committed = {0};
    bool was_refused;

    scratch_append(scratch, record);
    wait_until_idle(scratch, &committed);
    assert_int_equal(committed.count, 1);
    assert_ptr_equal(committed.head, record);
    was_refused = record->was_refused;
    record_free(record);
    return !was_refused;
}

static void on_fault(void *cookie, const char *text)
{
    (void)cookie;
    print_error("%s\n", text);
}

void scratch_expect_sound(const char *dir)
{
    struct verify_counts counts;
    struct err err = {0};

    assert_int_equal(verify_store(dir, on_fault, NULL, &counts, &err), 0);
    assert_int_equal(counts.faults, 0);
}

void scratch_print(struct scratch *scratch, uint32_t feed_id, char *out, size_t size)
{
    struct reader *reader;
    struct poll_record poll;
    struct err err = {0};
    size_t at = 0;
    int found;

    assert_int_equal(reader_open(&reader, scratch->store, &err), 0);
    assert_int_equal(reader_seek(reader, feed_id, AT_NONE, &err), 0);
    out[0] = '\0';
    while ((found = reader_next(reader, &poll, &err)) > 0) {
        for (uint64_t i = 0; i < poll.count; i++) {
            int64_t second = (poll.slot_at + (int64_t)i * poll.step_us - NOON) / SECOND;

            at += (size_t)snprintf(out + at, size - at, "%s%c%lld", at ? " " : "",
                                   "NSFM"[poll.outcome], (long long)second);
            assert_true(at < size);
        }
    }
    if (found < 0)
        fail_msg("%s", err.text);
    reader_close(reader);
}
