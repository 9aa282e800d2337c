/* JSON events written back as compact JSON text: no spaces, numbers as written, only the escapes
 * that JSON requires. Any thread, one at a time. */
#ifndef FEEDS_ROWS_TEXT_H
#define FEEDS_ROWS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* A value that holds no others. */
struct rows_scalar {
    const char *text; /* decoded, or as written: null, true, -0 */
    size_t length;
    bool is_string, is_null;
};

struct rows_text {
    struct buf *out;    /* borrowed */
    uint64_t *replaced; /* borrowed; counts bytes that were not UTF-8 */
    bool needs_comma;   /* before the next value or key */
};

/* Each -1: no memory. */
int rows_text_scalar(struct rows_text *text, const struct rows_scalar *scalar);
int rows_text_key(struct rows_text *text, const char *key, size_t length);
int rows_text_start(struct rows_text *text, bool is_array);
int rows_text_end(struct rows_text *text, bool is_array);

/* How many of the bytes belong to no well-formed UTF-8 character. */
size_t rows_text_bad_bytes(const char *text, size_t length);

#endif
