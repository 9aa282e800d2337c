#include "storage/body.h"

#include "storage/key.h"
#include "storage/value.h"

/* Keeps no more than this much memory between two bodies. */
enum { BLOCK_KEPT_BYTES = 4 * 1024 * 1024 };

void body_source_init(struct body_source *source, struct store *store)
{
    source->store = store;
    source->packer = NULL;
    buf_init(&source->block, (size_t)PACK_RAW_MAX + PACK_PART_BYTES);
}

void body_source_release(struct body_source *source)
{
    buf_release(&source->block);
    packer_free(source->packer);
    source->packer = NULL;
}

/* The first block at or after the slot holds its body, or nobody does. 1: its part 0; 0; -1. */
static int seek_block(struct body_source *source, MDB_cursor *cursor, const struct slot_key *slot,
                      MDB_val *key, MDB_val *head, struct err *err)
{
    uint8_t sought[KEY_BODY_BYTES];
    int rc;

    key_of_body(slot->feed_id, slot->slot_at, 0, sought);
    *key = (MDB_val){sizeof sought, sought};
    rc = mdb_cursor_get(cursor, key, head, MDB_SET_RANGE);
    if (rc == MDB_NOTFOUND)
        return 0;
    if (rc)
        return table_error(source->store, rc, "cannot read", err);
    if (key->mv_size != KEY_BODY_BYTES || key_feed(key->mv_data) != slot->feed_id)
        return 0;
    if (key_part(key->mv_data) != 0)
        return err_set(err, ERR_DAMAGED, "part 0 is missing");
    return table_unseal(TABLE_BODIES, key, head, err) ? -1 : 1;
}

static int append_part(struct body_source *source, MDB_cursor *cursor, unsigned part,
                       const MDB_val *first, struct err *err)
{
    MDB_val key, value;
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);

    if (rc && rc != MDB_NOTFOUND)
        return table_error(source->store, rc, "cannot read", err);
    if (rc || key.mv_size != KEY_BODY_BYTES || key_part(key.mv_data) != part ||
        key_slot(key.mv_data) != key_slot(first->mv_data) ||
        key_feed(key.mv_data) != key_feed(first->mv_data))
        return err_set(err, ERR_DAMAGED, "part %u is missing", part);
    if (table_unseal(TABLE_BODIES, &key, &value, err))
        return -1;
    return buf_append(&source->block, value.mv_data, value.mv_size) ? err_memory(err) : 0;
}

/* `block`, the head up to now, becomes the whole: in the map if it is of one part. */
static int gather(struct body_source *source, MDB_cursor *cursor, const MDB_val *key,
                  MDB_val *block, struct err *err)
{
    struct pack_header header;

    if (pack_read_header(block->mv_data, block->mv_size, &header, err))
        return -1;
    if (header.parts == 1)
        return 0;
    buf_reset(&source->block);
    if (buf_append(&source->block, block->mv_data, block->mv_size))
        return err_memory(err);
    for (unsigned part = 1; part < header.parts; part++)
        if (append_part(source, cursor, part, key, err))
            return -1;
    block->mv_data = source->block.bytes;
    block->mv_size = source->block.length;
    return 0;
}

static int unpack(struct body_source *source, const MDB_val *block, int64_t slot_at,
                  struct buf *body, struct err *err)
{
    if (!source->packer)
        source->packer = packer_new();
    if (!source->packer)
        return err_memory(err);
    return packer_unpack(source->packer, block->mv_data, block->mv_size, slot_at, body, err);
}

static int within(const struct slot_key *slot, struct err *err)
{
    uint8_t bytes[KEY_BODY_BYTES];
    MDB_val key = {sizeof bytes, bytes};
    char text[TABLE_PLACE_MAX];

    key_of_body(slot->feed_id, slot->slot_at, 0, bytes);
    table_place(TABLE_BODIES, &key, text);
    return err_within(err, "%s", text);
}

int body_find(struct body_source *source, MDB_txn *txn, const struct slot_key *slot,
              struct pack_entry *entry, struct err *err)
{
    struct pack_header header;
    MDB_cursor *cursor;
    MDB_val key, head;
    int found, rc = mdb_cursor_open(txn, source->store->tables[TABLE_BODIES], &cursor);

    if (rc)
        return table_error(source->store, rc, "cannot read", err);
    found = seek_block(source, cursor, slot, &key, &head, err);
    if (found > 0 && pack_read_header(head.mv_data, head.mv_size, &header, err))
        found = -1;
    mdb_cursor_close(cursor);
    if (found < 0)
        return within(slot, err);
    for (uint32_t i = 0; found && i < header.count; i++)
        if (!pack_read_entry(head.mv_data, head.mv_size, i, entry, NULL) &&
            entry->slot_at == slot->slot_at)
            return 1;
    return 0;
}

/* A block's key is the slot of its last body. */
int body_last(struct body_source *source, MDB_txn *txn, uint32_t feed_id, int64_t *slot_at,
              struct err *err)
{
    uint8_t beyond[KEY_BODY_BYTES];
    MDB_val key = {sizeof beyond, beyond}, value;
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, source->store->tables[TABLE_BODIES], &cursor);

    if (rc)
        return table_error(source->store, rc, "cannot read", err);
    key_of_body(feed_id, AT_NEVER, UINT16_MAX, beyond);
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (rc == 0 || rc == MDB_NOTFOUND)
        rc = mdb_cursor_get(cursor, &key, &value, rc ? MDB_LAST : MDB_PREV);
    if (rc == 0 && (key.mv_size != KEY_BODY_BYTES || key_feed(key.mv_data) != feed_id))
        rc = MDB_NOTFOUND;
    if (rc == 0)
        *slot_at = key_slot(key.mv_data);
    mdb_cursor_close(cursor);
    if (rc == 0 || rc == MDB_NOTFOUND)
        return rc == 0;
    return table_error(source->store, rc, "cannot read", err);
}

int body_read(struct body_source *source, MDB_txn *txn, const struct slot_key *slot,
              struct buf *body, struct err *err)
{
    MDB_cursor *cursor;
    MDB_val key, block;
    int failed, rc = mdb_cursor_open(txn, source->store->tables[TABLE_BODIES], &cursor);

    buf_reset(body);
    if (rc)
        return table_error(source->store, rc, "cannot read", err);
    failed = seek_block(source, cursor, slot, &key, &block, err);
    if (failed == 0)
        failed = err_set(err, ERR_ABSENT, "no such body");
    else if (failed > 0)
        failed = gather(source, cursor, &key, &block, err) ||
                 unpack(source, &block, slot->slot_at, body, err);
    mdb_cursor_close(cursor);
    if (source->block.capacity > BLOCK_KEPT_BYTES) {
        buf_release(&source->block);
        buf_init(&source->block, (size_t)PACK_RAW_MAX + PACK_PART_BYTES);
    }
    return failed ? within(slot, err) : 0;
}
