#include "storage/poll_put.h"

#include <errno.h>
#include <string.h>

#include "storage/key.h"
#include "storage/value.h"

/* Two runs on different grids over the same time would be cut at every slot. After so many cuts the
 * older account stands for the time that both cover. */
enum { CUTS_MAX = 4096 };

struct putting {
    const struct poll_put *put;
    uint32_t feed_id;
    MDB_cursor *cursor;
    struct poll_record rest; /* what of the new record is not dealt with yet */
    unsigned cuts;
    bool was_put;
};

static int put_one(struct putting *putting, const struct poll_record *poll, unsigned flags)
{
    const struct poll_put *put = putting->put;
    uint8_t bytes[KEY_POLL_BYTES];
    MDB_val key = {sizeof bytes, bytes}, value;

    buf_reset(put->value);
    if (poll_record_encode(poll, put->value))
        return ENOMEM;
    key_of_poll(putting->feed_id, poll->slot_at, bytes);
    value = (MDB_val){put->value->length, put->value->bytes};
    return table_put(put->store, put->txn, TABLE_POLLS, &key, &value, flags);
}

static bool is_on_grid(const struct poll_record *poll, int64_t slot_at)
{
    return slot_at == poll->slot_at ||
           (poll->step_us && (slot_at - poll->slot_at) % poll->step_us == 0);
}

static void drop(struct putting *putting, uint64_t slots)
{
    struct poll_record *rest = &putting->rest;

    if (slots >= rest->count)
        rest->count = 0;
    else
        *rest = poll_record_piece(rest, slots, rest->count - slots);
}

static int put_slots(struct putting *putting, uint64_t slots)
{
    struct poll_record piece = poll_record_piece(&putting->rest, 0, slots);
    int rc = put_one(putting, &piece, MDB_NOOVERWRITE);

    if (rc)
        return rc;
    putting->was_put = true;
    drop(putting, slots);
    return 0;
}

/* A stored neighbour that cannot be read must not stop collecting: it holds the slot of its key.
 * Its texts are left out, they are never written again. */
static void read_neighbour(const MDB_val *key, const MDB_val *value, struct poll_record *poll)
{
    struct value_place place = {TABLE_POLLS, key->mv_data, key->mv_size};
    size_t length = value->mv_size;
    int64_t slot_at = key_slot(key->mv_data);

    if (!value_unseal(&place, value->mv_data, &length) ||
        poll_record_decode(poll, value->mv_data, length, NULL) || poll->slot_at != slot_at) {
        poll_record_init(poll);
        poll->slot_at = slot_at;
    }
    if (poll->count == 1)
        return;
    poll->etag = poll->last_modified = poll->content_type = (struct text){0};
    poll->server_date = poll->remote_address = poll->error_body = (struct text){0};
}

static bool is_neighbour(const struct putting *putting, const MDB_val *key)
{
    return key->mv_size == KEY_POLL_BYTES && key_feed(key->mv_data) == putting->feed_id;
}

/* The first stored record whose last slot is not before the rest's first: the one before, if it
 * reaches that far, else the next. MDB_NOTFOUND: none within the rest. */
static int find_neighbour(struct putting *putting, struct poll_record *found)
{
    uint8_t bytes[KEY_POLL_BYTES];
    MDB_val key = {sizeof bytes, bytes}, value;
    int rc;

    key_of_poll(putting->feed_id, putting->rest.slot_at, bytes);
    rc = mdb_cursor_get(putting->cursor, &key, &value, MDB_SET_RANGE);
    if (rc && rc != MDB_NOTFOUND)
        return rc;
    found->slot_at = AT_NEVER;
    if (!rc && is_neighbour(putting, &key)) {
        read_neighbour(&key, &value, found);
        if (found->slot_at == putting->rest.slot_at)
            return 0;
    }
    rc = mdb_cursor_get(putting->cursor, &key, &value, rc ? MDB_LAST : MDB_PREV);
    if (rc && rc != MDB_NOTFOUND)
        return rc;
    if (!rc && is_neighbour(putting, &key)) {
        struct poll_record before;

        read_neighbour(&key, &value, &before);
        if (poll_record_last_slot(&before) >= putting->rest.slot_at) {
            *found = before;
            return 0;
        }
    }
    return found->slot_at <= poll_record_last_slot(&putting->rest) ? 0 : MDB_NOTFOUND;
}

/* Cuts a stored run in two at the first slot of the rest, which lies within it. */
static int cut(struct putting *putting, const struct poll_record *stored)
{
    uint64_t before = poll_record_slots_before(stored, putting->rest.slot_at);
    struct poll_record first = poll_record_piece(stored, 0, before);
    struct poll_record second = poll_record_piece(stored, before, stored->count - before);
    int rc = put_one(putting, &first, 0);

    putting->cuts++;
    return rc ? rc : put_one(putting, &second, MDB_NOOVERWRITE);
}

/* Deals with at least one slot of the rest, or with the neighbour in its way. */
static int advance(struct putting *putting)
{
    struct poll_record stored = {.slot_at = AT_NEVER};
    struct poll_record *rest = &putting->rest;
    int rc = find_neighbour(putting, &stored);

    if (rc == MDB_NOTFOUND)
        return put_slots(putting, rest->count);
    if (rc)
        return rc;
    if (stored.slot_at > rest->slot_at) {
        putting->cuts++;
        return put_slots(putting, poll_record_slots_before(rest, stored.slot_at));
    }
    if (putting->cuts > CUTS_MAX ||
        (rest->count > 1 && stored.step_us == rest->step_us && is_on_grid(&stored, rest->slot_at)))
        drop(putting, poll_record_slots_before(rest, poll_record_last_slot(&stored) + 1));
    else if (is_on_grid(&stored, rest->slot_at))
        drop(putting, 1);
    else
        return cut(putting, &stored);
    return 0;
}

int poll_put(const struct poll_put *put, uint32_t feed_id, const struct poll_record *poll,
             bool *was_put)
{
    struct putting putting = {.put = put, .feed_id = feed_id, .rest = *poll};
    int rc;

    *was_put = false;
    if (!poll_record_is_sound(poll))
        return EINVAL;
    rc = mdb_cursor_open(put->txn, put->store->tables[TABLE_POLLS], &putting.cursor);
    if (rc)
        return rc;
    while (!rc && putting.rest.count)
        rc = advance(&putting);
    mdb_cursor_close(putting.cursor);
    *was_put = putting.was_put;
    return rc;
}
