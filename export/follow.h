/* pollard dump --follow: the rows of a range, then those of every poll that is committed, for as
 * long as the caller wishes.
 *
 * The header is written once and cannot grow: it has the columns of the range, and of the last few
 * answers of each feed before it; if there are none yet, the first answer gives them. NDJSON has no
 * header and leaves nothing out. */
#ifndef EXPORT_FOLLOW_H
#define EXPORT_FOLLOW_H

#include "export/dump.h"

struct follow_watcher {
    /* Everything there is has been written: waits until there may be more. From `over_at` on
     * nothing can come any more that lies in the range. 0: go on; 1: enough; -1: failed. */
    int (*on_idle)(void *cookie, int64_t over_at, struct err *err);
    /* A column that is not in the header and left out; told once. */
    void (*on_late_column)(void *cookie, const char *name);
    void *cookie;
};

/* As dump_run; `options` with neither split nor files nor raw. Feeds that are added to the store
 * meanwhile are followed, too. */
int follow_run(struct store *store, const struct dump_options *options,
               const struct follow_watcher *watcher, const struct sink *sink,
               struct dump_counts *counts, struct err *err);

#endif
