#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/store_files.h"
#include "storage/tables.h"

enum {
    LOOKS = 4,
    LOOK_AGAIN_US = 25000,
    MENDED_PAGES = 64, /* how short a file may be and still count as LMDB's doing */
    PAGE_LEAST = 512,
    PAGE_MOST = 65536
};

/* The head of each of LMDB's two first pages, as data version 1 has it on 64 bits. */
enum { HEAD_BYTES = 152, MAGIC_AT = 16, VERSION_AT = 20, PAGE_BYTES_AT = 40, COMMIT_AT = 144 };
#define LMDB_MAGIC UINT32_C(0xbeefc0de)

struct head {
    uint32_t magic, version, page_bytes;
    uint64_t commit;
};

static bool read_head(int fd, off_t at, struct head *head)
{
    uint8_t bytes[HEAD_BYTES];

    if (pread(fd, bytes, sizeof bytes, at) != (ssize_t)sizeof bytes)
        return false;
    memcpy(&head->magic, bytes + MAGIC_AT, sizeof head->magic);
    memcpy(&head->version, bytes + VERSION_AT, sizeof head->version);
    memcpy(&head->page_bytes, bytes + PAGE_BYTES_AT, sizeof head->page_bytes);
    memcpy(&head->commit, bytes + COMMIT_AT, sizeof head->commit);
    return head->magic == LMDB_MAGIC && head->version == 1;
}

/* Commits go to the two pages in turn, so that their numbers are neighbours, the odd one in the
 * second page. Anything else is a page from another time: LMDB would open the older state and say
 * nothing. */
static bool heads_agree(const struct head *first, const struct head *second)
{
    bool are_new = first->commit == 0 && second->commit == 0;
    uint64_t apart = first->commit > second->commit ? first->commit - second->commit
                                                    : second->commit - first->commit;

    if (first->page_bytes != second->page_bytes)
        return false;
    return are_new || (apart == 1 && first->commit % 2 == 0);
}

static bool is_page_size(uint32_t bytes)
{
    return bytes >= PAGE_LEAST && bytes <= PAGE_MOST && (bytes & (bytes - 1)) == 0;
}

int store_check_heads(struct store *store, struct err *err)
{
    struct head first, second;
    char *path = store_path(store->dir, "data.mdb");
    bool agree = true;
    int fd;

    if (!path)
        return err_memory(err);
    fd = sizeof(size_t) == 8 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    free(path);
    if (fd < 0)
        return 0; /* LMDB will say why */
    for (int i = 0; i < LOOKS && read_head(fd, 0, &first); i++) {
        agree = is_page_size(first.page_bytes) && read_head(fd, (off_t)first.page_bytes, &second) &&
                heads_agree(&first, &second);
        if (agree)
            break;
        (void)usleep(LOOK_AGAIN_US); /* a commit may be under way */
    }
    (void)close(fd);
    if (agree)
        return 0;
    return err_set(err, ERR_DAMAGED, "store \"%s\" is damaged: its two first pages do not agree",
                   store->dir);
}

static uint64_t bytes_said(struct store *store, uint64_t *page_bytes)
{
    MDB_envinfo said;
    MDB_stat stat;

    if (mdb_env_info(store->env, &said) || mdb_env_stat(store->env, &stat))
        return 0;
    *page_bytes = stat.ms_psize;
    return ((uint64_t)said.me_last_pgno + 1) * stat.ms_psize;
}

uint64_t store_file_bytes(struct store *store)
{
    struct stat st;
    int fd;

    if (mdb_env_get_fd(store->env, &fd) || fstat(fd, &st))
        return 0;
    return (uint64_t)st.st_size;
}

void store_settle_size(struct store *store)
{
    uint64_t page_bytes = 0;
    MDB_txn *txn;
    uint64_t said;
    int fd;

    if (store_file_bytes(store) >= bytes_said(store, &page_bytes) ||
        mdb_txn_begin(store->env, NULL, 0, &txn))
        return;
    said = bytes_said(store, &page_bytes);
    if (store_file_bytes(store) < said && mdb_env_get_fd(store->env, &fd) == 0)
        (void)!ftruncate(fd, (off_t)said);
    mdb_txn_abort(txn);
}

int store_check_size(struct store *store, struct err *err)
{
    uint64_t page_bytes = 0, said = 0, there = 0;

    for (int i = 0; i < LOOKS; i++) {
        said = bytes_said(store, &page_bytes);
        there = store_file_bytes(store);
        store->page_bytes = page_bytes == (uint64_t)sysconf(_SC_PAGESIZE) ? page_bytes : 0;
        if (said <= there)
            return 0;
        if (store->mode == STORE_WRITE && said - there <= MENDED_PAGES * page_bytes) {
            store_settle_size(store);
            return 0;
        }
        (void)usleep(LOOK_AGAIN_US); /* the writer may be about to settle it */
    }
    return err_set(err, ERR_DAMAGED,
                   "store \"%s\" is damaged: data.mdb has %llu bytes and should have %llu",
                   store->dir, (unsigned long long)there, (unsigned long long)said);
}
