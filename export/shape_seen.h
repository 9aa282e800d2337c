/* Has a JSON body any member that no body before it had? Most have none, and need not be decoded
 * for their columns.
 *
 * Which columns a body gives depends on nothing but where in the document its values lie (the names
 * on the way there; of an array in an array also which element) and whether each is an object, an
 * array or a scalar. So these ways are remembered, as a tree of names, and a scan that knows no
 * more of JSON than brackets, quotes and commas compares: several times as fast as decoding. It
 * takes bytes that are well-formed; of others it may say anything. Not for rows paths that choose
 * by index. One thread. */
#ifndef EXPORT_SHAPE_SEEN_H
#define EXPORT_SHAPE_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "feeds/rows_names.h"

/* Bodies that have more ways than these have names that are data, and are never known. */
enum { SHAPE_WAYS_MAX = 1 << 15, SHAPE_NAME_BYTES_MAX = 4 << 20 };

/* A zeroed one is empty. */
struct shape_seen {
    struct rows_names names; /* as they stand in the body, escapes and all */
    unsigned char *kinds;    /* by name: of the values seen there, a bit each */
    size_t kind_count;
};

void shape_seen_release(struct shape_seen *seen);
/* Is every way of the body among those seen? */
bool shape_seen_has(struct shape_seen *seen, const char *bytes, size_t length);
/* Adds those of the body, as many as there is room for. */
void shape_seen_add(struct shape_seen *seen, const char *bytes, size_t length);

#endif
