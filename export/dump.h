/* pollard dump: stored polls → rows → CSV, as a stream into a sink, memory flat.
 *
 * The header is the union of the columns in order of first appearance, so a dump reads its range
 * twice: once to learn the columns (only bodies, no cells kept), once to write; polls that come in
 * between are left out of both by fixing the end of every feed first. With `columns`, as NDJSON and
 * raw it reads once.
 *
 * Split by feed, each file has the columns of its feed; by day or hour, all files have the same.
 *
 * Rows with a header are decoded by several threads: once the header is fixed, a body's rows depend
 * on no other body. */
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

enum dump_format { DUMP_CSV, DUMP_TSV, DUMP_NDJSON, DUMP_RAW };
enum dump_split { SPLIT_NONE, SPLIT_FEED, SPLIT_DAY, SPLIT_HOUR };

/* The files that a split or raw dump writes; what is written goes into the one at hand. */
struct sink_set {
    struct sink sink;
    /* Takes the file `name` ("bus.csv", "bus/2026-11-23T221500.000000Z.json") to hand: a new one,
     * or the end of one had in hand before. */
    int (*turn_to)(void *cookie, const char *name, bool *is_new, struct err *err);
    /* The file at hand is done, and shall be of that time. */
    int (*stamp)(void *cookie, int64_t at, struct err *err);
    void *cookie;
};

struct dump_counts {
    uint64_t polls, rows, invalid, bodies_without_rows, duplicate_cells, replaced_bytes;
};

/* Told while a dump runs; each may be NULL. */
struct dump_watcher {
    void (*on_feed)(void *cookie, const char *feed, const struct dump_counts *counts);
    /* After every poll. `share` of the whole: 0 … 1; `bytes` of bodies read up to now. */
    void (*on_progress)(void *cookie, double share, uint64_t bytes);
    /* There were rows, and none had a cell of this column that `columns` asks for: of the options
     * in no feed (`feed` is NULL), or of the feed's own. `path` NULL: it is a name. */
    void (*on_unmet)(void *cookie, const char *feed, const char *column, const char *path);
    /* Asked after every poll; true: the dump ends with ERR_NONE. */
    bool (*is_unwanted)(void *cookie);
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
    enum dump_format format;
    bool is_spreadsheet_safe; /* CSV and TSV: see csv.h */
    const char *kind;         /* of GTFS-Realtime: "vehicle"; NULL: the only one there is */
    enum dump_split split;
    /* At most so many threads decode, in order; what is written and told comes from the caller's
     * and is the same. 0: as many as are of use. */
    unsigned threads;
    const struct sink_set *files;       /* where a split or raw dump goes; else NULL */
    const struct dump_watcher *watcher; /* NULL: none */
};

/* `sink` is not looked at if there are `files`. ERR_USAGE: a bad path, column or time; ERR_ABSENT:
 * no such feed. `counts` (may be NULL) are of all feeds; what is counted for a body is counted for
 * every poll that was answered with it. */
int dump_run(struct store *store, const struct dump_options *options, const struct sink *sink,
             struct dump_counts *counts, struct err *err);

#endif
