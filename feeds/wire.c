#include "feeds/wire.h"

#include <stddef.h>

static bool read_varint(struct wire *wire, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && wire->at < wire->end; shift += 7) {
        unsigned char byte = *wire->at++;

        *value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return true;
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

static bool read_content(struct wire *wire, struct wire *content)
{
    uint64_t length;

    if (!read_varint(wire, &length) || length > (uint64_t)(wire->end - wire->at))
        return false;
    content->at = wire->at;
    content->end = wire->at += length;
    return true;
}

enum { GROUP_START = 3, GROUP_END = 4 };

static bool read_tag(struct wire *wire, uint32_t *number, unsigned *type)
{
    uint64_t tag;

    if (!read_varint(wire, &tag) || tag > UINT32_MAX)
        return false;
    *number = (uint32_t)tag >> 3;
    *type = tag & 7;
    return *number > 0;
}

static bool read_value(struct wire *wire, unsigned type, struct wire_field *field)
{
    field->type = (enum wire_type)type;
    if (type == WIRE_VARINT)
        return read_varint(wire, &field->value);
    if (type == WIRE_BYTES)
        return read_content(wire, &field->content);
    if (type == WIRE_32BIT || type == WIRE_64BIT)
        return read_fixed(wire, type == WIRE_32BIT ? 4 : 8, &field->value);
    return false;
}

/* Behind the tag that starts group `number`, to behind the one that ends it. */
static bool skip_group(struct wire *wire, uint32_t number)
{
    uint32_t open[WIRE_GROUP_DEPTH_MAX] = {number};
    size_t depth = 1;
    struct wire_field field;
    unsigned type;

    while (depth) {
        if (wire->at == wire->end || !read_tag(wire, &number, &type))
            return false;
        if (type == GROUP_END) {
            if (open[--depth] != number)
                return false;
        } else if (type == GROUP_START) {
            if (depth == WIRE_GROUP_DEPTH_MAX)
                return false;
            open[depth++] = number;
        } else if (!read_value(wire, type, &field)) {
            return false;
        }
    }
    return true;
}

bool wire_next(struct wire *wire, struct wire_field *field)
{
    unsigned type;

    if (!read_tag(wire, &field->number, &type))
        return false;
    if (type != GROUP_START)
        return read_value(wire, type, field);
    field->type = WIRE_GROUP;
    return skip_group(wire, field->number);
}
