/* Has a JSON body any member that no body before it had? Most have none, and need not be decoded
 * for their columns.
 *
 * Which columns a body gives depends on nothing but where in the document its values lie (the names
 * on the way there; of an array in an array also which element) and whether each is an object, an
 * array or a scalar. So these ways are remembered as hashes, and a scan that knows no more of JSON
 * than brackets, quotes and commas compares. It takes bytes that are well-formed; of others it may
 * say anything. Not for rows paths that choose by index. One thread. */
#ifndef EXPORT_SHAPE_SEEN_H
#define EXPORT_SHAPE_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bodies that have more ways than these have names that are data, and are never known. */
enum { SHAPE_WAYS_MAX = 1 << 15 };

/* A zeroed one is empty. */
struct shape_seen {
    uint64_t *ways; /* open addressing, 0 is free; at most half are taken */
    size_t count, capacity;
};

void shape_seen_release(struct shape_seen *seen);
/* Is every way of the body among those seen? */
bool shape_seen_has(const struct shape_seen *seen, const char *bytes, size_t length);
/* Adds those of the body, as many as there is room for. */
void shape_seen_add(struct shape_seen *seen, const char *bytes, size_t length);

#endif
