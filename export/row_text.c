#include "export/row_text.h"

#include <stdlib.h>
#include <string.h>

#define ROW_TEXT_MAX ((size_t)1 << 30)

void row_text_init(struct row_text *rows)
{
    *rows = (struct row_text){0};
    buf_init(&rows->text, ROW_TEXT_MAX);
}

void row_text_release(struct row_text *rows)
{
    buf_release(&rows->text);
    free(rows->ends);
    free(rows->cells);
    row_text_init(rows);
}

void row_text_reset(struct row_text *rows)
{
    buf_reset(&rows->text);
    rows->row_count = 0;
    rows->replaced = 0;
}

int row_text_prepare(struct row_text *rows, const struct columns *columns, struct err *err)
{
    size_t count = columns_payload_count(columns);
    uint32_t *grown;

    if (count <= rows->cell_count)
        return 0;
    grown = realloc(rows->cells, count * sizeof *grown);
    if (!grown)
        return err_memory(err);
    memset(grown + rows->cell_count, 0, (count - rows->cell_count) * sizeof *grown);
    rows->cells = grown;
    rows->cell_count = count;
    return 0;
}

static int add_end(struct row_text *rows)
{
    if (rows->row_count == rows->row_capacity) {
        size_t capacity = rows->row_capacity ? 2 * rows->row_capacity : 256;
        size_t *grown = realloc(rows->ends, capacity * sizeof *grown);

        if (!grown)
            return -1;
        rows->ends = grown;
        rows->row_capacity = capacity;
    }
    rows->ends[rows->row_count++] = rows->text.length;
    return 0;
}

static int append_cells(struct row_text *rows, const struct cell *cells)
{
    size_t i;

    for (i = 0; i < rows->cell_count; i++) {
        const struct cell *cell;

        if (buf_append_char(&rows->text, ','))
            return -1;
        if (!rows->cells[i])
            continue;
        cell = &cells[rows->cells[i] - 1];
        rows->cells[i] = 0;
        if (csv_cell(&rows->text, cell->text, cell->length, &rows->replaced))
            return -1;
    }
    return buf_append_char(&rows->text, '\n');
}

int row_text_add(struct row_text *rows, const struct cell *cells, size_t count,
                 const uint32_t *places, struct err *err)
{
    size_t i;

    for (i = 0; i < count; i++) {
        uint32_t place = places[cells[i].column];

        if (place < rows->cell_count)
            rows->cells[place] = (uint32_t)i + 1;
    }
    if (append_cells(rows, cells) || add_end(rows))
        return err_memory(err);
    return 0;
}

bool row_text_is_much(const struct row_text *rows)
{
    return rows->text.length >= ROW_TEXT_BYTES || rows->row_count >= ROW_TEXT_ROWS;
}

int row_text_write(const struct row_text *rows, const struct buf *prefix, struct outflow *out,
                   struct err *err)
{
    size_t start = 0, i;

    for (i = 0; i < rows->row_count; i++) {
        if (buf_append(&out->text, prefix->bytes, prefix->length) ||
            buf_append(&out->text, rows->text.bytes + start, rows->ends[i] - start))
            return err_memory(err);
        if (outflow_pass(out, err))
            return -1;
        start = rows->ends[i];
    }
    return 0;
}
