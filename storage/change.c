#include <errno.h>

#include "storage/tables.h"

static int change_once(struct store *store, int (*write)(void *cookie, MDB_txn *txn), void *cookie)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);

    if (rc)
        return rc;
    rc = write(cookie, txn);
    if (rc) {
        mdb_txn_abort(txn);
        return rc == CHANGE_NOTHING ? 0 : rc;
    }
    rc = mdb_txn_commit(txn);
    if (!rc)
        store_settle_size(store);
    return rc;
}

int store_change(struct store *store, int (*write)(void *cookie, MDB_txn *txn), void *cookie)
{
    int rc = change_once(store, write, cookie);

    while (rc == MDB_MAP_FULL || rc == MDB_MAP_RESIZED) {
        rc = rc == MDB_MAP_FULL ? store_grow(store) : store_adopt_map(store);
        if (rc)
            return rc == EAGAIN ? rc : ENOSPC;
        rc = change_once(store, write, cookie);
    }
    return rc;
}
