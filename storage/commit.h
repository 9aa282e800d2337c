/* Inside storage/: applies records inside one write transaction. The writer's thread. */
#ifndef STORAGE_COMMIT_H
#define STORAGE_COMMIT_H

#include "base/list.h"
#include "storage/store.h"

struct commit;
struct commit *commit_new(struct store *store); /* NULL: no memory */
void commit_free(struct commit *commit);
/* Writes all of `batch` (which stays the caller's) in one transaction. Makes the map larger
 * where it must. Returns LMDB's rc: 0 means durable, else nothing was written. `was_refused` of
 * each record is right after 0. */
int commit_batch(struct commit *commit, const struct list *batch);

enum commit_result {
    COMMIT_DONE, /* durable */
    COMMIT_NO_SPACE,
    COMMIT_LATER,       /* no memory, or somebody reads while the map must grow */
    COMMIT_ONE_RECORDS, /* one record of the batch may be to blame */
    COMMIT_BROKEN,
};
/* What an rc of commit_batch() means for the writer. */
enum commit_result commit_judge(const struct store *store, int rc, size_t batch_bytes);

#endif
