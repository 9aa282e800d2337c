/* The row being put together, the same for every format: cells in payload order, one per column.
 *
 * A text that lies in the body is pointed at where it lies; any other is copied into one buf, whose
 * bytes move as it grows: cells get their pointers at the end of the row. Any thread, one at a
 * time. */
#ifndef FEEDS_ROWS_ROW_H
#define FEEDS_ROWS_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "feeds/rows.h"
#include "feeds/rows_columns.h"

/* Of the largest body every byte could be wrong and become the three of U+FFFD. */
enum { ROWS_TEXT_MAX_BYTES = 3 * (256 << 20) };

struct rows_row {
    struct rows_columns *columns;
    struct rows_counts *counts;
    int (*on_row)(void *cookie, const struct cell *cells, size_t count); /* NULL: learning */
    void *cookie;
    const char *body;
    size_t body_length;

    struct cell *cells;
    size_t *starts; /* of each cell's text in `text`; ROWS_NOT_COPIED: the cell has its pointer */
    size_t count, capacity;
    bool has_copies;
    struct buf text;
    size_t kept_count, kept_text; /* how many cells and how much text rows_row_keep found */
    uint64_t number;              /* of this row, counted over all bodies; see rows_column.row */
};

#define ROWS_NOT_COPIED SIZE_MAX

void rows_row_init(struct rows_row *row, struct rows_columns *columns, struct rows_counts *counts);
void rows_row_release(struct rows_row *row); /* safe on a zeroed one */

/* Nothing is kept, counted or called back: only the columns are wanted. */
static inline bool rows_row_is_learning(const struct rows_row *row)
{
    return !row->on_row;
}

void rows_row_begin(struct rows_row *row);
/* What the row holds now stands in front of those to come as well, which then start by
 * rows_row_repeat. */
void rows_row_keep(struct rows_row *row);
void rows_row_repeat(struct rows_row *row);
/* A cell; into the place of an earlier one of that column, which is counted. ROWS_NO_COLUMN is
 * passed over. `text` need only live for the call if it does not lie in the body. */
int rows_row_put(struct rows_row *row, uint32_t column, const char *text, size_t length,
                 bool is_string);
/* A cell of JSON whose text the caller appended to row->text, from `start` on. */
int rows_row_put_json(struct rows_row *row, uint32_t column, size_t start);
/* Calls on_row; -1: it said stop. */
int rows_row_end(struct rows_row *row);

#endif
