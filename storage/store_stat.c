#include <stdlib.h>
#include <string.h>

#include "storage/key.h"
#include "storage/pack.h"
#include "storage/poll_record.h"
#include "storage/tables.h"
#include "storage/value.h"
#include "storage/walk.h"

/* Of LMDB: what a value takes besides itself; from which size on it has pages of its own. */
enum { NODE_BYTES = 8, PAGE_HEAD_BYTES = 16, OUTSIDE_FROM_BYTES = 2038, PAGE_BYTES = 4096 };

struct counting {
    struct store_stat *sum;
    struct store_feed_stat *feeds; /* in order of id */
    size_t count, capacity;
    struct store_feed_stat *current; /* of the feed last met; NULL: not in the list */
    bool has_failed;
};

static void stat_init(struct store_stat *stat)
{
    memset(stat, 0, sizeof *stat);
    stat->oldest_at = stat->newest_at = AT_NONE;
}

static int on_feed(void *cookie, const struct stored_feed *feed)
{
    struct counting *counting = cookie;

    if (counting->count == counting->capacity) {
        size_t capacity = counting->capacity ? 2 * counting->capacity : 16;
        struct store_feed_stat *feeds = realloc(counting->feeds, capacity * sizeof *feeds);

        counting->has_failed = !feeds;
        if (!feeds)
            return 1;
        counting->feeds = feeds;
        counting->capacity = capacity;
    }
    counting->feeds[counting->count].feed = *feed;
    stat_init(&counting->feeds[counting->count].stat);
    counting->feeds[counting->count++].stat.feeds = 1;
    return 0;
}

static int by_id(const void *a, const void *b)
{
    uint32_t first = ((const struct store_feed_stat *)a)->feed.id;
    uint32_t second = ((const struct store_feed_stat *)b)->feed.id;

    return first < second ? -1 : first > second;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct store_feed_stat *)a)->feed.name,
                  ((const struct store_feed_stat *)b)->feed.name);
}

static struct store_stat *find(struct counting *counting, uint32_t feed_id)
{
    struct store_feed_stat sought = {.feed = {.id = feed_id}};

    if (!counting->current || counting->current->feed.id != feed_id)
        counting->current = counting->count ? bsearch(&sought, counting->feeds, counting->count,
                                                      sizeof *counting->feeds, by_id)
                                            : NULL;
    return counting->current ? &counting->current->stat : NULL;
}

static uint64_t bytes_of(const MDB_val *key, const MDB_val *value)
{
    uint64_t bytes = NODE_BYTES + key->mv_size + value->mv_size;

    if (bytes <= OUTSIDE_FROM_BYTES)
        return bytes;
    return NODE_BYTES + key->mv_size + sizeof(uint64_t) +
           (PAGE_HEAD_BYTES + value->mv_size + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

static void add_poll(struct store_stat *stat, const struct poll_record *poll)
{
    int64_t last_at = poll_record_last_slot(poll);

    stat->polls += poll->count;
    stat->missed += poll->outcome == OUTCOME_MISSED ? poll->count : 0;
    if (stat->oldest_at == AT_NONE || poll->slot_at < stat->oldest_at)
        stat->oldest_at = poll->slot_at;
    if (stat->newest_at == AT_NONE || last_at > stat->newest_at)
        stat->newest_at = last_at;
}

static int on_poll(struct counting *counting, MDB_val *key, MDB_val *value, struct err *err)
{
    struct store_stat *stat = find(counting, key_feed(key->mv_data));
    uint64_t bytes = bytes_of(key, value);
    struct poll_record poll;

    if (table_unseal(TABLE_POLLS, key, value, err) ||
        poll_record_decode(&poll, value->mv_data, value->mv_size, err))
        return -1;
    add_poll(counting->sum, &poll);
    if (!stat)
        return 0;
    add_poll(stat, &poll);
    stat->used_bytes += bytes;
    return 0;
}

/* The heads of the blocks only; their checksums are verify's work. */
static int on_block(struct counting *counting, MDB_val *key, MDB_val *value, struct err *err)
{
    struct store_stat *stat = find(counting, key_feed(key->mv_data));
    struct pack_header header = {0};

    if (stat)
        stat->used_bytes += bytes_of(key, value);
    if (key_part(key->mv_data) > 0)
        return 0;
    if (value->mv_size > VALUE_MAX ||
        pack_read_header(value->mv_data, value->mv_size, &header, err))
        return -1;
    counting->sum->bodies += header.count;
    counting->sum->raw_bytes += header.raw_bytes;
    if (!stat)
        return 0;
    stat->bodies += header.count;
    stat->raw_bytes += header.raw_bytes;
    return 0;
}

static int count(struct counting *counting, struct store *store, enum table table, struct err *err)
{
    size_t key_bytes = table == TABLE_POLLS ? KEY_POLL_BYTES : KEY_BODY_BYTES;
    struct walk walk;
    MDB_val key, value;
    int found, failed = walk_open(&walk, store, table, err);

    counting->current = NULL;
    while (!failed && (found = walk_next(&walk, &key, &value, err))) {
        failed = found < 0 ? -1 : 0;
        if (!failed && key.mv_size != key_bytes)
            failed =
                err_set(err, ERR_DAMAGED, "%s: a key of %zu bytes", table_name(table), key.mv_size);
        if (!failed)
            failed = (table == TABLE_POLLS ? on_poll : on_block)(counting, &key, &value, err);
    }
    walk_close(&walk);
    return failed;
}

/* Half-filled pages and the pages above belong to all: each feed has its part of those. */
static void share_pages(struct counting *counting)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < counting->count; i++)
        bytes += counting->feeds[i].stat.used_bytes;
    for (size_t i = 0; bytes && i < counting->count; i++) {
        struct store_stat *stat = &counting->feeds[i].stat;

        stat->used_bytes = (uint64_t)((double)counting->sum->used_bytes * (double)stat->used_bytes /
                                      (double)bytes);
    }
}

int store_stat_feeds(struct store *store, struct store_stat *sum, struct store_feed_stat **feeds,
                     size_t *feed_count, struct err *err)
{
    struct counting counting = {.sum = sum};
    struct store_space space;

    *feeds = NULL;
    *feed_count = 0;
    stat_init(sum);
    if (store_space(store, &space, err) || store_each_feed(store, on_feed, &counting, err))
        goto fail;
    if (counting.has_failed) {
        (void)err_memory(err);
        goto fail;
    }
    if (counting.count)
        qsort(counting.feeds, counting.count, sizeof *counting.feeds, by_id);
    if (count(&counting, store, TABLE_POLLS, err) || count(&counting, store, TABLE_BODIES, err))
        goto fail;
    sum->feeds = counting.count;
    sum->used_bytes = space.used_bytes;
    sum->file_bytes = space.file_bytes;
    share_pages(&counting);
    if (counting.count)
        qsort(counting.feeds, counting.count, sizeof *counting.feeds, by_name);
    *feeds = counting.feeds;
    *feed_count = counting.count;
    return 0;
fail:
    free(counting.feeds);
    return -1;
}

int store_stat(struct store *store, struct store_stat *stat, struct err *err)
{
    struct store_feed_stat *feeds;
    size_t count_of_feeds;

    if (store_stat_feeds(store, stat, &feeds, &count_of_feeds, err))
        return -1;
    free(feeds);
    return 0;
}
