/* A payload as rows. Picks the decoder by format; calls back per row; memory for one row at a time.
 * Pure; any thread, one decoder on one thread at a time. */
#ifndef FEEDS_ROWS_H
#define FEEDS_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "feeds/feed.h"

/* What bytes are, judged for `format: auto`: the bytes first, then `content_type` (NULL or ""
 * fine), then text or binary. Never FORMAT_AUTO. */
enum feed_format rows_judge(const char *bytes, size_t length, const char *content_type);

/* What a body that was judged so is meant to be, where paths are given (`path` and `columns` as for
 * rows_new): no text, nor anything unknown. An error page is ill-formed JSON then. */
enum feed_format rows_meant_as(enum feed_format judged, const char *path, const char *columns);

/* The auto rows path of a JSON document: the shallowest non-empty array whose elements are all
 * objects, first in document order (below a name that is not UTF-8 none counts: it has no path). 0:
 * found, its text in `path`; 1: there is none, or several documents (of NDJSON each line is the
 * row: do not ask); -1: ill-formed or no memory. */
int rows_find_path(const char *bytes, size_t length, struct buf *path, struct err *err);

struct cell {
    uint32_t column;  /* index into the decoder's columns */
    const char *text; /* bytes of the cell, not yet quoted, as they were sent; "" for null */
    size_t length;
    bool is_string; /* of JSON: it stood in quotes (ndjson output needs it) */
    bool is_json;   /* compact JSON of an array or object */
};

struct rows_counts {              /* of decoding with on_row; learning counts nothing */
    uint64_t bodies_without_rows; /* the path matched nothing in it */
    uint64_t duplicate_cells;     /* two cells of one flattened name: the last won */
    /* Not UTF-8, became U+FFFD: in cells of JSON. Other cells give their bytes as they are; who
     * writes them replaces and counts. */
    uint64_t replaced_bytes;
    uint64_t unknown_fields; /* of GTFS-Realtime: extensions and what else no one knows; left out */
};

struct rows; /* a decoder */

/* `path` NULL: the document is the row, as with "$" (an array: a row per element). `columns` NULL:
 * all, else compact JSON of the `columns` key: a list of names or an object of name → path. Only
 * JSON has rows at a path; elsewhere the path of a column is that of its name: `@.trip.route_id`.
 * ERR_INPUT with the mistake. */
struct rows *rows_new(enum feed_format format, const char *path, const char *columns,
                      struct err *err);
void rows_free(struct rows *rows);
/* Before the first decode. Only entities of that kind are rows: "vehicle", "trip_update", "alert",
 * "shape", "stop", "trip_modifications". ERR_USAGE: no such kind. Formats that have no kinds do not
 * look at it. */
int rows_set_kind(struct rows *rows, const char *kind, struct err *err);
/* Columns in order of first appearance; may grow with every decode. Names are owned by `rows`. */
size_t rows_column_count(const struct rows *rows);
const char *rows_column_name(const struct rows *rows, uint32_t column);
/* Has any row had a cell of it? Learning gives no cells. */
bool rows_column_is_met(const struct rows *rows, uint32_t column);
const struct rows_counts *rows_counts(const struct rows *rows);
/* Calls on_row for each row, cells in payload order without two of one column, borrowed for the
 * call; on_row returns -1 to stop. NULL on_row: only the columns are learnt. 0, or -1: the body is
 * ill-formed (ERR_INPUT; of JSON, rows before the fault may have been given), has too many columns
 * (ERR_FULL), holds entities of several kinds, it or those before it, and none was chosen
 * (ERR_USAGE), no memory, or stopped (err empty). */
int rows_decode(struct rows *rows, const char *bytes, size_t length,
                int (*on_row)(void *cookie, const struct cell *cells, size_t count), void *cookie,
                struct err *err);

#endif
