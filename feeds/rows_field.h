/* Fields of an unpacked protobuf message, read by their descriptors. Pure; any thread. */
#ifndef FEEDS_ROWS_FIELD_H
#define FEEDS_ROWS_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

#include "feeds/rows_text.h"

/* How many values the field has: 0 is absent, only a repeated field has more than 1. */
size_t rows_field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* Of a field whose values are messages. `index` < count. */
const ProtobufCMessage *rows_field_message(const ProtobufCMessage *message,
                                           const ProtobufCFieldDescriptor *field, size_t index);

enum { ROWS_FIELD_DIGITS = 32 };

/* The value of any other field: integers exact, floats in the fewest digits that read back as the
 * same, enums by name (by number where it has none), NaN and Infinity as strings because JSON has
 * no such numbers. The text is borrowed from `digits` or from the message. */
struct rows_scalar rows_field_scalar(const ProtobufCMessage *message,
                                     const ProtobufCFieldDescriptor *field, size_t index,
                                     char digits[ROWS_FIELD_DIGITS]);

/* All values of a repeated field as a JSON array, their messages as objects of what is present.
 * -1: no memory. */
int rows_field_json(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                    struct rows_text *text);

/* Fields nobody described, in the message and in those inside it. */
unsigned long rows_field_unknown(const ProtobufCMessage *message);

#endif
