/* fill_store DIR FEED TIMES FILE…: a store in DIR (which must exist) with every FILE as an answer
 * of FEED, one a second, the whole list so many TIMES over. Prints the bytes of all bodies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "feeds/feed.h"
#include "feeds/rows.h"
#include "storage/writer.h"

enum {
    FILE_MAX_BYTES = 256 * 1024 * 1024,
    BATCH_BYTES = 4 * 1024 * 1024,
    QUEUE_BYTES = 64 * 1024 * 1024
};
#define FIRST_AT (INT64_C(1795435200) * US_PER_SECOND) /* 2026-11-23T12:00:00Z */

static _Noreturn void give_up(const char *what, const char *why)
{
    fprintf(stderr, "fill_store: %s: %s\n", what, why);
    exit(1);
}

static void settle(struct writer *writer)
{
    const struct timespec moment = {0, 1000000};
    struct list committed = {0};
    struct list_link *link;

    for (;;) {
        writer_collect(writer, &committed);
        while ((link = list_take(&committed)))
            record_free((struct record *)link);
        if (writer_is_idle(writer))
            return;
        nanosleep(&moment, NULL);
    }
}

static struct record *new_record(enum record_kind kind)
{
    struct record *record = record_new(kind, 1);

    if (!record)
        give_up("record_new", "out of memory");
    return record;
}

static void append(struct writer *writer, struct record *record)
{
    struct err err = {0};

    if (writer_append(writer, record, &err))
        give_up("writer_append", err.text);
}

static char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    struct buf content;
    size_t got;

    if (!file)
        give_up(path, "cannot be opened");
    buf_init(&content, FILE_MAX_BYTES);
    do {
        char *room = buf_reserve(&content, 65536);

        if (!room)
            give_up(path, "is too large");
        got = fread(room, 1, 65536, file);
        content.length += got;
    } while (got);
    fclose(file);
    return buf_take(&content, length);
}

static void append_feed(struct writer *writer, const char *name)
{
    struct record *record = new_record(RECORD_FEED);

    record->text = strdup(name);
    record->at = FIRST_AT;
    append(writer, record);
    record = new_record(RECORD_DEFINITION);
    record->number = record->url_epoch = 1;
    record->at = FIRST_AT;
    record->text = strdup("{\"url\":\"http://feed.example/\",\"interval\":\"1s\"}");
    append(writer, record);
}

static void append_shape(struct writer *writer, const char *bytes, size_t length)
{
    struct record *record = new_record(RECORD_SHAPE);
    struct buf path;
    struct err err = {0};

    buf_init(&path, 65536);
    record->url_epoch = 1;
    record->format = rows_judge(bytes, length, NULL);
    if (record->format == FORMAT_JSON && rows_find_path(bytes, length, &path, &err) == 0)
        record->text = strdup(buf_text(&path));
    buf_release(&path);
    append(writer, record);
}

static void append_body(struct writer *writer, int64_t slot_at, char *bytes, size_t length)
{
    struct record *record = new_record(RECORD_POLL);
    struct poll_record *poll = &record->poll;

    poll->slot_at = slot_at;
    poll->outcome = OUTCOME_NEW;
    poll->definition = 1;
    poll->started_at = poll->answered_at = slot_at + 1000;
    poll->ended_at = slot_at + 2000;
    poll->status = 200;
    poll->attempts = 1;
    poll->wire_bytes = poll->body_bytes = length;
    record->body = bytes;
    record->body_length = length;
    append(writer, record);
}

int main(int argc, char **argv)
{
    const struct writer_options options = {
        .linger_ms = 20, .batch_bytes = BATCH_BYTES, .queue_bytes = QUEUE_BYTES};
    struct store *store;
    struct writer *writer;
    struct err err = {0};
    uint64_t total = 0, waiting = 0;
    int64_t slot_at = FIRST_AT;
    long times;

    if (argc < 5 || (times = strtol(argv[3], NULL, 10)) < 1)
        give_up("usage", "fill_store DIR FEED TIMES FILE...");
    if (store_open(&store, argv[1], STORE_WRITE, &err) ||
        writer_start(&writer, store, &options, &err))
        give_up(argv[1], err.text);
    append_feed(writer, argv[2]);
    while (times-- > 0) {
        for (int i = 4; i < argc; i++, slot_at += US_PER_SECOND) {
            size_t length;
            char *bytes = read_file(argv[i], &length);

            if (!total)
                append_shape(writer, bytes, length);
            total += length;
            waiting += length;
            if (waiting > QUEUE_BYTES / 2) {
                settle(writer);
                waiting = length;
            }
            append_body(writer, slot_at, bytes, length);
        }
    }
    settle(writer);
    writer_stop(writer);
    store_close(store);
    printf("%llu\n", (unsigned long long)total);
    return 0;
}
