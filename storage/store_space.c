#include <string.h>
#include <sys/statvfs.h>

#include "storage/tables.h"

/* LMDB counts the pages of every table; what no table has is free to be used again. */
int store_space(struct store *store, struct store_space *space, struct err *err)
{
    MDB_dbi tables[TABLE_COUNT + 2] = {0, 1}; /* LMDB's own: free pages, tables */
    struct statvfs volume;
    MDB_stat pages;
    MDB_txn *txn;
    int rc = 0;

    *space = (struct store_space){.free_bytes = -1, .total_bytes = -1};
    memcpy(tables + 2, store->tables, sizeof store->tables);
    if (table_begin_read(store, &txn, err))
        return -1;
    for (size_t i = 0; !rc && i < TABLE_COUNT + 2; i++) {
        rc = mdb_stat(txn, tables[i], &pages);
        if (!rc)
            space->used_bytes +=
                (pages.ms_branch_pages + pages.ms_leaf_pages + pages.ms_overflow_pages + (i < 2)) *
                (uint64_t)pages.ms_psize;
    }
    table_end_read(store, txn, true);
    if (rc)
        return table_error(store, rc, "cannot read", err);
    space->file_bytes = store_file_bytes(store);
    if (statvfs(store->dir, &volume) == 0) {
        space->free_bytes = (int64_t)(volume.f_bavail * (uint64_t)volume.f_frsize);
        space->total_bytes = (int64_t)(volume.f_blocks * (uint64_t)volume.f_frsize);
    }
    return 0;
}
