/* pollard dump: stored polls → rows → CSV, as a stream into a sink, memory flat.
 *
 * The header is the union of the columns in order of first appearance, so a dump reads its range
 * twice: once to learn the columns (only bodies, no cells kept), once to write; polls that come in
 * between are left out of both by fixing the end of every feed first. With `columns` it reads once.
 */
#ifndef EXPORT_DUMP_H
#define EXPORT_DUMP_H

#include <stdbool.h>

#include "base/zone.h"
#include "export/csv.h"
#include "storage/store.h"

/* What to export; also for polls and gaps. Borrowed for the call. */
struct export_range {
    const char *const *globs; /* NULL or empty: all feeds */
    size_t glob_count;
    int64_t from_at, to_at;  /* AT_NONE / AT_NEVER */
    const struct zone *zone; /* NULL: the feed's; several zones: UTC */
};

enum time_format { TIME_ISO, TIME_UNIX, TIME_UNIX_MS, TIME_STRFTIME };

struct dump_counts {
    uint64_t polls, rows, invalid, bodies_without_rows, duplicate_cells, replaced_bytes;
    uint64_t undecoded; /* polls of a format that has no decoder */
};

/* Told while a dump runs; each may be NULL. */
struct dump_watcher {
    void (*on_feed)(void *cookie, const char *feed, const struct dump_counts *counts);
    void (*on_progress)(void *cookie, double share); /* 0 … 1, after every poll */
    void *cookie;
};

struct dump_options {
    struct export_range range;
    enum time_format time_format;
    const char *strftime_format;
    const char *rows;    /* NULL: the feed's */
    const char *columns; /* JSON, NULL: the feed's */
    const char *with;    /* "slot,status": columns of polls; NULL: none */
    uint64_t last;       /* the last so many polls of each feed that would give rows; 0: all */
    bool is_changes_only;
    const struct dump_watcher *watcher; /* NULL: none */
};

/* ERR_USAGE: a bad path, column or time; ERR_ABSENT: no such feed. `counts` (may be NULL) are of
 * all feeds; what is counted for a body is counted for every poll that was answered with it. */
int dump_run(struct store *store, const struct dump_options *options, const struct sink *sink,
             struct dump_counts *counts, struct err *err);

#endif
