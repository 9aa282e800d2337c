#include "feeds/rows_field.h"

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the message's C struct holds what the descriptor says lies at `offset`. */
static const void *member(const ProtobufCMessage *message, size_t offset)
{
    return (const char *)message + offset;
}

static bool is_message(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_MESSAGE;
}

size_t rows_field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const void *quantifier = member(message, field->quantifier_offset);

    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return *(const size_t *)quantifier;
    if (is_message(field))
        return *(void *const *)member(message, field->offset) != NULL;
    return *(const protobuf_c_boolean *)quantifier != 0;
}

const ProtobufCMessage *rows_field_message(const ProtobufCMessage *message,
                                           const ProtobufCFieldDescriptor *field, size_t index)
{
    const void *at = member(message, field->offset);

    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return (*(ProtobufCMessage * *const *)at)[index];
    return *(ProtobufCMessage *const *)at;
}

static struct rows_scalar unsigned_text(uint64_t value, bool is_negative, char *digits)
{
    char *at = digits + ROWS_FIELD_DIGITS;
    struct rows_scalar scalar = {0};

    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    if (is_negative)
        *--at = '-';
    scalar.text = at;
    scalar.length = (size_t)(digits + ROWS_FIELD_DIGITS - at);
    return scalar;
}

static struct rows_scalar signed_text(int64_t value, char *digits)
{
    return unsigned_text(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0, digits);
}

/* Any decimal of the least number of digits survives, so what needs fewer is printed in fewer. */
static struct rows_scalar float_text(double value, bool is_single, char *digits)
{
    struct rows_scalar scalar = {.text = digits, .is_string = !isfinite(value)};
    int least = is_single ? 6 : 15, most = is_single ? 9 : 17, length = 0;

    if (!isfinite(value)) {
        scalar.text = isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity";
        scalar.length = strlen(scalar.text);
        return scalar;
    }
    for (int precision = least; precision <= most; precision++) {
        length = snprintf(digits, ROWS_FIELD_DIGITS, "%.*g", precision, value);
        if (is_single ? strtof(digits, NULL) == (float)value : strtod(digits, NULL) == value)
            break;
    }
    scalar.length = (size_t)length;
    return scalar;
}

static struct rows_scalar enum_text(const ProtobufCFieldDescriptor *field, int32_t number,
                                    char *digits)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(field->descriptor, number);

    if (!value)
        return signed_text(number, digits);
    return (struct rows_scalar){
        .text = value->name, .length = strlen(value->name), .is_string = true};
}

static struct rows_scalar bytes_text(const ProtobufCBinaryData *bytes)
{
    return (struct rows_scalar){.text = bytes->len ? (const char *)bytes->data : "",
                                .length = bytes->len,
                                .is_string = true};
}

/* The values of a field lie one after another from `at` on. */
#define VALUE(type) (((const type *)at)[index])

static struct rows_scalar scalar_at(const ProtobufCFieldDescriptor *field, const void *at,
                                    size_t index, char *digits)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return signed_text(VALUE(int32_t), digits);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return signed_text(VALUE(int64_t), digits);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return unsigned_text(VALUE(uint32_t), false, digits);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return unsigned_text(VALUE(uint64_t), false, digits);
    case PROTOBUF_C_TYPE_FLOAT:
        return float_text((double)VALUE(float), true, digits);
    case PROTOBUF_C_TYPE_DOUBLE:
        return float_text(VALUE(double), false, digits);
    case PROTOBUF_C_TYPE_BOOL:
        return VALUE(protobuf_c_boolean) ? (struct rows_scalar){.text = "true", .length = 4}
                                         : (struct rows_scalar){.text = "false", .length = 5};
    case PROTOBUF_C_TYPE_ENUM:
        return enum_text(field, VALUE(int32_t), digits);
    case PROTOBUF_C_TYPE_BYTES:
        return bytes_text(&VALUE(ProtobufCBinaryData));
    case PROTOBUF_C_TYPE_STRING: /* the .proto has none, and messages are no scalars */
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return (struct rows_scalar){.text = "", .is_string = true};
}

struct rows_scalar rows_field_scalar(const ProtobufCMessage *message,
                                     const ProtobufCFieldDescriptor *field, size_t index,
                                     char digits[ROWS_FIELD_DIGITS])
{
    const void *at = member(message, field->offset);

    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        at = *(const void *const *)at;
    return scalar_at(field, at, index, digits);
}

/* From here on as deep as the .proto, in which no message holds its own kind. */
static int write_object(const ProtobufCMessage *message, struct rows_text *text);

static int write_value(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                       size_t index, struct rows_text *text)
{
    char digits[ROWS_FIELD_DIGITS];
    struct rows_scalar scalar;

    if (is_message(field))
        return write_object(rows_field_message(message, field, index), text);
    scalar = rows_field_scalar(message, field, index, digits);
    return rows_text_scalar(text, &scalar);
}

int rows_field_json(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                    struct rows_text *text)
{
    size_t count = rows_field_count(message, field);

    if (rows_text_start(text, true))
        return -1;
    for (size_t i = 0; i < count; i++)
        if (write_value(message, field, i, text))
            return -1;
    return rows_text_end(text, true);
}

static int write_object(const ProtobufCMessage *message, struct rows_text *text)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;

    if (rows_text_start(text, false))
        return -1;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];

        if (!rows_field_count(message, field))
            continue;
        if (rows_text_key(text, field->name, strlen(field->name)))
            return -1;
        if (field->label == PROTOBUF_C_LABEL_REPEATED ? rows_field_json(message, field, text)
                                                      : write_value(message, field, 0, text))
            return -1;
    }
    return rows_text_end(text, false);
}

unsigned long rows_field_unknown(const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    unsigned long count = message->n_unknown_fields;

    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        size_t values = is_message(field) ? rows_field_count(message, field) : 0;

        for (size_t j = 0; j < values; j++)
            count += rows_field_unknown(rows_field_message(message, field, j));
    }
    return count;
}
