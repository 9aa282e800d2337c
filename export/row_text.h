/* The rows of one body as lines without what belongs to the poll, so that every poll that was
 * answered with this body needs one decoding. */
#ifndef EXPORT_ROW_TEXT_H
#define EXPORT_ROW_TEXT_H

#include "export/columns.h"
#include "feeds/rows.h"

/* Rows over this are handed on at once and not kept: memory stays flat whatever a body holds. */
enum { ROW_TEXT_BYTES = 4 * 1024 * 1024, ROW_TEXT_ROWS = 128 * 1024 };

/* How a row is written: a line of CSV, or a JSON object of the cells that it has. */
struct row_form {
    bool is_json;
    struct csv_form csv;
};

struct row_text {
    struct row_form form;
    const struct columns *columns;
    struct buf text; /* ",cell,cell\n" or `,"name":cell}\n` … */
    size_t *ends;    /* of each row in `text` */
    size_t row_count, row_capacity;
    uint32_t *cells; /* CSV: by payload column: index of the row's cell + 1, 0: none */
    size_t cell_count;
    struct buf keys;  /* JSON: `,"name":` of every payload column up to now, */
    size_t *key_ends; /* and where each ends */
    size_t key_count, key_capacity;
    uint64_t replaced;
};

/* Borrows `columns`. */
void row_text_init(struct row_text *rows, const struct row_form *form,
                   const struct columns *columns);
void row_text_release(struct row_text *rows); /* safe on a zeroed one */
void row_text_reset(struct row_text *rows);   /* no rows */
void row_text_shrink(struct row_text *rows,
                     size_t max_bytes); /* no rows, no more memory than that */
/* CSV: makes room for the header as it is now. */
int row_text_prepare(struct row_text *rows, struct err *err);
int row_text_add(struct row_text *rows, const struct cell *cells, size_t count,
                 const uint32_t *places, struct err *err);
bool row_text_is_much(const struct row_text *rows);
/* Writes every row with `prefix` before it. */
int row_text_write(const struct row_text *rows, const struct buf *prefix, struct outflow *out,
                   struct err *err);

#endif
