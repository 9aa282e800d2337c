/* Numbers and texts inside stored values: LEB128 for numbers, zigzag for signed ones, length and
 * bytes for texts. Reading never leaves the given bytes: past the end everything reads as 0 or
 * empty and `is_bad` says so. Pure. */
#ifndef STORAGE_BYTES_H
#define STORAGE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct bytes_in {
    const uint8_t *at;
    size_t left;
    bool is_bad;
};

/* 0, or -1: the buf is full or there is no memory. */
int bytes_put_number(struct buf *out, uint64_t number);
int bytes_put_signed(struct buf *out, int64_t number);
int bytes_put_text(struct buf *out, const void *text, size_t length);

void bytes_in_init(struct bytes_in *in, const void *bytes, size_t length);
uint64_t bytes_number(struct bytes_in *in);
/* A number that must not be above `most`. */
uint32_t bytes_number_up_to(struct bytes_in *in, uint32_t most);
int64_t bytes_signed(struct bytes_in *in);
/* `length` raw bytes, or NULL. */
const void *bytes_raw(struct bytes_in *in, size_t length);
/* A text of at most `most` bytes, borrowed from the input; NULL if it is empty. */
const char *bytes_text(struct bytes_in *in, size_t most, size_t *length);
/* Everything was read and nothing was bad. */
bool bytes_are_done(const struct bytes_in *in);

#endif
