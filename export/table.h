/* Rows of named cells, as CSV or as one JSON array of objects: what polls, gaps and definitions
 * print. (dump has more columns than it knows beforehand and writes its own lines.) */
#ifndef EXPORT_TABLE_H
#define EXPORT_TABLE_H

#include <stdbool.h>

#include "base/zone.h"
#include "export/outflow.h"

enum cell_type { CELL_TEXT, CELL_NUMBER };

struct table {
    struct outflow out;
    const char *const *columns; /* NULL at the end */
    size_t column;              /* of the next cell */
    uint64_t rows;
    bool is_json;
};

/* Writes the header. `reader` may be NULL; see outflow.h. Release it also after a failure. */
int table_start(struct table *table, const char *const *columns, bool is_json,
                const struct sink *sink, struct reader *reader, struct err *err);
/* The next cell of the row; an empty one is null in JSON. The last of the row ends it and may
 * write: texts borrowed from the reader are gone then. */
int table_cell(struct table *table, enum cell_type type, const char *text, size_t length,
               struct err *err);
int table_text(struct table *table, const char *text, struct err *err);
int table_number(struct table *table, uint64_t number, struct err *err);
/* ISO 8601 with microseconds; AT_NONE gives an empty cell. */
int table_instant(struct table *table, const struct zone *zone, int64_t at, struct err *err);
/* Writes what is left. */
int table_finish(struct table *table, struct err *err);
void table_release(struct table *table);

#endif
