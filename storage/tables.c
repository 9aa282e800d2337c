#include "storage/tables.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "storage/key.h"
#include "storage/value.h"

const char *table_name(enum table table)
{
    switch (table) {
#define TABLE_NAME(name, text)                                                                     \
    case TABLE_##name:                                                                             \
        return text;
        TABLES(TABLE_NAME)
#undef TABLE_NAME
    }
    return "";
}

static enum err_kind kind_of(int rc)
{
    switch (rc) {
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INCOMPATIBLE:
    case MDB_CURSOR_FULL:
        return ERR_DAMAGED;
    case MDB_NOTFOUND:
    case ENOENT:
        return ERR_ABSENT;
    case MDB_MAP_FULL:
    case MDB_READERS_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT:
    case EAGAIN:
        return ERR_FULL;
    case ENOMEM:
        return ERR_MEMORY;
    default:
        return ERR_IO;
    }
}

int table_error(const struct store *store, int rc, const char *what, struct err *err)
{
    enum err_kind kind = kind_of(rc);

    if (kind == ERR_DAMAGED)
        return err_set(err, kind, "store \"%s\" is damaged: %s: %s", store->dir, what,
                       mdb_strerror(rc));
    return err_set(err, kind, "store \"%s\": %s: %s", store->dir, what, mdb_strerror(rc));
}

/* How long other threads of ours may take to let go of their transactions. */
enum { ADOPT_WAIT_S = 2 };

/* Another process has made the map larger: take its size, which needs a moment without any read
 * transaction of ours. */
int store_adopt_map(struct store *store)
{
    struct timespec until;
    int rc = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ADOPT_WAIT_S;
    (void)pthread_mutex_lock(&store->guard);
    store->adopters++;
    while (store->reads && !rc)
        rc = pthread_cond_clockwait(&store->has_moved, &store->guard, CLOCK_MONOTONIC, &until);
    rc = store->reads ? EAGAIN : mdb_env_set_mapsize(store->env, 0);
    if (--store->adopters == 0)
        (void)pthread_cond_broadcast(&store->has_moved);
    (void)pthread_mutex_unlock(&store->guard);
    return rc;
}

int store_grow(struct store *store)
{
    MDB_envinfo said;
    int rc = EAGAIN;

    (void)pthread_mutex_lock(&store->guard);
    if (store->reads == 0) {
        rc = mdb_env_info(store->env, &said);
        if (!rc)
            rc = mdb_env_set_mapsize(store->env, said.me_mapsize * 2);
    }
    (void)pthread_mutex_unlock(&store->guard);
    return rc;
}

static void begin_read(struct store *store)
{
    (void)pthread_mutex_lock(&store->guard);
    while (store->adopters)
        (void)pthread_cond_wait(&store->has_moved, &store->guard);
    store->reads++;
    (void)pthread_mutex_unlock(&store->guard);
}

static void end_read(struct store *store)
{
    (void)pthread_mutex_lock(&store->guard);
    if (--store->reads == 0)
        (void)pthread_cond_broadcast(&store->has_moved);
    (void)pthread_mutex_unlock(&store->guard);
}

/* `*txn` NULL: begin; else renew. */
static int enter(struct store *store, MDB_txn **txn)
{
    int rc = MDB_MAP_RESIZED;

    for (int i = 0; rc == MDB_MAP_RESIZED && i < 3; i++) {
        if (i && (rc = store_adopt_map(store)))
            return rc;
        begin_read(store);
        rc = *txn ? mdb_txn_renew(*txn) : mdb_txn_begin(store->env, NULL, MDB_RDONLY, txn);
        if (rc)
            end_read(store);
    }
    return rc;
}

int table_begin_read(struct store *store, MDB_txn **txn, struct err *err)
{
    int rc;

    *txn = NULL;
    rc = enter(store, txn);
    return rc ? table_error(store, rc, "cannot read", err) : 0;
}

int table_renew_read(struct store *store, MDB_txn *txn, struct err *err)
{
    int rc = enter(store, &txn);

    return rc ? table_error(store, rc, "cannot read", err) : 0;
}

void table_reset_read(struct store *store, MDB_txn *txn)
{
    mdb_txn_reset(txn);
    end_read(store);
}

/* Committed, not aborted: an aborted transaction takes the tables it opened with it. */
void table_end_read(struct store *store, MDB_txn *txn, bool is_live)
{
    if (!txn)
        return;
    if (!is_live) {
        mdb_txn_abort(txn);
        return;
    }
    (void)mdb_txn_commit(txn);
    end_read(store);
}

static struct value_place place_of(enum table table, const MDB_val *key)
{
    return (struct value_place){(unsigned)table, key->mv_data, key->mv_size};
}

/* Instants of a place are for people who read a list of faults: UTC, to the microsecond. */
static int print_slot(char *out, size_t size, int64_t at)
{
    int64_t days = clock_floor_div(at, US_PER_DAY);
    int64_t left = at - days * US_PER_DAY;
    int64_t seconds = left / US_PER_SECOND;
    int year, month, day;

    if (at < -INT64_C(100000) * US_PER_DAY * 3 || at > INT64_C(2000000) * US_PER_DAY)
        return snprintf(out, size, ", slot %lld", (long long)at);
    clock_date_from_days(days, &year, &month, &day);
    return snprintf(out, size, ", slot %04d-%02d-%02dT%02d:%02d:%02d.%06dZ", year, month, day,
                    (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60),
                    (int)(left % US_PER_SECOND));
}

static void print_bytes(char *out, size_t size, const MDB_val *key)
{
    const uint8_t *at = key->mv_data;
    int length = snprintf(out, size, ", key \"");

    for (size_t i = 0; i < key->mv_size && (size_t)length + 6 < size; i++)
        length += snprintf(out + length, size - (size_t)length,
                           at[i] >= ' ' && at[i] < 0x7f ? "%c" : "\\x%02x", at[i]);
    (void)snprintf(out + length, size - (size_t)length, "\"");
}

void table_place(enum table table, const MDB_val *key, char out[TABLE_PLACE_MAX])
{
    size_t at = (size_t)snprintf(out, TABLE_PLACE_MAX, "%s", table_name(table));
    size_t size = key->mv_size;
    bool has_slot = (table == TABLE_POLLS && size == KEY_POLL_BYTES) ||
                    (table == TABLE_BODIES && size == KEY_BODY_BYTES);
    bool has_number =
        (table == TABLE_DEFINITIONS || table == TABLE_SHAPES) && size == KEY_NUMBER_BYTES;
    bool has_feed = has_slot || has_number || (table == TABLE_FEEDS && size == KEY_FEED_BYTES);

    if (has_feed)
        at += (size_t)snprintf(out + at, TABLE_PLACE_MAX - at, ", feed %u", key_feed(key->mv_data));
    if (has_number)
        (void)snprintf(out + at, TABLE_PLACE_MAX - at, ", number %u", key_number(key->mv_data));
    if (has_slot)
        at += (size_t)print_slot(out + at, TABLE_PLACE_MAX - at, key_slot(key->mv_data));
    if (has_slot && table == TABLE_BODIES && key_part(key->mv_data))
        (void)snprintf(out + at, TABLE_PLACE_MAX - at, ", part %u", key_part(key->mv_data));
    if (!has_feed)
        print_bytes(out + at, TABLE_PLACE_MAX - at, key);
}

int table_unseal(enum table table, const MDB_val *key, MDB_val *value, struct err *err)
{
    struct value_place place = place_of(table, key);
    char text[TABLE_PLACE_MAX];

    if (value_unseal(&place, value->mv_data, &value->mv_size))
        return 0;
    table_place(table, key, text);
    return err_set(err, ERR_DAMAGED, "%s: the checksum does not fit", text);
}

int table_get(struct store *store, MDB_txn *txn, enum table table, const MDB_val *key,
              MDB_val *value, struct err *err)
{
    MDB_val sought = *key;
    int rc = mdb_get(txn, store->tables[table], &sought, value);

    if (rc == MDB_NOTFOUND)
        return 0;
    if (rc)
        return table_error(store, rc, "cannot read", err);
    return table_unseal(table, key, value, err) ? -1 : 1;
}

int table_put(struct store *store, MDB_txn *txn, enum table table, const MDB_val *key,
              const MDB_val *value, unsigned flags)
{
    struct value_place place = place_of(table, key);
    MDB_val sought = *key, room = {value->mv_size + VALUE_TRAILER_BYTES, NULL};
    int rc;

    if (room.mv_size > VALUE_MAX)
        return MDB_BAD_VALSIZE;
    rc = mdb_put(txn, store->tables[table], &sought, &room, flags | MDB_RESERVE);
    if (rc)
        return rc;
    if (value->mv_size)
        memcpy(room.mv_data, value->mv_data, value->mv_size);
    value_seal(&place, room.mv_data, value->mv_size);
    return 0;
}

int table_find(struct store *store, MDB_txn *txn, enum table table, const MDB_val *key,
               MDB_val *value)
{
    struct value_place place = place_of(table, key);
    MDB_val sought = *key;
    int rc = mdb_get(txn, store->tables[table], &sought, value);

    if (rc)
        return rc;
    return value_unseal(&place, value->mv_data, &value->mv_size) ? 0 : EBADMSG;
}

uint64_t store_version(const struct store *store)
{
    MDB_envinfo state;

    return mdb_env_info(store->env, &state) ? 0 : state.me_last_txnid;
}
