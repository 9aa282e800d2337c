#include "storage/reader.h"

#include <stdlib.h>

#include "storage/body.h"
#include "storage/key.h"
#include "storage/stored.h"
#include "storage/tables.h"
#include "storage/value.h"
#include "storage/walk.h"

_Static_assert(WALK_STEPS == (int)READER_STEPS && WALK_HOLD_MS == (int)READER_HOLD_MS,
               "a reader's promise is kept by its walk");

struct reader {
    struct walk walk; /* over polls */
    uint32_t feed_id;
    struct buf value; /* of the poll handed out: its texts live here */
    struct body_source bodies;
};

int reader_open(struct reader **out, struct store *store, struct err *err)
{
    struct reader *reader = calloc(1, sizeof *reader);

    *out = NULL;
    if (!reader)
        return err_memory(err);
    buf_init(&reader->value, VALUE_MAX);
    body_source_init(&reader->bodies, store);
    if (walk_open(&reader->walk, store, TABLE_POLLS, err)) {
        free(reader);
        return -1;
    }
    walk_rest(&reader->walk); /* one that is opened and left alone holds nothing */
    *out = reader;
    return 0;
}

void reader_close(struct reader *reader)
{
    if (!reader)
        return;
    walk_close(&reader->walk);
    buf_release(&reader->value);
    body_source_release(&reader->bodies);
    free(reader);
}

void reader_rest(struct reader *reader)
{
    walk_rest(&reader->walk);
}

/* Checks and copies the value out of the map, so that the poll outlives the transaction. */
static int take_poll(struct reader *reader, MDB_val *key, MDB_val *value, struct poll_record *poll,
                     struct err *err)
{
    char text[TABLE_PLACE_MAX];

    if (table_unseal(TABLE_POLLS, key, value, err))
        return -1;
    buf_reset(&reader->value);
    if (buf_append(&reader->value, value->mv_data, value->mv_size))
        return err_memory(err);
    table_place(TABLE_POLLS, key, text);
    if (poll_record_decode(poll, reader->value.bytes, reader->value.length, err))
        return err_within(err, "%s", text);
    if (poll->slot_at != key_slot(key->mv_data))
        return err_set(err, ERR_DAMAGED, "%s: holds a poll of another slot", text);
    return 0;
}

static int step(struct reader *reader, bool is_forward, struct poll_record *poll, struct err *err)
{
    MDB_val key, value;
    struct walk *walk = &reader->walk;
    int found =
        is_forward ? walk_next(walk, &key, &value, err) : walk_previous(walk, &key, &value, err);

    if (found <= 0)
        return found;
    if (key.mv_size != KEY_POLL_BYTES)
        return err_set(err, ERR_DAMAGED, "polls: a key of %zu bytes", key.mv_size);
    if (key_feed(key.mv_data) != reader->feed_id) {
        /* The place stays at the edge of this feed. The checksum covers the key: a neighbour that
         * is not what it says might be one of ours. */
        uint8_t edge[KEY_POLL_BYTES];

        if (table_unseal(TABLE_POLLS, &key, &value, err))
            return -1;
        key_of_poll(reader->feed_id, is_forward ? AT_NEVER : AT_NONE, edge);
        walk_place(walk, edge, sizeof edge, is_forward);
        return 0;
    }
    return take_poll(reader, &key, &value, poll, err) ? -1 : 1;
}

int reader_next(struct reader *reader, struct poll_record *poll, struct err *err)
{
    return step(reader, true, poll, err);
}

int reader_previous(struct reader *reader, struct poll_record *poll, struct err *err)
{
    return step(reader, false, poll, err);
}

/* A run that began earlier may reach over slot_at; no two records of a feed overlap, so that only
 * the one before can. A damaged one is taken for one that reaches: the caller shall see it. */
int reader_seek(struct reader *reader, uint32_t feed_id, int64_t slot_at, struct err *err)
{
    uint8_t key[KEY_POLL_BYTES];
    struct poll_record before;
    struct err why = {0};
    int found;

    reader->feed_id = feed_id;
    key_of_poll(feed_id, slot_at, key);
    walk_place(&reader->walk, key, sizeof key, false);
    found = reader_previous(reader, &before, &why);
    if (found < 0 && why.kind != ERR_DAMAGED)
        return err_set(err, why.kind, "%s", why.text);
    if (found < 0 || (found && poll_record_last_slot(&before) >= slot_at))
        return 0;
    walk_place(&reader->walk, key, sizeof key, false);
    return 0;
}

int reader_seek_back(struct reader *reader, uint32_t feed_id, int64_t slot_at, struct err *err)
{
    uint8_t key[KEY_POLL_BYTES];

    (void)err; /* nothing is read before the next step */
    reader->feed_id = feed_id;
    key_of_poll(feed_id, slot_at, key);
    walk_place(&reader->walk, key, sizeof key, slot_at == AT_NEVER);
    return 0;
}

/* A feed that cannot be read is verify's to report. */
int reader_forgotten(struct reader *reader, uint32_t feed_id, int64_t *slot_at, struct err *err)
{
    struct stored_feed feed;
    uint8_t bytes[KEY_FEED_BYTES];
    MDB_val key = {sizeof bytes, bytes}, value;
    MDB_txn *txn;

    *slot_at = AT_NONE;
    key_of_feed(feed_id, bytes);
    if (walk_txn(&reader->walk, &txn, err))
        return -1;
    if (table_get(reader->walk.store, txn, TABLE_FEEDS, &key, &value, NULL) > 0 &&
        stored_feed_decode(&feed, value.mv_data, value.mv_size) == 0)
        *slot_at = feed.forgotten_to_at;
    return 0;
}

int reader_body(struct reader *reader, uint32_t feed_id, int64_t body_slot_at, struct buf *body,
                struct err *err)
{
    const struct slot_key slot = {feed_id, body_slot_at};
    MDB_txn *txn;

    buf_reset(body);
    if (walk_txn(&reader->walk, &txn, err))
        return -1;
    return body_read(&reader->bodies, txn, &slot, body, err);
}

int reader_has_body(struct reader *reader, uint32_t feed_id, int64_t body_slot_at, struct err *err)
{
    const struct slot_key slot = {feed_id, body_slot_at};
    struct pack_entry entry;
    MDB_txn *txn;

    if (walk_txn(&reader->walk, &txn, err))
        return -1;
    return body_find(&reader->bodies, txn, &slot, &entry, err);
}

int reader_last_body(struct reader *reader, uint32_t feed_id, int64_t *slot_at, struct err *err)
{
    MDB_txn *txn;

    if (walk_txn(&reader->walk, &txn, err))
        return -1;
    return body_last(&reader->bodies, txn, feed_id, slot_at, err);
}
