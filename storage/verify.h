/* Reads everything, believes nothing: every checksum, every reference, every body's hash; polls in
 * order and none twice. Run it in a child process (verify_run_child): damaged files can raise
 * SIGBUS. */
#ifndef STORAGE_VERIFY_H
#define STORAGE_VERIFY_H

#include "storage/store.h"

struct verify_counts {
    uint64_t values, polls, bodies, raw_bytes, faults;
};

/* Calls on_fault for everything wrong, text naming table, feed and slot. -1: it could not go on. */
int verify_store(const char *dir, void (*on_fault)(void *cookie, const char *text), void *cookie,
                 struct verify_counts *counts, struct err *err);
/* The same in a forked child; a child killed by a signal is a fault. Call it with no store open. */
int verify_run_child(const char *dir, void (*on_fault)(void *cookie, const char *text),
                     void *cookie, struct verify_counts *counts, struct err *err);

#endif
