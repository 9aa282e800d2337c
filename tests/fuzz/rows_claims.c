#include "tests/fuzz/rows_claims.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "export/json_cell.h"
#include "feeds/rows_columns.h"
#include "tests/fuzz/input.h"

struct reading {
    struct rows *rows;
    bool is_json; /* the body */
    uint64_t sum; /* over the cells so far */
    uint64_t count;
    unsigned char *taken; /* by column: it has a cell in this row */
    struct buf text;
};

static bool is_document(const char *text, size_t length)
{
    struct json_checker *checker = json_checker_new(false);
    bool is_well_formed;

    must(checker);
    json_checker_feed(checker, text, length);
    is_well_formed = json_checker_finish(checker);
    json_checker_free(checker);
    return is_well_formed;
}

static void check_cell(struct reading *reading, const struct cell *cell)
{
    uint64_t replaced = 0;

    must(cell->text);
    must(cell->column < rows_column_count(reading->rows));
    must(!reading->taken[cell->column]);
    reading->taken[cell->column] = 1;
    must(!cell->is_string || !cell->is_json);
    if (cell->is_json) {
        must(is_document(cell->text, cell->length));
        must(utf8_valid(cell->text, cell->length) == cell->length);
    }
    if (reading->is_json && !cell->is_string && cell->length)
        must(is_document(cell->text, cell->length));
    buf_reset(&reading->text);
    must(json_cell(&reading->text, cell, &replaced) == 0);
    must(is_document(reading->text.bytes, reading->text.length));
}

static int on_row(void *cookie, const struct cell *cells, size_t count)
{
    struct reading *reading = cookie;

    for (size_t i = 0; i < count; i++) {
        check_cell(reading, &cells[i]);
        reading->sum = hash64(&cells[i].column, sizeof cells[i].column, reading->sum);
        reading->sum = hash64(cells[i].text, cells[i].length, reading->sum);
        reading->sum += cells[i].is_string + 2 * cells[i].is_json;
    }
    for (size_t i = 0; i < count; i++)
        reading->taken[cells[i].column] = 0;
    reading->sum = hash64(&count, sizeof count, reading->sum);
    reading->count++;
    return 0;
}

static int read_rows(struct reading *reading, const struct rows_case *body, struct err *err)
{
    int status;

    *err = (struct err){.kind = ERR_NONE};
    reading->sum = reading->count = 0;
    /* A row that was not handed to its end left its marks. */
    memset(reading->taken, 0, ROWS_COLUMNS_MAX);
    status = rows_decode(reading->rows, body->bytes, body->length, on_row, reading, err);
    must(status == (err->kind == ERR_NONE ? 0 : -1));
    return status;
}

static struct rows *make(const struct rows_case *body, struct err *err)
{
    struct rows *rows = rows_new(body->format, body->path, body->columns, err);

    if (rows && body->kind && rows_set_kind(rows, body->kind, err)) {
        rows_free(rows);
        return NULL;
    }
    return rows;
}

static void check_names(const struct rows *one, const struct rows *other)
{
    must(rows_column_count(one) == rows_column_count(other));
    for (uint32_t i = 0; i < rows_column_count(one); i++)
        must(strcmp(rows_column_name(one, i), rows_column_name(other, i)) == 0);
}

static void compare(const struct rows_case *body, struct reading *learnt, struct reading *direct,
                    struct err *err)
{
    struct err second = {.kind = ERR_NONE};
    int status = rows_decode(learnt->rows, body->bytes, body->length, NULL, NULL, err);

    must(read_rows(learnt, body, &second) == status);
    must(strcmp(err->text, second.text) == 0);
    must(read_rows(direct, body, &second) == status);
    must(learnt->count == direct->count && learnt->sum == direct->sum);
    if (status == 0)
        check_names(learnt->rows, direct->rows);
    must(read_rows(direct, body, &second) == status);
    must(learnt->count == direct->count && learnt->sum == direct->sum);
}

int rows_claims(const struct rows_case *body, struct err *err)
{
    static unsigned char taken[ROWS_COLUMNS_MAX];
    struct reading learnt = {.taken = taken}, direct = {.taken = taken};
    int status = 1;

    *err = (struct err){.kind = ERR_NONE};
    learnt.is_json = direct.is_json = body->format == FORMAT_JSON || body->format == FORMAT_NDJSON;
    buf_init(&learnt.text, (size_t)64 << 20);
    buf_init(&direct.text, (size_t)64 << 20);
    learnt.rows = make(body, err);
    direct.rows = learnt.rows ? make(body, err) : NULL;
    if (direct.rows) {
        compare(body, &learnt, &direct, err);
        status = err->kind == ERR_NONE ? 0 : -1;
    }
    rows_free(learnt.rows);
    rows_free(direct.rows);
    buf_release(&learnt.text);
    buf_release(&direct.text);
    return status;
}
