/* read_bodies STORE DIR: writes the body of every answered poll into DIR/FEED/SLOT (SLOT in µs
 * since 1970), so that a test can compare it with what was served. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "storage/reader.h"

enum { PATH_MAX_BYTES = 4096 };

struct reading {
    struct store *store;
    const char *dir;
    struct reader *reader;
    struct buf body;
    struct err err;
    size_t count;
};

static int write_body(struct reading *reading, const char *feed, int64_t slot_at)
{
    char path[PATH_MAX_BYTES];
    FILE *file;
    int rc;

    snprintf(path, sizeof path, "%s/%s/%" PRId64, reading->dir, feed, slot_at);
    file = fopen(path, "wx");
    if (!file)
        return err_set(&reading->err, ERR_IO, "\"%s\": %s", path, strerror(errno));
    rc =
        fwrite(reading->body.bytes, 1, reading->body.length, file) == reading->body.length ? 0 : -1;
    if (fclose(file) != 0 || rc != 0)
        return err_set(&reading->err, ERR_IO, "\"%s\": cannot be written", path);
    reading->count++;
    return 0;
}

static int read_feed(struct reading *reading, const struct stored_feed *feed)
{
    struct err *err = &reading->err;
    struct poll_record poll;
    int got = reader_seek(reading->reader, feed->id, AT_NONE, err);

    if (got != 0)
        return -1;
    while ((got = reader_next(reading->reader, &poll, err)) == 1) {
        int64_t slot_at = poll.slot_at;

        if (poll.outcome != OUTCOME_NEW && poll.outcome != OUTCOME_SAME)
            continue;
        if (reader_body(reading->reader, feed->id, poll.body_slot_at, &reading->body, err) != 0 ||
            write_body(reading, feed->name, slot_at) != 0)
            return -1;
    }
    return got;
}

static int on_feed(void *cookie, const struct stored_feed *feed)
{
    struct reading *reading = cookie;
    char path[PATH_MAX_BYTES];

    snprintf(path, sizeof path, "%s/%s", reading->dir, feed->name);
    if (mkdir(path, 0700) != 0)
        return err_set(&reading->err, ERR_IO, "\"%s\": %s", path, strerror(errno)), 1;
    return read_feed(reading, feed) != 0;
}

int main(int argc, char **argv)
{
    struct reading reading = {.dir = argc == 3 ? argv[2] : NULL};
    struct err none = {0};

    if (argc != 3) {
        fprintf(stderr, "usage: read_bodies STORE DIR\n");
        return 2;
    }
    buf_init(&reading.body, INT64_C(1) << 30);
    if (store_open(&reading.store, argv[1], STORE_READ, &reading.err) == 0 &&
        reader_open(&reading.reader, reading.store, &reading.err) == 0)
        (void)store_each_feed(reading.store, on_feed, &reading, &none);
    reader_close(reading.reader);
    store_close(reading.store);
    buf_release(&reading.body);
    if (reading.err.kind != ERR_NONE || none.kind != ERR_NONE) {
        fprintf(stderr, "read_bodies: %s\n", reading.err.kind ? reading.err.text : none.text);
        return 1;
    }
    printf("%zu\n", reading.count);
    return 0;
}
