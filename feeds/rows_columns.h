/* The columns of a table: names in order of first appearance, found by name. Grows up to
 * ROWS_COLUMNS_MAX. Any thread, one at a time. */
#ifndef FEEDS_ROWS_COLUMNS_H
#define FEEDS_ROWS_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { ROWS_COLUMNS_MAX = 65536, ROWS_COLUMN_NAMES_MAX_BYTES = 64 << 20 };
#define ROWS_NO_COLUMN UINT32_MAX

struct rows_column {
    char *name; /* terminated; never holds NUL */
    size_t length;
    uint64_t row; /* number of the last row that has a cell of it, */
    size_t place; /* and which of that row's cells it is (rows_row) */
};

struct rows_columns {
    struct rows_column *items;
    size_t count, capacity, name_bytes;
    uint32_t *slots; /* open addressing: index + 1, 0 is free; at most half are taken */
    size_t slot_count;
    bool is_fixed; /* no others are added */
};

/* A zeroed struct is an empty table. */
void rows_columns_release(struct rows_columns *columns);
/* The column of that name, added if it is new; ROWS_NO_COLUMN if the table is fixed and lacks it.
 * ERR_FULL: too many. */
int rows_columns_find(struct rows_columns *columns, const char *name, size_t length,
                      uint32_t *column, struct err *err);

#endif
