/* fill_history DIR FEEDS POLLS BYTES: a store in DIR with FEEDS feeds (feed-1, …) of POLLS slots
 * each, one every ten seconds up to now: new bodies of about BYTES random bytes, the same again,
 * failed polls and runs of missed ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "storage/writer.h"

enum { BATCH_BYTES = 4 * 1024 * 1024, QUEUE_BYTES = 256 * 1024 * 1024, NAME_BYTES = 32 };
#define STEP_US (10 * US_PER_SECOND)

struct history {
    struct store *store;
    struct writer *writer;
    uint64_t dice;
    size_t body_bytes;
    int64_t first_at;
};

static _Noreturn void give_up(const char *what, const char *why)
{
    fprintf(stderr, "fill_history: %s: %s\n", what, why);
    exit(1);
}

static void *must(void *made)
{
    if (!made)
        give_up("cannot go on", "out of memory");
    return made;
}

static uint64_t roll(struct history *history)
{
    history->dice ^= history->dice >> 12;
    history->dice ^= history->dice << 25;
    history->dice ^= history->dice >> 27;
    return history->dice * UINT64_C(2685821657736338717);
}

static void settle(struct history *history)
{
    const struct timespec moment = {0, 1000000};
    struct list committed = {0};
    struct list_link *link;

    for (;;) {
        writer_collect(history->writer, &committed);
        while ((link = list_take(&committed)))
            record_free((struct record *)link);
        if (writer_is_idle(history->writer))
            return;
        nanosleep(&moment, NULL);
    }
}

static void append(struct history *history, struct record *record)
{
    struct err err = {0};

    if (writer_append(history->writer, must(record), &err))
        give_up("cannot append", err.text);
}

static void add_body(struct history *history, struct record *record)
{
    record->body_length = history->body_bytes / 2 + roll(history) % (history->body_bytes + 1);
    record->body = must(malloc(record->body_length + sizeof(uint64_t)));
    for (size_t i = 0; i < record->body_length; i += sizeof(uint64_t)) {
        uint64_t noise = roll(history);

        memcpy(record->body + i, &noise, sizeof noise);
    }
}

/* Three new bodies, three times the same, one failed and three missed slots, and so on. */
static void add_poll(struct history *history, uint32_t feed_id, unsigned index,
                     struct poll_record *newest)
{
    struct record *record = must(record_new(RECORD_POLL, feed_id));
    struct poll_record *poll = &record->poll;
    unsigned kind = index % 10;

    poll->slot_at = history->first_at + (int64_t)index * STEP_US;
    poll->definition = 1;
    poll->started_at = poll->answered_at = poll->ended_at = poll->slot_at;
    poll->attempts = 1;
    poll->status = 200;
    if (kind == 7) {
        poll->outcome = OUTCOME_FAILED;
        poll->detail = DETAIL_TIMEOUT;
        poll->answered_at = AT_NONE;
    } else if (kind % 2 == 0 || !newest->has_hash) {
        poll->outcome = OUTCOME_NEW;
        add_body(history, record);
        poll->has_hash = true;
        poll->body_hash = hash_of(record->body, record->body_length);
        poll->body_slot_at = poll->slot_at;
        poll->body_bytes = record->body_length;
        *newest = *poll;
    } else {
        poll->outcome = OUTCOME_SAME;
        poll->has_hash = true;
        poll->body_hash = newest->body_hash;
        poll->body_slot_at = newest->body_slot_at;
        poll->body_bytes = newest->body_bytes;
    }
    append(history, record);
}

static void add_missed(struct history *history, uint32_t feed_id, unsigned index)
{
    struct record *record = must(record_new(RECORD_POLL, feed_id));

    record->poll.slot_at = history->first_at + (int64_t)index * STEP_US;
    record->poll.definition = 1;
    record->poll.outcome = OUTCOME_MISSED;
    record->poll.detail = DETAIL_DOWN;
    record->poll.count = 2;
    record->poll.step_us = STEP_US;
    append(history, record);
}

static void add_feed(struct history *history, uint32_t feed_id, unsigned polls)
{
    static const char definition[] = "{\"url\":\"http://h.test/\",\"interval\":\"10s\"}";
    struct poll_record newest = {0};
    struct record *record;
    char name[NAME_BYTES];

    (void)snprintf(name, sizeof name, "feed-%u", feed_id);
    append(history, record_new_text(RECORD_FEED, feed_id, name));
    record = must(record_new_text(RECORD_DEFINITION, feed_id, definition));
    record->number = record->url_epoch = 1;
    record->at = history->first_at;
    append(history, record);
    for (unsigned i = 0; i < polls; i++) {
        if (i % 10 == 8 && i + 1 < polls)
            add_missed(history, feed_id, i++);
        else
            add_poll(history, feed_id, i, &newest);
        if (i % 200 == 0)
            settle(history);
    }
    settle(history);
}

int main(int argc, char **argv)
{
    const struct writer_options options = {.batch_bytes = BATCH_BYTES, .queue_bytes = QUEUE_BYTES};
    struct history history = {.dice = 20261123};
    struct timespec now;
    struct err err = {0};
    unsigned feeds, polls;

    if (argc != 5)
        give_up("usage", "fill_history DIR FEEDS POLLS BYTES");
    feeds = (unsigned)strtoul(argv[2], NULL, 10);
    polls = (unsigned)strtoul(argv[3], NULL, 10);
    history.body_bytes = strtoul(argv[4], NULL, 10);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    history.first_at = ((int64_t)now.tv_sec / 10 * 10 - 10 * (int64_t)polls) * US_PER_SECOND;
    if (store_open(&history.store, argv[1], STORE_WRITE, &err) ||
        writer_start(&history.writer, history.store, &options, &err))
        give_up("cannot open", err.text);
    for (unsigned feed_id = 1; feed_id <= feeds; feed_id++)
        add_feed(&history, feed_id, polls);
    writer_stop(history.writer);
    store_close(history.store);
    return 0;
}
