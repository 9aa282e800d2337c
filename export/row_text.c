#include "export/row_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "export/json_cell.h"

#define ROW_TEXT_MAX ((size_t)1 << 30)

void row_text_init(struct row_text *rows, const struct row_form *form,
                   const struct columns *columns)
{
    *rows = (struct row_text){.form = *form, .columns = columns};
    buf_init(&rows->text, ROW_TEXT_MAX);
    buf_init(&rows->keys, ROW_TEXT_MAX);
}

void row_text_release(struct row_text *rows)
{
    buf_release(&rows->text);
    buf_release(&rows->keys);
    free(rows->ends);
    free(rows->cells);
    free(rows->key_ends);
    *rows = (struct row_text){0};
}

void row_text_reset(struct row_text *rows)
{
    buf_reset(&rows->text);
    rows->row_count = 0;
    rows->replaced = 0;
}

void row_text_shrink(struct row_text *rows, size_t max_bytes)
{
    row_text_reset(rows);
    if (rows->text.capacity <= max_bytes)
        return;
    buf_release(&rows->text);
    buf_init(&rows->text, ROW_TEXT_MAX);
}

int row_text_prepare(struct row_text *rows, struct err *err)
{
    size_t count = columns_payload_count(rows->columns);
    uint32_t *grown;

    rows->cell_count = 0;
    if (!count || rows->form.is_json)
        return 0;
    grown = realloc(rows->cells, count * sizeof *grown);
    if (!grown)
        return err_memory(err);
    memset(grown, 0, count * sizeof *grown);
    rows->cells = grown;
    rows->cell_count = count;
    return 0;
}

/* Room for one more. */
static int make_room(size_t **ends, size_t count, size_t *capacity)
{
    size_t wanted = *capacity ? 2 * *capacity : 64;
    size_t *grown;

    if (count < *capacity)
        return 0;
    grown = realloc(*ends, wanted * sizeof *grown);
    if (!grown)
        return -1;
    *ends = grown;
    *capacity = wanted;
    return 0;
}

static int add_end(struct row_text *rows)
{
    if (make_room(&rows->ends, rows->row_count, &rows->row_capacity))
        return -1;
    rows->ends[rows->row_count++] = rows->text.length;
    return 0;
}

static int append_line(struct row_text *rows, const struct cell *cells)
{
    size_t i;

    for (i = 0; i < rows->cell_count; i++) {
        const struct cell *cell;

        if (buf_append_char(&rows->text, rows->form.csv.separator))
            return -1;
        if (!rows->cells[i])
            continue;
        cell = &cells[rows->cells[i] - 1];
        rows->cells[i] = 0;
        if (csv_cell_as(&rows->text, &rows->form.csv, cell->text, cell->length, &rows->replaced))
            return -1;
    }
    return buf_append_char(&rows->text, '\n');
}

static int add_line(struct row_text *rows, const struct cell *cells, size_t count,
                    const uint32_t *places)
{
    size_t i;

    for (i = 0; i < count; i++) {
        uint32_t place = places[cells[i].column];

        if (place < rows->cell_count)
            rows->cells[place] = (uint32_t)i + 1;
    }
    return append_line(rows, cells);
}

/* Writes the names down to `place`, once for all rows. */
static int learn_keys(struct row_text *rows, uint32_t place)
{
    while (rows->key_count <= place) {
        const char *name = columns_payload_name(rows->columns, rows->key_count);

        if (make_room(&rows->key_ends, rows->key_count, &rows->key_capacity))
            return -1;
        if (buf_append_char(&rows->keys, ',') ||
            json_write_string(&rows->keys, name, strlen(name)) || buf_append_char(&rows->keys, ':'))
            return -1;
        rows->key_ends[rows->key_count++] = rows->keys.length;
    }
    return 0;
}

static int add_object(struct row_text *rows, const struct cell *cells, size_t count,
                      const uint32_t *places)
{
    size_t i;

    for (i = 0; i < count; i++) {
        uint32_t place = places[cells[i].column];
        size_t start;

        if (place == COLUMN_NONE)
            continue;
        if (place >= rows->key_count && learn_keys(rows, place))
            return -1;
        start = place ? rows->key_ends[place - 1] : 0;
        if (buf_append(&rows->text, rows->keys.bytes + start, rows->key_ends[place] - start) ||
            json_cell(&rows->text, &cells[i], &rows->replaced))
            return -1;
    }
    return buf_append(&rows->text, "}\n", 2);
}

int row_text_add(struct row_text *rows, const struct cell *cells, size_t count,
                 const uint32_t *places, struct err *err)
{
    if ((rows->form.is_json ? add_object(rows, cells, count, places)
                            : add_line(rows, cells, count, places)) ||
        add_end(rows)) {
        if (rows->cells)
            memset(rows->cells, 0, rows->cell_count * sizeof *rows->cells);
        return err_memory(err);
    }
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
