#include <stdio.h>
#include <string.h>

#include "storage/key.h"
#include "storage/stored.h"
#include "storage/tables.h"
#include "storage/value.h"
#include "storage/walk.h"

static int damaged(enum table table, const MDB_val *key, struct err *err)
{
    char text[TABLE_PLACE_MAX];

    table_place(table, key, text);
    return err_set(err, ERR_DAMAGED, "%s: cannot be what was written", text);
}

static int get_feed(struct walk *walk, uint32_t feed_id, struct stored_feed *feed, struct err *err)
{
    uint8_t bytes[KEY_FEED_BYTES];
    MDB_val key = {sizeof bytes, bytes}, value;
    int found;

    key_of_feed(feed_id, bytes);
    found = table_get(walk->store, walk->txn, TABLE_FEEDS, &key, &value, err);
    if (found < 0)
        return -1;
    if (!found || stored_feed_decode(feed, value.mv_data, value.mv_size))
        return damaged(TABLE_FEEDS, &key, err);
    feed->id = feed_id;
    return 0;
}

int store_each_feed(struct store *store, int (*on_feed)(void *, const struct stored_feed *),
                    void *cookie, struct err *err)
{
    struct walk walk;
    struct stored_feed feed;
    MDB_val key, value;
    int found, failed = walk_open(&walk, store, TABLE_NAMES, err);

    while (!failed && (found = walk_next(&walk, &key, &value, err))) {
        failed = found < 0 || table_unseal(TABLE_NAMES, &key, &value, err) ? -1 : 0;
        if (!failed && value.mv_size != KEY_FEED_BYTES)
            failed = damaged(TABLE_NAMES, &key, err);
        if (!failed)
            failed = get_feed(&walk, key_feed(value.mv_data), &feed, err);
        if (!failed && on_feed(cookie, &feed))
            break;
    }
    walk_close(&walk);
    return failed;
}

int store_each_definition(struct store *store, uint32_t feed_id,
                          int (*on_definition)(void *, const struct stored_definition *),
                          void *cookie, struct err *err)
{
    struct walk walk;
    struct stored_definition definition;
    uint8_t first[KEY_NUMBER_BYTES];
    MDB_val key, value;
    int found, failed = walk_open(&walk, store, TABLE_DEFINITIONS, err);

    key_of_number(feed_id, 0, first);
    if (!failed)
        walk_place(&walk, first, sizeof first, false);
    while (!failed && (found = walk_next(&walk, &key, &value, err))) {
        if (found > 0 && (key.mv_size != KEY_NUMBER_BYTES || key_feed(key.mv_data) != feed_id))
            break;
        failed = found < 0 || table_unseal(TABLE_DEFINITIONS, &key, &value, err) ? -1 : 0;
        if (!failed && stored_definition_decode(&definition, value.mv_data, value.mv_size))
            failed = damaged(TABLE_DEFINITIONS, &key, err);
        definition.number = failed ? 0 : key_number(key.mv_data);
        if (!failed && on_definition(cookie, &definition))
            break;
    }
    walk_close(&walk);
    return failed;
}

int store_each_run(struct store *store, int (*on_run)(void *, const struct stored_run *),
                   void *cookie, struct err *err)
{
    struct walk walk;
    struct stored_run run;
    MDB_val key, value;
    int found, failed = walk_open(&walk, store, TABLE_RUNS, err);

    while (!failed && (found = walk_next(&walk, &key, &value, err))) {
        failed = found < 0 || table_unseal(TABLE_RUNS, &key, &value, err) ? -1 : 0;
        if (!failed && (key.mv_size != KEY_TIME_BYTES ||
                        stored_run_decode(&run, value.mv_data, value.mv_size)))
            failed = damaged(TABLE_RUNS, &key, err);
        if (failed)
            break;
        run.started_at = key_time(key.mv_data);
        if (on_run(cookie, &run))
            break;
    }
    walk_close(&walk);
    return failed;
}

int store_shape(struct store *store, uint32_t feed_id, uint32_t url_epoch, uint8_t *format,
                bool *has_path, struct buf *path, struct err *err)
{
    uint8_t bytes[KEY_NUMBER_BYTES];
    MDB_val key = {sizeof bytes, bytes}, value;
    struct stored_shape shape = {0};
    size_t length = 0;
    MDB_txn *txn;
    int found;

    buf_reset(path);
    key_of_number(feed_id, url_epoch, bytes);
    if (table_begin_read(store, &txn, err))
        return -1;
    found = table_get(store, txn, TABLE_SHAPES, &key, &value, err);
    if (found > 0 && stored_shape_decode(&shape, &length, value.mv_data, value.mv_size))
        found = damaged(TABLE_SHAPES, &key, err);
    if (found > 0 && buf_append(path, shape.path, length))
        found = err_memory(err);
    table_end_read(store, txn, true);
    *format = shape.format;
    *has_path = shape.has_path;
    return found;
}

int store_note_key(const char *name, char out[STORE_NOTE_KEY_MAX])
{
    size_t length = strlen(name);

    if (length == 0 || length > NOTE_NAME_MAX)
        return -1;
    (void)snprintf(out, STORE_NOTE_KEY_MAX, STORE_NOTE_PREFIX "%s", name);
    return 0;
}

int store_note(struct store *store, const char *name, struct buf *out, struct err *err)
{
    char bytes[STORE_NOTE_KEY_MAX];
    MDB_val key = {0, bytes}, value;
    MDB_txn *txn;
    int found;

    buf_reset(out);
    if (store_note_key(name, bytes))
        return err_set(err, ERR_INPUT, "no note can be called \"%.80s\"", name);
    key.mv_size = strlen(bytes);
    if (table_begin_read(store, &txn, err))
        return -1;
    found = table_get(store, txn, TABLE_META, &key, &value, err);
    if (found > 0 && buf_append(out, value.mv_data, value.mv_size))
        found = err_memory(err);
    table_end_read(store, txn, true);
    return found;
}
