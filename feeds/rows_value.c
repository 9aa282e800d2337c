#include "feeds/rows_value.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/rows_row.h"

static struct rows_scalar fixed_text(const char *text)
{
    return (struct rows_scalar){.text = text, .length = strlen(text)};
}

/* Right-justified in `digits`. */
static struct rows_scalar unsigned_text(uint64_t value, bool is_negative, char *digits)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    char *end = digits + ROWS_VALUE_DIGITS, *at = end;

    for (; value > 9; value /= 100) {
        at -= 2;
        memcpy(at, pairs + 2 * (value % 100), 2);
    }
    if (value || at == end)
        *--at = (char)('0' + value);
    if (is_negative)
        *--at = '-';
    return (struct rows_scalar){.text = at, .length = (size_t)(end - at)};
}

static struct rows_scalar signed_text(int64_t value, char *digits)
{
    return unsigned_text(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0, digits);
}

/* `scaled` / 10^places, as a decimal fraction without zeros at its end. */
static struct rows_scalar fraction_text(uint64_t scaled, unsigned places, bool is_negative,
                                        char *digits)
{
    char *end = digits + ROWS_VALUE_DIGITS, *at = end;

    for (; places && scaled % 10 == 0; places--)
        scaled /= 10;
    if (!places)
        return unsigned_text(scaled, is_negative, digits);
    for (; places; places--, scaled /= 10)
        *--at = (char)('0' + scaled % 10);
    *--at = '.';
    for (; scaled; scaled /= 10)
        *--at = (char)('0' + scaled % 10);
    if (is_negative)
        *--at = '-';
    return (struct rows_scalar){.text = at, .length = (size_t)(end - at)};
}

/* Places as bearings are, 1 ≤ |value| < 10^6: the fewest decimals that read back as the same float.
 * Exact: a float times 10^8 fits into a double, and so does the quotient's distance from the middle
 * between two floats as long as there are no more than 8 decimals. */
static bool plain_float_text(float value, char *digits, struct rows_scalar *scalar)
{
    double size = fabs((double)value), power = 1;

    if (!(size >= 1 && size < 1e6))
        return false;
    for (unsigned places = 0; places <= 8; places++, power *= 10) {
        uint64_t scaled = (uint64_t)(size * power + 0.5);

        if ((float)((double)scaled / power) == (float)size) {
            *scalar = fraction_text(scaled, places, value < 0, digits);
            return true;
        }
    }
    return false;
}

/* Every decimal of 6 (double: 15) digits survives, so what needs fewer is printed in fewer; but not
 * next to zero, where the digits run out. */
static struct rows_scalar float_text(double value, bool is_single, char *digits)
{
    struct rows_scalar scalar;
    int least = is_single ? FLT_DIG : DBL_DIG, length = 0;
    int most = is_single ? FLT_DECIMAL_DIG : DBL_DECIMAL_DIG;

    if (!isfinite(value)) {
        scalar = fixed_text(isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity");
        scalar.is_string = true;
        return scalar;
    }
    if (is_single && plain_float_text((float)value, digits, &scalar))
        return scalar;
    if (fabs(value) < (is_single ? (double)FLT_MIN : DBL_MIN))
        least = 1;
    for (int precision = least; precision <= most; precision++) {
        length = snprintf(digits, ROWS_VALUE_DIGITS, "%.*g", precision, value);
        if (is_single ? strtof(digits, NULL) == (float)value : strtod(digits, NULL) == value)
            break;
    }
    return (struct rows_scalar){.text = digits, .length = (size_t)length};
}

static struct rows_scalar single_text(uint64_t sent, char *digits)
{
    uint32_t bits = (uint32_t)sent;
    float value;

    memcpy(&value, &bits, sizeof value);
    return float_text((double)value, true, digits);
}

static struct rows_scalar double_text(uint64_t bits, char *digits)
{
    double value;

    memcpy(&value, &bits, sizeof value);
    return float_text(value, false, digits);
}

static struct rows_scalar enum_text(const ProtobufCEnumDescriptor *type, int32_t number,
                                    char *digits)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);
    struct rows_scalar scalar;

    if (!value)
        return signed_text(number, digits);
    scalar = fixed_text(value->name);
    scalar.is_string = true;
    return scalar;
}

/* Signed numbers of which small ones are to be short: 0, -1, 1, -2 are sent as 0, 1, 2, 3. */
static int64_t unzigzag(uint64_t sent)
{
    return (int64_t)(sent >> 1 ^ (0 - (sent & 1)));
}

struct rows_scalar rows_value_scalar(const struct rows_field *field, const struct wire_field *sent,
                                     char digits[ROWS_VALUE_DIGITS])
{
    switch (field->is->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return signed_text((int32_t)(uint32_t)sent->value, digits);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return signed_text((int64_t)sent->value, digits);
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SINT64:
        return signed_text(unzigzag(sent->value), digits);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return unsigned_text((uint32_t)sent->value, false, digits);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return unsigned_text(sent->value, false, digits);
    case PROTOBUF_C_TYPE_FLOAT:
        return single_text(sent->value, digits);
    case PROTOBUF_C_TYPE_DOUBLE:
        return double_text(sent->value, digits);
    case PROTOBUF_C_TYPE_BOOL:
        return fixed_text(sent->value ? "true" : "false");
    case PROTOBUF_C_TYPE_ENUM:
        return enum_text(field->is->descriptor, (int32_t)(uint32_t)sent->value, digits);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return (struct rows_scalar){.text = (const char *)sent->content.at,
                                .length = (size_t)(sent->content.end - sent->content.at),
                                .is_string = true};
}

/* From here on as deep as the .proto, in which no message holds its own kind. */
static int write_object(struct rows_branch *branch, struct wire message, struct rows_text *text,
                        uint64_t *unknown);

static int write_value(const struct rows_field *field, const struct wire_field *sent,
                       struct rows_text *text, uint64_t *unknown)
{
    char digits[ROWS_VALUE_DIGITS];
    struct rows_scalar scalar;

    if (field->branch)
        return write_object(field->branch, sent->content, text, unknown);
    scalar = rows_value_scalar(field, sent, digits);
    return rows_text_scalar(text, &scalar);
}

int rows_value_json(const struct rows_field *field, struct wire message, struct rows_text *text,
                    uint64_t *unknown)
{
    struct wire_field sent;

    if (rows_text_start(text, true))
        return -1;
    while (message.at < message.end && wire_next(&message, &sent))
        if (sent.number == field->is->id && sent.type == field->wire_type &&
            write_value(field, &sent, text, unknown))
            return -1;
    return rows_text_end(text, true);
}

int rows_value_merge(const struct rows_field *field, struct wire message, struct buf *merged)
{
    struct wire_field sent;

    while (message.at < message.end && wire_next(&message, &sent))
        if (sent.number == field->is->id && sent.type == field->wire_type &&
            buf_append(merged, sent.content.at, (size_t)(sent.content.end - sent.content.at)))
            return -1;
    return 0;
}

static int write_merged(const struct rows_field *field, struct wire message, struct rows_text *text,
                        uint64_t *unknown)
{
    struct wire_field sent;
    struct buf merged;
    int status;

    buf_init(&merged, ROWS_TEXT_MAX_BYTES);
    status = rows_value_merge(field, message, &merged);
    sent.content.at = (const unsigned char *)merged.bytes;
    sent.content.end = sent.content.at + merged.length;
    if (!status)
        status = write_value(field, &sent, text, unknown);
    buf_release(&merged);
    return status;
}

static int write_object(struct rows_branch *branch, struct wire message, struct rows_text *text,
                        uint64_t *unknown)
{
    struct rows_parts parts;
    int status = rows_text_start(text, false);

    rows_parts_read(&parts, branch, message);
    *unknown += parts.unknown;
    for (size_t i = 0; i < branch->count && !status; i++) {
        const struct rows_field *field = &branch->fields[i];

        if (!(parts.present >> i & 1))
            continue;
        if (rows_text_key(text, field->is->name, strlen(field->is->name)))
            return -1;
        if (field->is_repeated)
            status = rows_value_json(field, message, text, unknown);
        else if (field->branch && parts.many >> i & 1)
            status = write_merged(field, message, text, unknown);
        else
            status = write_value(field, &parts.last[i], text, unknown);
    }
    return status ? -1 : rows_text_end(text, false);
}
