/* Columns given as name → path: what each path means, in the row (@) or in the document ($).
 *
 * A scalar is itself, an array or object compact JSON, several matches of a path with wildcards a
 * JSON array of them, no match no cell. Where a path without wildcards matches twice (a key stands
 * twice), the last wins, counted. `$` may mean what stands after the rows, so a document is
 * streamed once for those paths before it is streamed for its rows. Any thread, one at a time. */
#ifndef FEEDS_ROWS_PICKS_H
#define FEEDS_ROWS_PICKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "feeds/rows_matcher.h"
#include "feeds/rows_row.h"
#include "feeds/rows_text.h"

struct rows_pick {
    struct json_path path;
    bool has_wildcard;
    uint32_t column;
    struct rows_matcher matcher;
    size_t nest;             /* containers open in the match at hand; 0: not in a match */
    size_t matches;          /* in this row or document */
    bool is_string, is_json; /* the first match */
    struct buf scalar;       /* the first match, if it is a scalar */
    struct buf json;         /* all matches; with wildcards after "[" and between commas */
    struct rows_text text;   /* writes `json` */
    uint64_t bad_bytes;      /* not UTF-8, in `json` */
};

/* What a `$` path meant in one document; its text lies in `found_text`. */
struct rows_found {
    size_t start, length;
    bool is_present, is_string, is_json;
};

struct rows_picks {
    struct rows_row *row; /* borrowed */
    struct rows_pick *items;
    size_t count;
    bool has_absolute;        /* some start with $ */
    bool is_relative;         /* those that start with @ are being told */
    struct rows_found *found; /* document by document, `count` each */
    size_t found_count, found_capacity;
    struct buf found_text;
    struct buf result; /* of one `@` path, on its way into the row */
};

/* Adds the columns to row->columns. `object`: a JSON object of name → path. */
int rows_picks_init(struct rows_picks *picks, struct rows_row *row, const struct json *object,
                    struct err *err);
void rows_picks_release(struct rows_picks *picks); /* safe on a zeroed one */

/* Before each body. */
void rows_picks_forget(struct rows_picks *picks);
/* Before each row (is_relative) or document; then its events. */
void rows_picks_begin(struct rows_picks *picks, bool is_relative);
/* From here on -1: no memory. */
int rows_picks_key(struct rows_picks *picks, const char *key, size_t length);
int rows_picks_scalar(struct rows_picks *picks, const struct rows_scalar *scalar);
int rows_picks_start(struct rows_picks *picks, bool is_array);
int rows_picks_end(struct rows_picks *picks, bool is_array);
/* After a document: what its `$` paths meant is kept for its rows. */
int rows_picks_keep(struct rows_picks *picks);
/* After a row: puts its cells, in the order of the columns. `document`: which of the body's. */
int rows_picks_put(struct rows_picks *picks, size_t document);

#endif
