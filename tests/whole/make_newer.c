/* make_newer STORE: turns a store into one that a later pollard has written. */
#include <stdio.h>

#include "storage/key.h"
#include "storage/tables.h"

enum { FORMAT_BYTES = 8 };

int main(int argc, char **argv)
{
    uint8_t bytes[FORMAT_BYTES];
    MDB_val key = {6, "format"}, value = {sizeof bytes, bytes};
    struct store *store = NULL;
    struct err err = {0};
    MDB_txn *txn = NULL;
    int rc;

    if (argc != 2 || store_open(&store, argv[1], STORE_WRITE, &err) != 0) {
        fprintf(stderr, "make_newer: %s\n", argc == 2 ? err.text : "wants a store");
        return 1;
    }
    key_of_time(STORE_FORMAT + 1, bytes);
    rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc == 0)
        rc = table_put(store, txn, TABLE_META, &key, &value, 0);
    if (rc == 0)
        rc = mdb_txn_commit(txn);
    store_close(store);
    return rc != 0;
}
