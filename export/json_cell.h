/* A cell of a row as it stands in a line of NDJSON. Pure. */
#ifndef EXPORT_JSON_CELL_H
#define EXPORT_JSON_CELL_H

#include "base/buf.h"
#include "feeds/rows.h"

/* A string in quotes, an array or object as it is, numbers and true and false as they were written;
 * what had no quotes and is none of these, too, in quotes (NaN of a decoder of numbers), and if it
 * is empty null. Bytes that are not UTF-8 become U+FFFD and are counted. -1: buf is full. */
int json_cell(struct buf *out, const struct cell *cell, uint64_t *replaced);

#endif
