/* Protobuf's wire format, one field after another. Nothing is copied. Pure; any thread.
 *
 * A field is a tag (number << 3 | type), then a varint, 4 or 8 bytes, or a length and so many
 * bytes. What the bytes mean stands in a .proto. */
#ifndef FEEDS_WIRE_H
#define FEEDS_WIRE_H

#include <stdbool.h>
#include <stdint.h>

enum wire_type { WIRE_VARINT = 0, WIRE_64BIT = 1, WIRE_BYTES = 2, WIRE_GROUP = 3, WIRE_32BIT = 5 };

enum { WIRE_GROUP_DEPTH_MAX = 64 };

struct wire {
    const unsigned char *at, *end; /* not yet read */
};

struct wire_field {
    uint32_t number;
    enum wire_type type;
    union {
        uint64_t value;      /* of a varint or of fixed bytes */
        struct wire content; /* of one with a length */
    };
};

/* The field at `at`, which is before the end; then `at` is behind it, behind all of a group. False:
 * it is cut short, or no field. */
static inline bool wire_next(struct wire *wire, struct wire_field *field);

/* What most fields are not. */
bool wire_long_varint(struct wire *wire, uint64_t *value);
bool wire_other(struct wire *wire, struct wire_field *field);

static inline bool wire_varint(struct wire *wire, uint64_t *value)
{
    if (wire->at == wire->end || *wire->at > 0x7F)
        return wire_long_varint(wire, value);
    *value = *wire->at++;
    return true;
}

static inline bool wire_next(struct wire *wire, struct wire_field *field)
{
    uint64_t number;

    if (!wire_varint(wire, &number) || number > UINT32_MAX || number < 8)
        return false;
    field->number = (uint32_t)number >> 3;
    field->type = (enum wire_type)(number & 7);
    if (field->type == WIRE_VARINT)
        return wire_varint(wire, &field->value);
    if (field->type != WIRE_BYTES)
        return wire_other(wire, field);
    if (!wire_varint(wire, &number) || number > (uint64_t)(wire->end - wire->at))
        return false;
    field->content.at = wire->at;
    field->content.end = wire->at += number;
    return true;
}

#endif
