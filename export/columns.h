/* The header of a dump: its own columns, then the payload's in order of first appearance. */
#ifndef EXPORT_COLUMNS_H
#define EXPORT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "export/outflow.h"

/* A table wider than this is nobody's table: keys that are data, such as one a vehicle. */
enum { COLUMNS_MAX = 65536 };
#define COLUMN_NONE UINT32_MAX

struct column {
    char *payload_name; /* NULL: ours */
    char *name;         /* as written in the header */
};

struct columns {
    struct column *columns;
    size_t count, capacity;
    size_t own_count; /* the first ones are ours */
    uint32_t *slots;  /* hash table: place in `columns` + 1, 0 if free */
    size_t slot_count;
    bool is_fixed; /* nothing is added any more */
    /* Told of each payload column that is looked for and not there; NULL: nobody is. */
    void (*on_late)(void *cookie, const char *payload_name);
    void *cookie;
};

void columns_init(struct columns *columns);
void columns_release(struct columns *columns);
/* Adds one of ours; all of ours come before the payload's. */
int columns_add_own(struct columns *columns, const char *name, struct err *err);
/* The payload column of that name, counted from 0, added if it is not there. It is written as
 * payload.NAME if NAME is taken, as often as it takes. COLUMN_NONE: not there, and the header is
 * fixed. ERR_FULL. */
int columns_place(struct columns *columns, const char *payload_name, uint32_t *place,
                  struct err *err);
/* Nothing is added from now on; several threads may look for places then, if on_late is NULL. */
int columns_fix(struct columns *columns, struct err *err);
size_t columns_payload_count(const struct columns *columns);
/* As written in the header. */
const char *columns_payload_name(const struct columns *columns, size_t place);
/* The header as a line. */
int columns_write(const struct columns *columns, const struct csv_form *form, struct buf *out);

#endif
