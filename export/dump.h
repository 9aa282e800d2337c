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

struct dump_options {
    struct export_range range;
    enum time_format time_format;
    const char *strftime_format;
    const char *rows;    /* NULL: the feed's */
    const char *columns; /* JSON, NULL: the feed's */
    const char *with;    /* "slot,status": columns of polls; NULL: none */
    uint64_t last;       /* 0: all */
    bool is_changes_only;
};

struct dump_counts {
    uint64_t polls, rows, invalid, bodies_without_rows, duplicate_cells, replaced_bytes;
    uint64_t undecoded; /* polls of a format that has no decoder */
};

/* ERR_USAGE: a bad path, column or time; ERR_ABSENT: no such feed. */
int dump_run(struct store *store, const struct dump_options *options, const struct sink *sink,
             struct dump_counts *counts, struct err *err);

#endif
