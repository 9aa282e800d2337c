#include "storage/tables.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "storage/bytes.h"
#include "storage/key.h"
#include "storage/store_files.h"

#define MAP_FIRST (UINT64_C(1) << 30)
#define MAP_LEAST (UINT64_C(64) << 20)
#define MAP_MOST  (UINT64_C(1) << 44)

enum { OPEN_TRIES = 4, OPEN_AGAIN_US = 25000 };

static struct store *store_new(const char *dir, enum store_mode mode)
{
    struct store *store = calloc(1, sizeof *store);

    if (store)
        store->dir = strdup(dir);
    if (!store || !store->dir || pthread_mutex_init(&store->guard, NULL)) {
        if (store)
            free(store->dir);
        free(store);
        return NULL;
    }
    (void)pthread_cond_init(&store->has_moved, NULL);
    store->mode = mode;
    store->lock_fd = -1;
    return store;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    if (store->env)
        mdb_env_close(store->env);
    store_unlock(store->lock_fd);
    (void)pthread_cond_destroy(&store->has_moved);
    (void)pthread_mutex_destroy(&store->guard);
    free(store->dir);
    free(store);
}

const char *store_dir(const struct store *store)
{
    return store->dir;
}

int64_t store_free_bytes(const struct store *store)
{
    struct statvfs volume;

    if (statvfs(store->dir, &volume))
        return -1;
    return (int64_t)(volume.f_bavail * (uint64_t)volume.f_frsize);
}

/* As large as the volume: address space only, so that it need not grow while it is in use. */
static size_t map_size_of(const char *dir)
{
    struct statvfs volume;
    uint64_t bytes = MAP_FIRST;

    if (statvfs(dir, &volume) == 0)
        bytes = volume.f_blocks * (uint64_t)volume.f_frsize;
    if (bytes < MAP_FIRST)
        bytes = MAP_FIRST;
    if (bytes > MAP_MOST)
        bytes = MAP_MOST;
    return (size_t)(bytes & ~(MAP_LEAST - 1));
}

/* LMDB would print its own line and abort; the companion catches that and has words for it. */
static void on_assert(MDB_env *env, const char *text)
{
    (void)env;
    (void)text;
    abort();
}

/* map_bytes 0: as the file says. */
static int open_once(struct store *store, size_t map_bytes, unsigned flags)
{
    int rc = mdb_env_create(&store->env);

    if (rc)
        return rc;
    rc = mdb_env_set_maxdbs(store->env, TABLE_COUNT + 1);
    if (!rc && store->mode != STORE_WRITE)
        rc = mdb_env_set_assert(store->env, on_assert);
    if (!rc && map_bytes)
        rc = mdb_env_set_mapsize(store->env, map_bytes);
    if (!rc)
        rc = mdb_env_open(store->env, store->dir, flags | MDB_NOTLS,
                          store->mode == STORE_READ ? STORE_LOCK_MODE : STORE_DATA_MODE);
    if (rc) {
        mdb_env_close(store->env);
        store->env = NULL;
    }
    return rc;
}

/* Another process that opens or closes the same store can make an opening fail for an instant. */
static int open_patiently(struct store *store, size_t map_bytes, unsigned flags)
{
    int rc = open_once(store, map_bytes, flags);

    for (int i = 1; i < OPEN_TRIES && (rc == EAGAIN || rc == EBUSY || rc == ENOENT); i++) {
        (void)usleep(OPEN_AGAIN_US);
        rc = open_once(store, map_bytes, flags);
    }
    return rc;
}

static int open_to_fit(struct store *store, unsigned flags)
{
    size_t map_bytes = store->mode == STORE_WRITE ? map_size_of(store->dir) : 0;
    int rc = open_patiently(store, map_bytes, flags);

    if (rc != ENOMEM && !(rc == EINVAL && map_bytes))
        return rc;
    for (map_bytes = map_size_of(store->dir); map_bytes >= MAP_LEAST; map_bytes /= 2) {
        rc = open_patiently(store, map_bytes, flags);
        if (rc != ENOMEM && rc != EINVAL)
            return rc;
    }
    return rc;
}

static bool is_forbidden(int rc)
{
    return rc == EACCES || rc == EPERM || rc == EROFS;
}

/* Without a lock file that may be written, a reader does without: fine on media that nobody
 * writes, and beside a writer every value still has its checksum. */
static int open_for_reading(struct store *store, struct err *err)
{
    struct guise guise;
    int rc;

    guise_take(&guise, store->dir);
    rc = open_to_fit(store, MDB_RDONLY);
    if (is_forbidden(rc))
        rc = open_to_fit(store, MDB_RDONLY | MDB_NOLOCK);
    if (is_forbidden(rc) && guise.is_taken) {
        if (guise_drop(&guise, err))
            return -1;
        rc = open_to_fit(store, MDB_RDONLY | MDB_NOLOCK);
    }
    if (guise_drop(&guise, err))
        return -1;
    return rc ? table_error(store, rc, "cannot open it", err) : 0;
}

static int open_for_change(struct store *store, struct err *err)
{
    struct guise guise;
    int rc;

    guise_take(&guise, store->dir);
    rc = open_to_fit(store, 0);
    if (guise_drop(&guise, err))
        return -1;
    return rc ? table_error(store, rc, "cannot open it to write", err) : 0;
}

static int open_for_writing(struct store *store, bool exists, struct err *err)
{
    int rc = open_to_fit(store, 0);

    if (rc)
        return table_error(store, rc, "cannot open it", err);
    if (!exists)
        store_set_modes(store->dir);
    return 0;
}

static int put_meta(struct store *store, MDB_txn *txn, const char *name, int64_t number)
{
    uint8_t bytes[8];
    MDB_val key = {strlen(name), (void *)name}, value = {sizeof bytes, bytes};

    key_of_time(number, bytes);
    return table_put(store, txn, TABLE_META, &key, &value, MDB_NOOVERWRITE);
}

static int64_t now_at(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

static int check_format(struct store *store, MDB_txn *txn, struct err *err)
{
    MDB_val key = {6, "format"}, value;
    int64_t format;

    int found = table_get(store, txn, TABLE_META, &key, &value, err);
    if (found < 0)
        return -1;
    format = found && value.mv_size == 8 ? key_time(value.mv_data) : 0;
    if (format > STORE_FORMAT)
        return err_set(err, ERR_NEWER,
                       "store \"%s\" has format %lld, this release knows up to %d: use a newer one",
                       store->dir, (long long)format, STORE_FORMAT);
    if (format < 1)
        return err_set(err, ERR_DAMAGED, "store \"%s\" is damaged: its format is missing",
                       store->dir);
    return 0;
}

/* meta first: a newer release may have other tables. */
static int open_tables(struct store *store, MDB_txn *txn, unsigned flags, struct err *err)
{
    for (int i = 0; i < TABLE_COUNT; i++) {
        int rc = mdb_dbi_open(txn, table_name((enum table)i), flags, &store->tables[i]);

        if (rc == MDB_NOTFOUND && i == TABLE_META && store->mode != STORE_WRITE)
            return err_set(err, ERR_ABSENT, "no store in \"%s\"", store->dir);
        if (rc == MDB_NOTFOUND)
            return err_set(err, ERR_DAMAGED, "store \"%s\" is damaged: it lacks the table %s",
                           store->dir, table_name((enum table)i));
        if (rc)
            return table_error(store, rc, "cannot open a table", err);
        if (i == TABLE_META && !(flags & MDB_CREATE) && check_format(store, txn, err))
            return -1;
    }
    return 0;
}

/* Tables and format come into being in one transaction: a store is whole or not there. */
static int create_tables(struct store *store, struct err *err)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);

    if (rc)
        return table_error(store, rc, "cannot begin", err);
    if (open_tables(store, txn, MDB_CREATE, err)) {
        mdb_txn_abort(txn);
        return -1;
    }
    rc = put_meta(store, txn, "format", STORE_FORMAT);
    if (!rc)
        rc = put_meta(store, txn, "created", now_at());
    if (rc) {
        mdb_txn_abort(txn);
        return table_error(store, rc, "cannot create the tables", err);
    }
    rc = mdb_txn_commit(txn);
    return rc ? table_error(store, rc, "cannot create the tables", err) : 0;
}

static int use_tables(struct store *store, struct err *err)
{
    MDB_txn *txn = NULL;
    MDB_stat stat;
    int failed;

    if (mdb_env_stat(store->env, &stat) == 0 && stat.ms_entries == 0 && store->mode == STORE_WRITE)
        return create_tables(store, err);
    if (table_begin_read(store, &txn, err))
        return -1;
    failed = open_tables(store, txn, 0, err);
    table_end_read(store, txn, true);
    return failed;
}

/* A data.mdb of no bytes is one that pollardd creates this instant, or a lost one. */
static int expect_store(const struct store *store, struct err *err)
{
    struct stat st = {0};
    char *path = store_path(store->dir, "data.mdb");
    int failed = 0;

    if (!path)
        return err_memory(err);
    for (int i = 0; !failed && st.st_size == 0; i++) {
        if (stat(path, &st))
            failed = errno == ENOENT || errno == ENOTDIR
                         ? err_set(err, ERR_ABSENT, "no store in \"%s\"", store->dir)
                         : err_set(err, ERR_IO, "cannot look at store \"%s\": %s", store->dir,
                                   strerror(errno));
        else if (i == OPEN_TRIES)
            failed =
                err_set(err, ERR_DAMAGED, "store \"%s\" is damaged: data.mdb is empty", store->dir);
        else if (!st.st_size)
            (void)usleep(OPEN_AGAIN_US);
    }
    free(path);
    return failed;
}

static int open_files(struct store *store, struct err *err)
{
    bool exists;
    int dead;

    if (store->mode == STORE_WRITE &&
        (store_make_dir(store->dir, err) || store_lock(store->dir, &store->lock_fd, err)))
        return -1;
    if (store->mode == STORE_WRITE &&
        (store_look_at_files(store->dir, &exists, err) || store_check_heads(store, err) ||
         open_for_writing(store, exists, err)))
        return -1;
    if (store->mode != STORE_WRITE &&
        (expect_store(store, err) || store_check_heads(store, err) ||
         (store->mode == STORE_READ ? open_for_reading : open_for_change)(store, err)))
        return -1;
    store_close_on_exec(store->dir);
    if (store_check_size(store, err))
        return -1;
    (void)mdb_reader_check(store->env, &dead);
    return use_tables(store, err);
}

int store_open_plain(struct store **out, const char *dir, enum store_mode mode, struct err *err)
{
    struct store *store = store_new(dir, mode);

    *out = NULL;
    if (!store)
        return err_memory(err);
    if (open_files(store, err)) {
        store_close(store);
        return -1;
    }
    *out = store;
    return 0;
}

int store_open(struct store **out, const char *dir, enum store_mode mode, struct err *err)
{
    struct err why = {0};

    if (!store_open_plain(out, dir, mode, &why))
        return 0;
    if (why.kind == ERR_DAMAGED)
        return err_set(err, why.kind, "%.900s: run pollard verify", why.text);
    return err_set(err, why.kind, "%s", why.text);
}
