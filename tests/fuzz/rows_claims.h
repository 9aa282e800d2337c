/* What must hold of the rows of any body, of whatever format. */
#ifndef TESTS_FUZZ_ROWS_CLAIMS_H
#define TESTS_FUZZ_ROWS_CLAIMS_H

#include "feeds/rows.h"

struct rows_case {
    enum feed_format format;
    const char *path, *columns, *kind; /* NULL: not given */
    const char *bytes;
    size_t length;
};

/* Decodes as dump does (the columns first, then the rows) and the other way round: the same columns
 * and rows, no row with two cells of a column, cells that can be written as JSON. The status of
 * decoding, with its error; 1: there is no such decoder. */
int rows_claims(const struct rows_case *body, struct err *err);

#endif
