#include "storage/value.h"

#include <stdint.h>

#include "base/hash.h"

static uint64_t sum_of(const struct value_place *place, const void *value, size_t length)
{
    return hash64(value, length, hash64(place->key, place->key_length, place->table));
}

void value_seal(const struct value_place *place, void *value, size_t length)
{
    uint64_t sum = sum_of(place, value, length);
    uint8_t *trailer = (uint8_t *)value + length;

    for (unsigned i = VALUE_TRAILER_BYTES; i-- > 0; sum >>= 8)
        trailer[i] = (uint8_t)sum;
}

bool value_unseal(const struct value_place *place, const void *value, size_t *length)
{
    const uint8_t *trailer;
    uint64_t kept = 0;

    if (*length < VALUE_TRAILER_BYTES || *length > VALUE_MAX)
        return false;
    trailer = (const uint8_t *)value + *length - VALUE_TRAILER_BYTES;
    for (unsigned i = 0; i < VALUE_TRAILER_BYTES; i++)
        kept = kept << 8 | trailer[i];
    *length -= VALUE_TRAILER_BYTES;
    return kept == sum_of(place, value, *length);
}
