/* CSV as rows: RFC 4180, and what is sent in its name. The first line names the columns; lines end
 * in \r\n, \n or \r; empty ones are passed over; a quote inside a cell that does not start with one
 * is a character. A row may be shorter than the first line, and what goes beyond it, or stands
 * below an empty name, gets its place as a name, counted from 0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/rows_decoder.h"

enum { CELL_MAX_BYTES = 256 << 20 };

struct rows_csv {
    struct rows_row *row; /* borrowed */
    const char *at, *end; /* of the body, what is not yet read */
    size_t line;          /* that `at` is on */
    uint32_t *columns;    /* of the body at hand, by place */
    size_t count, capacity;
    struct buf cell; /* one that had quotes in it; or a name */
};

struct csv_cell {
    const char *text;
    size_t length;
    bool is_last; /* of its line */
};

static int fault(size_t line, const char *text, struct err *err)
{
    return err_set(err, ERR_INPUT, "line %zu: %s", line, text);
}

static bool ends_cell(char c)
{
    return c == ',' || c == '\n' || c == '\r';
}

/* `at` is behind the quote that opens. */
static int read_quoted(struct rows_csv *csv, struct csv_cell *cell, struct err *err)
{
    size_t opened_on = csv->line;

    buf_reset(&csv->cell);
    for (const char *start = csv->at;; start = csv->at) {
        const char *quote = memchr(start, '"', (size_t)(csv->end - start));

        if (!quote)
            return fault(opened_on, "a quote that is never closed", err);
        for (const char *at = start; (at = memchr(at, '\n', (size_t)(quote - at))); at++)
            csv->line++;
        csv->at = quote + 1;
        cell->text = start;
        cell->length = (size_t)(quote - start);
        if (csv->at < csv->end && *csv->at == '"') {
            /* Doubled: the first of the two is part of the text. */
            csv->at++;
            if (buf_append(&csv->cell, start, cell->length + 1))
                return err_memory(err);
            continue;
        }
        if (csv->at < csv->end && !ends_cell(*csv->at))
            return fault(csv->line, "text behind a quote that closes", err);
        if (!csv->cell.length)
            return 0;
        if (buf_append(&csv->cell, start, cell->length))
            return err_memory(err);
        cell->text = csv->cell.bytes;
        cell->length = csv->cell.length;
        return 0;
    }
}

/* There is one: `at` is at its first byte, which may be the end of the body. */
static int read_cell(struct rows_csv *csv, struct csv_cell *cell, struct err *err)
{
    *cell = (struct csv_cell){.text = csv->at};
    if (csv->at < csv->end && *csv->at == '"') {
        csv->at++;
        if (read_quoted(csv, cell, err))
            return -1;
    } else {
        while (csv->at < csv->end && !ends_cell(*csv->at))
            csv->at++;
        cell->length = (size_t)(csv->at - cell->text);
    }
    cell->is_last = csv->at == csv->end || *csv->at != ',';
    if (csv->at == csv->end)
        return 0;
    if (cell->is_last) {
        csv->line++;
        if (*csv->at == '\r' && csv->at + 1 < csv->end && csv->at[1] == '\n')
            csv->at++;
    }
    csv->at++;
    return 0;
}

/* To the first cell of a line that is not empty. False: there is none. */
static bool next_line(struct rows_csv *csv)
{
    for (; csv->at < csv->end; csv->at++) {
        if (*csv->at != '\n' && *csv->at != '\r')
            return true;
        csv->line += *csv->at == '\n' || csv->at + 1 == csv->end || csv->at[1] != '\n';
    }
    return false;
}

static void rewind_body(struct rows_csv *csv)
{
    csv->at = csv->row->body_length ? csv->row->body : "";
    csv->end = csv->at + csv->row->body_length;
    csv->line = 1;
    csv->count = 0;
    if (csv->row->body_length >= 3 && memcmp(csv->at, "\xEF\xBB\xBF", 3) == 0)
        csv->at += 3;
}

static int add_column(struct rows_csv *csv, const char *name, size_t length, struct err *err)
{
    if (csv->count == csv->capacity) {
        size_t capacity = csv->capacity ? 2 * csv->capacity : 32;
        uint32_t *grown = realloc(csv->columns, capacity * sizeof *grown);

        if (!grown)
            return err_memory(err);
        csv->columns = grown;
        csv->capacity = capacity;
    }
    if (rows_columns_find(csv->row->columns, name, length, &csv->columns[csv->count], err))
        return -1;
    csv->count++;
    return 0;
}

static int add_numbered(struct rows_csv *csv, struct err *err)
{
    char name[24];
    int length = snprintf(name, sizeof name, "%zu", csv->count);

    return add_column(csv, name, (size_t)length, err);
}

/* Names hold no NUL: as in JSON, it becomes U+FFFD. */
static int add_named(struct rows_csv *csv, const struct csv_cell *cell, struct err *err)
{
    const char *from = cell->text, *end = cell->text + cell->length;
    struct buf name;
    int status = 0;

    if (!memchr(from, '\0', cell->length))
        return add_column(csv, from, cell->length, err);
    buf_init(&name, (size_t)3 * CELL_MAX_BYTES);
    for (; from < end && !status; from++)
        status = *from ? buf_append_char(&name, *from) : buf_append_text(&name, "\xEF\xBF\xBD");
    status = status ? err_memory(err) : add_column(csv, name.bytes, name.length, err);
    buf_release(&name);
    return status;
}

static int read_names(struct rows_csv *csv, struct err *err)
{
    struct csv_cell cell;

    if (!next_line(csv))
        return fault(csv->line, "there is no line that names the columns", err);
    do {
        if (read_cell(csv, &cell, err) ||
            (cell.length ? add_named(csv, &cell, err) : add_numbered(csv, err)))
            return -1;
    } while (!cell.is_last);
    return 0;
}

static int read_row(struct rows_csv *csv, struct err *err)
{
    struct rows_row *row = csv->row;
    struct csv_cell cell;
    size_t place = 0;

    rows_row_begin(row);
    do {
        if (read_cell(csv, &cell, err) || (place == csv->count && add_numbered(csv, err)))
            return -1;
        if (!rows_row_is_learning(row) &&
            rows_row_put(row, csv->columns[place], cell.text, cell.length, true))
            return err_memory(err);
        place++;
    } while (!cell.is_last);
    return rows_row_is_learning(row) ? 0 : rows_row_end(row);
}

/* The whole body before its first row: an ill-formed one gives none. */
static int check(struct rows_csv *csv, struct err *err)
{
    struct csv_cell cell;

    rewind_body(csv);
    while (next_line(csv))
        do {
            if (read_cell(csv, &cell, err))
                return -1;
        } while (!cell.is_last);
    return 0;
}

static int rows_csv_decode(void *decoder, struct err *err)
{
    struct rows_csv *csv = decoder;

    if (check(csv, err))
        return -1;
    rewind_body(csv);
    if (read_names(csv, err))
        return -1;
    while (next_line(csv))
        if (read_row(csv, err))
            return -1;
    return 0;
}

static void rows_csv_free(void *decoder)
{
    struct rows_csv *csv = decoder;

    if (!csv)
        return;
    buf_release(&csv->cell);
    free(csv->columns);
    free(csv);
}

static void *rows_csv_new(enum feed_format format, const char *path, const struct json *picks,
                          struct rows_row *row, struct err *err)
{
    struct rows_csv *csv;

    (void)picks;
    if (rows_decoder_refuse(format, path, err))
        return NULL;
    csv = calloc(1, sizeof *csv);
    if (!csv) {
        err_memory(err);
        return NULL;
    }
    csv->row = row;
    buf_init(&csv->cell, CELL_MAX_BYTES);
    return csv;
}

const struct rows_decoder rows_csv_decoder = {
    .new = rows_csv_new,
    .free = rows_csv_free,
    .decode = rows_csv_decode,
};
