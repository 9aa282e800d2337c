/* The trailer of every stored value: XXH3-64 over table, key and value, big-endian. LMDB has no
 * checksums; with this a flipped bit, a torn page or a value under the wrong key is seen before
 * anybody believes it. Pure. */
#ifndef STORAGE_VALUE_H
#define STORAGE_VALUE_H

#include <stdbool.h>
#include <stddef.h>

enum { VALUE_TRAILER_BYTES = 8, VALUE_MAX = 256 * 1024 /* with its trailer */ };

struct value_place {
    unsigned table;
    const void *key;
    size_t key_length;
};

/* Writes the trailer behind the `length` bytes at `value`. */
void value_seal(const struct value_place *place, void *value, size_t length);
/* The trailer fits; `length` loses it. */
bool value_unseal(const struct value_place *place, const void *value, size_t *length);

#endif
