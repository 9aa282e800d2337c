#include "feeds/wire.h"

#include <stddef.h>

enum { VARINT_BYTES_MAX = 10 };

bool wire_long_varint(struct wire *wire, uint64_t *value)
{
    const unsigned char *at = wire->at, *end = wire->end;
    uint64_t sum = 0;

    if (end - at > VARINT_BYTES_MAX)
        end = at + VARINT_BYTES_MAX;
    for (unsigned shift = 0; at < end; shift += 7) {
        unsigned char byte = *at++;

        sum |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            wire->at = at;
            *value = sum;
            return true;
        }
    }
    return false;
}

static bool read_fixed(struct wire *wire, size_t length, uint64_t *value)
{
    if ((size_t)(wire->end - wire->at) < length)
        return false;
    *value = 0;
    for (size_t i = 0; i < length; i++)
        *value |= (uint64_t)*wire->at++ << 8 * i;
    return true;
}

enum { GROUP_END = 4 };

/* The tag that ends the innermost open group, or one field in it, or the start of one more. */
static bool step_in_group(struct wire *wire, uint32_t *open, size_t *depth)
{
    struct wire start = *wire;
    struct wire_field field;
    uint64_t tag;

    if (!wire_varint(wire, &tag) || tag > UINT32_MAX || tag < 8)
        return false;
    if ((tag & 7) == GROUP_END)
        return open[--*depth] == tag >> 3;
    if ((tag & 7) == WIRE_GROUP) {
        if (*depth == WIRE_GROUP_DEPTH_MAX)
            return false;
        open[(*depth)++] = (uint32_t)tag >> 3;
        return true;
    }
    *wire = start;
    return wire_next(wire, &field);
}

/* Behind the tag that starts group `number`, to behind the one that ends it. */
static bool skip_group(struct wire *wire, uint32_t number)
{
    uint32_t open[WIRE_GROUP_DEPTH_MAX] = {number};
    size_t depth = 1;

    while (depth)
        if (!step_in_group(wire, open, &depth))
            return false;
    return true;
}

bool wire_other(struct wire *wire, struct wire_field *field)
{
    if (field->type == WIRE_64BIT)
        return read_fixed(wire, 8, &field->value);
    if (field->type == WIRE_32BIT)
        return read_fixed(wire, 4, &field->value);
    return field->type == WIRE_GROUP && skip_group(wire, field->number);
}
