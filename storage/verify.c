#include "storage/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/verify_checks.h"

/* Walking goes from page to page; finding goes by the keys of the pages above, which no checksum
 * covers. */
static bool is_found_by_key(struct verify *verify, size_t index, const MDB_val *key,
                            const MDB_val *value)
{
    MDB_dbi table = verify->store->tables[verify_checks[index].table];
    MDB_val sought = *key, found;

    return mdb_get(verify->walk.txn, table, &sought, &found) == 0 &&
           found.mv_data == value->mv_data && found.mv_size == value->mv_size;
}

static int walk_table(struct verify *verify, size_t index, uint64_t *walked, struct err *err)
{
    MDB_val key, value;
    int found;

    while ((found = walk_next(&verify->walk, &key, &value, err)) > 0) {
        ++*walked;
        verify->counts->values++;
        if (!is_found_by_key(verify, index, &key, &value))
            verify_fault(verify, verify_checks[index].table, &key, "cannot be found by its key");
        if (verify_checks[index].key_bytes && key.mv_size != verify_checks[index].key_bytes)
            verify_fault(verify, verify_checks[index].table, &key, "a key of %zu bytes",
                         key.mv_size);
        else if (table_unseal(verify_checks[index].table, &key, &value, err))
            verify_fault(verify, verify_checks[index].table, &key, "the checksum does not fit");
        else
            verify_checks[index].check(verify, &key, &value);
    }
    return found;
}

/* LMDB keeps a count for each table; it can be compared while nobody wrote meanwhile. */
static void check_count(struct verify *verify, size_t index, size_t began, uint64_t walked)
{
    const char *name = table_name(verify_checks[index].table);
    char text[FAULT_TEXT_MAX];
    MDB_stat stat;

    if (mdb_txn_id(verify->walk.txn) != began ||
        mdb_stat(verify->walk.txn, verify->store->tables[verify_checks[index].table], &stat) ||
        stat.ms_entries == walked)
        return;
    (void)snprintf(text, sizeof text, "%s: %llu values, should be %llu", name,
                   (unsigned long long)walked, (unsigned long long)stat.ms_entries);
    verify_fault_plain(verify, text);
}

/* A table that cannot be walked to its end is a fault; the others are still read. */
static int check_table(struct verify *verify, size_t index, struct err *err)
{
    struct err why = {0};
    uint64_t walked = 0;
    size_t began;
    int failed;

    if (walk_open(&verify->walk, verify->store, verify_checks[index].table, err))
        return -1;
    began = mdb_txn_id(verify->walk.txn);
    failed = walk_table(verify, index, &walked, &why);
    if (!failed)
        check_count(verify, index, began, walked);
    walk_close(&verify->walk);
    if (failed && why.kind != ERR_DAMAGED)
        return err_set(err, why.kind, "%s", why.text);
    if (failed) {
        (void)err_within(&why, "%s", table_name(verify_checks[index].table));
        verify_fault_plain(verify, why.text);
    }
    return 0;
}

static void on_assert(MDB_env *env, const char *text)
{
    (void)env;
    (void)text;
    abort();
}

static int check_store(struct verify *verify, struct err *err)
{
    int failed = 0;

    (void)mdb_env_set_assert(verify->store->env, on_assert);
    body_source_init(&verify->bodies, verify->store);
    buf_init(&verify->body, (size_t)PACK_RAW_MAX);
    for (size_t i = 0; !failed && i < TABLE_COUNT; i++)
        failed = check_table(verify, i, err);
    body_source_release(&verify->bodies);
    buf_release(&verify->body);
    return failed;
}

int verify_store(const char *dir, void (*on_fault)(void *cookie, const char *text), void *cookie,
                 struct verify_counts *counts, struct err *err)
{
    struct verify verify = {.counts = counts, .on_fault = on_fault, .cookie = cookie};
    struct err why = {0};
    int failed;

    memset(counts, 0, sizeof *counts);
    if (store_open_plain(&verify.store, dir, STORE_READ, &why)) {
        if (why.kind != ERR_DAMAGED)
            return err_set(err, why.kind, "%s", why.text);
        verify_fault_plain(&verify, why.text);
        return 0;
    }
    failed = check_store(&verify, err);
    store_close(verify.store);
    return failed;
}
