#include "feeds/rows_row.h"

#include <stdlib.h>

void rows_row_init(struct rows_row *row, struct rows_columns *columns, struct rows_counts *counts)
{
    *row = (struct rows_row){.columns = columns, .counts = counts};
    buf_init(&row->text, ROWS_TEXT_MAX_BYTES);
}

void rows_row_release(struct rows_row *row)
{
    free(row->cells);
    free(row->starts);
    buf_release(&row->text);
    *row = (struct rows_row){0};
}

void rows_row_begin(struct rows_row *row)
{
    row->count = 0;
    row->has_copies = false;
    row->number++;
    buf_reset(&row->text);
}

void rows_row_keep(struct rows_row *row)
{
    row->kept_count = row->count;
    row->kept_text = row->text.length;
}

void rows_row_repeat(struct rows_row *row)
{
    row->count = row->kept_count;
    row->text.length = row->kept_text;
    row->number++;
    for (size_t i = 0; i < row->count; i++)
        row->columns->items[row->cells[i].column].row = row->number;
}

static int grow(struct rows_row *row)
{
    size_t capacity = row->capacity ? row->capacity * 2 : 32;
    struct cell *cells = realloc(row->cells, capacity * sizeof *cells);
    size_t *starts;

    if (!cells)
        return -1;
    row->cells = cells;
    starts = realloc(row->starts, capacity * sizeof *starts);
    if (!starts)
        return -1;
    row->starts = starts;
    row->capacity = capacity;
    return 0;
}

/* Which of the row's cells is this column's; -1: no memory. */
static inline int place_of(struct rows_row *row, uint32_t column, size_t *place)
{
    struct rows_column *item = &row->columns->items[column];

    if (item->row == row->number) {
        row->counts->duplicate_cells++;
        *place = item->place;
        return 0;
    }
    if (row->count == row->capacity && grow(row))
        return -1;
    item->row = row->number;
    item->place = *place = row->count++;
    return 0;
}

static bool is_in_body(const struct rows_row *row, const char *text, size_t length)
{
    uintptr_t at = (uintptr_t)text, body = (uintptr_t)row->body;

    return at >= body && at - body <= row->body_length && length <= row->body_length - (at - body);
}

int rows_row_put(struct rows_row *row, uint32_t column, const char *text, size_t length,
                 bool is_string)
{
    struct cell *cell;
    size_t place;

    if (column == ROWS_NO_COLUMN)
        return 0;
    if (place_of(row, column, &place))
        return -1;
    cell = &row->cells[place];
    cell->column = column;
    cell->text = length ? text : "";
    cell->length = length;
    cell->is_string = is_string;
    cell->is_json = false;
    row->starts[place] = ROWS_NOT_COPIED;
    if (!length || is_in_body(row, text, length))
        return 0;
    row->starts[place] = row->text.length;
    row->has_copies = true;
    return buf_append(&row->text, text, length);
}

int rows_row_put_json(struct rows_row *row, uint32_t column, size_t start)
{
    size_t place;

    if (column == ROWS_NO_COLUMN)
        return 0;
    if (place_of(row, column, &place))
        return -1;
    row->cells[place] =
        (struct cell){.column = column, .length = row->text.length - start, .is_json = true};
    row->starts[place] = start;
    row->has_copies = true;
    return 0;
}

int rows_row_end(struct rows_row *row)
{
    if (row->has_copies)
        for (size_t i = 0; i < row->count; i++)
            if (row->starts[i] != ROWS_NOT_COPIED)
                row->cells[i].text = row->text.bytes + row->starts[i];
    return row->on_row(row->cookie, row->cells, row->count);
}
