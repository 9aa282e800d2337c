/* Fingerprints: XXH3 128 bits for bodies (by which stores can be merged), XXH3 64 bits for
 * checksums and names. Canonical (big-endian) bytes, the same on every machine. Not for security: a
 * server that forges a collision only hides its own change. Source: xxHash specification, XXH3. Any
 * thread. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash {
    uint8_t bytes[16];
};

struct hash hash_of(const void *bytes, size_t length);
bool hash_equal(const struct hash *a, const struct hash *b);
uint64_t hash64(const void *bytes, size_t length, uint64_t seed);

#endif
