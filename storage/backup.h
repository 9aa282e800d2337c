/* A consistent, compacted copy of a store, also while pollardd writes to it. The pages are read in
 * a child process: damaged ones can raise SIGBUS. Call it with no store open.
 *
 * While it reads, the store cannot use freed pages again. A store that grows too much meanwhile
 * (a quarter, and BACKUP_GROWTH_BYTES at least: the receiver is slow) ends it. */
#ifndef STORAGE_BACKUP_H
#define STORAGE_BACKUP_H

#include <stdint.h>

#include "base/err.h"

#define BACKUP_GROWTH_BYTES (UINT64_C(256) << 20)

struct backup_watcher {
    /* Called now and then. Not 0: give up (ERR_NONE). `total_bytes` is an estimate. */
    int (*on_progress)(void *cookie, uint64_t done_bytes, uint64_t total_bytes);
    void *cookie;
};

/* The new directory `dest` appears whole, checked and durable, or not at all. It must not exist, or
 * be empty. It comes into being as DEST.partial; what a killed one left there is removed.
 * ERR_IO: also when another backup to `dest` is under way. ERR_DAMAGED: the store, or its copy, is
 * not sound. */
int backup_to_dir(const char *dir, const char *dest, const struct backup_watcher *watcher,
                  struct err *err);
/* A data.mdb into `fd`. The store is checked first: what was sent cannot be taken back. ERR_NONE:
 * nobody reads `fd` any more. */
int backup_to_fd(const char *dir, int fd, const struct backup_watcher *watcher, struct err *err);

#endif
