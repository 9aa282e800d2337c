#include "base/hash.h"

#include <string.h>
#include <xxhash.h>

struct hash hash_of(const void *bytes, size_t length)
{
    XXH128_canonical_t canonical;
    struct hash hash;

    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, length));
    memcpy(hash.bytes, canonical.digest, sizeof hash.bytes);
    return hash;
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

uint64_t hash64(const void *bytes, size_t length, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, length, seed);
}
