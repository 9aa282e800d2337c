/* CSV as RFC 4180 has it (UTF-8, header line, "\n"), into any sink. Pure but for the sink. */
#ifndef EXPORT_CSV_H
#define EXPORT_CSV_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Where bytes go: a file, a pipe, a connection. write returns 0, or -1 with err filled (ERR_IO). */
struct sink {
    int (*write)(void *cookie, const char *bytes, size_t length, struct err *err);
    void *cookie;
};

/* Appends one cell, quoted if it holds , " CR or LF; bytes that are not UTF-8 become U+FFFD and are
 * counted in `replaced` (may be NULL). -1: buf is full. */
int csv_cell(struct buf *line, const char *text, size_t length, uint64_t *replaced);

#endif
