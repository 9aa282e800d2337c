/* CSV as RFC 4180 has it (UTF-8, header line, "\n"), or with tabs, into any sink. Pure but for the
 * sink. */
#ifndef EXPORT_CSV_H
#define EXPORT_CSV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Where bytes go: a file, a pipe, a connection. write returns 0, or -1 with err filled (ERR_IO). */
struct sink {
    int (*write)(void *cookie, const char *bytes, size_t length, struct err *err);
    void *cookie;
};

/* RFC 4180, or the same with another separator; {.separator = ','} is CSV. */
struct csv_form {
    char separator; /* ',' or '\t' */
    /* A cell that a spreadsheet would run (its first character that is no blank is one of = + - @,
     * TAB, CR, LF, or a wide form of the four) gets an apostrophe in front. Plain numbers do not.
     */
    bool is_safe;
};

/* Appends one cell, quoted if it holds the separator, " CR or LF; bytes that are not UTF-8 become
 * U+FFFD and are counted in `replaced` (may be NULL). -1: buf is full. */
int csv_cell_as(struct buf *line, const struct csv_form *form, const char *text, size_t length,
                uint64_t *replaced);
int csv_cell(struct buf *line, const char *text, size_t length, uint64_t *replaced);

#endif
