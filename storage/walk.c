#include "storage/walk.h"

#include <string.h>

#include "storage/page_check.h"

int walk_open(struct walk *walk, struct store *store, enum table table, struct err *err)
{
    int rc;

    memset(walk, 0, sizeof *walk);
    walk->store = store;
    walk->table = table;
    if (table_begin_read(store, &walk->txn, err))
        return -1;
    walk->is_live = true;
    walk->live_since_ms = clock_mono_ms();
    rc = mdb_cursor_open(walk->txn, store->tables[table], &walk->cursor);
    if (!rc)
        return 0;
    walk->cursor = NULL;
    walk_close(walk);
    return table_error(store, rc, "cannot read", err);
}

void walk_close(struct walk *walk)
{
    if (walk->cursor)
        mdb_cursor_close(walk->cursor);
    table_end_read(walk->store, walk->txn, walk->is_live);
    walk->cursor = NULL;
    walk->txn = NULL;
    walk->is_live = false;
}

void walk_rest(struct walk *walk)
{
    if (!walk->is_live)
        return;
    table_reset_read(walk->store, walk->txn);
    walk->is_live = false;
    walk->is_on_key = false;
    walk->page = NULL;
}

static int freshen(struct walk *walk, struct err *err)
{
    int rc;

    if (walk->is_live &&
        (++walk->steps > WALK_STEPS || clock_mono_ms() - walk->live_since_ms > WALK_HOLD_MS))
        walk_rest(walk);
    if (walk->is_live)
        return 0;
    if (table_renew_read(walk->store, walk->txn, err))
        return -1;
    walk->is_live = true;
    walk->steps = 0;
    walk->live_since_ms = clock_mono_ms();
    rc = mdb_cursor_renew(walk->txn, walk->cursor);
    return rc ? table_error(walk->store, rc, "cannot read", err) : 0;
}

int walk_txn(struct walk *walk, MDB_txn **txn, struct err *err)
{
    if (!walk->is_live && freshen(walk, err))
        return -1;
    *txn = walk->txn;
    return 0;
}

void walk_place(struct walk *walk, const void *key, size_t length, bool is_behind)
{
    if (length > WALK_KEY_MAX)
        length = WALK_KEY_MAX;
    if (length)
        memcpy(walk->key, key, length);
    walk->key_length = length;
    walk->is_behind = is_behind;
    walk->is_on_key = false;
}

static int order_of(const MDB_val *key, const struct walk *walk)
{
    size_t shorter = walk->key_length < key->mv_size ? walk->key_length : key->mv_size;
    int order = shorter ? memcmp(key->mv_data, walk->key, shorter) : 0;

    if (order == 0 && key->mv_size != walk->key_length)
        order = key->mv_size < walk->key_length ? -1 : 1;
    return order;
}

/* The cursor goes to the first key at or after the place's. LMDB gets there by the keys of its
 * upper pages, and a flipped bit in one of those leads past values: so what lies before is looked
 * at, too. */
static int find(struct walk *walk, MDB_val *key, MDB_val *value)
{
    MDB_val before, ignored;
    int rc, back;

    if (walk->key_length == 0)
        return mdb_cursor_get(walk->cursor, key, value, MDB_FIRST);
    key->mv_data = walk->key;
    key->mv_size = walk->key_length;
    rc = mdb_cursor_get(walk->cursor, key, value, MDB_SET_RANGE);
    if (rc && rc != MDB_NOTFOUND)
        return rc;
    back = mdb_cursor_get(walk->cursor, &before, &ignored, rc ? MDB_LAST : MDB_PREV);
    if (!back && order_of(&before, walk) >= 0)
        return MDB_CORRUPTED;
    if (back && back != MDB_NOTFOUND)
        return back;
    if (rc)
        return rc;
    return mdb_cursor_get(walk->cursor, key, value, back ? MDB_FIRST : MDB_NEXT);
}

/* A damaged tree can lead anywhere: what lies ahead must be ahead, or a walk could go round. */
static bool is_ahead(const struct walk *walk, const MDB_val *key, bool is_forward)
{
    int order = order_of(key, walk);

    if (walk->key_length == 0)
        return is_forward;
    if (order == 0)
        return is_forward != walk->is_behind;
    return is_forward ? order > 0 : order < 0;
}

static bool page_is_sound(struct walk *walk, const MDB_val *key)
{
    size_t page_bytes = walk->store->page_bytes;
    const void *page = page_bytes ? page_of(key->mv_data, page_bytes) : NULL;

    if (page != walk->page && !page_adds_up(page, page_bytes))
        return false;
    walk->page = page;
    return true;
}

static int arrive(struct walk *walk, int rc, const MDB_val *key, bool is_forward, struct err *err)
{
    walk->is_on_key = false;
    if (rc == MDB_NOTFOUND)
        return 0;
    if (rc)
        return table_error(walk->store, rc, "cannot read", err);
    if (key->mv_size > WALK_KEY_MAX || !is_ahead(walk, key, is_forward))
        return err_set(err, ERR_DAMAGED, "store \"%s\" is damaged: keys of %s are not in order",
                       store_dir(walk->store), table_name(walk->table));
    walk_place(walk, key->mv_data, key->mv_size, is_forward);
    if (!page_is_sound(walk, key))
        return err_set(err, ERR_DAMAGED, "store \"%s\" is damaged: a page of %s does not add up",
                       store_dir(walk->store), table_name(walk->table));
    walk->is_on_key = true;
    return 1;
}

int walk_next(struct walk *walk, MDB_val *key, MDB_val *value, struct err *err)
{
    int rc;

    if (freshen(walk, err))
        return -1;
    if (walk->is_on_key) {
        rc = mdb_cursor_get(walk->cursor, key, value, walk->is_behind ? MDB_NEXT : MDB_GET_CURRENT);
    } else {
        rc = find(walk, key, value);
        if (!rc && walk->is_behind && order_of(key, walk) == 0)
            rc = mdb_cursor_get(walk->cursor, key, value, MDB_NEXT);
    }
    return arrive(walk, rc, key, true, err);
}

int walk_previous(struct walk *walk, MDB_val *key, MDB_val *value, struct err *err)
{
    int rc;

    if (freshen(walk, err))
        return -1;
    if (walk->is_on_key) {
        rc = mdb_cursor_get(walk->cursor, key, value, walk->is_behind ? MDB_GET_CURRENT : MDB_PREV);
    } else {
        rc = find(walk, key, value);
        if (rc == MDB_NOTFOUND)
            rc = mdb_cursor_get(walk->cursor, key, value, MDB_LAST);
        else if (!rc && !(walk->is_behind && order_of(key, walk) == 0))
            rc = mdb_cursor_get(walk->cursor, key, value, MDB_PREV);
    }
    return arrive(walk, rc, key, false, err);
}
