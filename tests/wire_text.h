/* Protobuf messages written as text, for tables: "1{1'2.0' 3=7} 2{1'a'}". After a field's number:
 *   =-7 varint   'text' bytes   ~1.5 float   ^1.5 double   {…} message   […] group */
#ifndef TESTS_WIRE_TEXT_H
#define TESTS_WIRE_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static void wire_put(struct buf *out, const void *bytes, size_t length)
{
    assert_int_equal(buf_append(out, bytes, length), 0);
}

static void wire_varint(struct buf *out, uint64_t value)
{
    for (; value > 127; value >>= 7)
        assert_int_equal(buf_append_char(out, (char)((value & 127) | 128)), 0);
    assert_int_equal(buf_append_char(out, (char)value), 0);
}

static void wire_bytes(struct buf *out, unsigned number, const void *bytes, size_t length)
{
    wire_varint(out, (uint64_t)number << 3 | 2);
    wire_varint(out, length);
    wire_put(out, bytes, length);
}

static const char *wire_fields(struct buf *out, const char *at, char end);

static const char *wire_message(struct buf *out, unsigned number, const char *at)
{
    struct buf inner;

    buf_init(&inner, 1 << 20);
    at = wire_fields(&inner, at, '}');
    wire_bytes(out, number, inner.bytes, inner.length);
    buf_release(&inner);
    return at;
}

static const char *wire_group(struct buf *out, unsigned number, const char *at)
{
    wire_varint(out, (uint64_t)number << 3 | 3);
    at = wire_fields(out, at, ']');
    wire_varint(out, (uint64_t)number << 3 | 4);
    return at;
}

static const char *wire_number(struct buf *out, unsigned number, char mark, const char *at)
{
    char *end;
    double large = strtod(at, &end);
    float small = (float)large;

    wire_varint(out, (uint64_t)number << 3 | (mark == '=' ? 0 : mark == '~' ? 5 : 1));
    if (mark == '~') {
        wire_put(out, &small, sizeof small);
    } else if (mark == '^') {
        wire_put(out, &large, sizeof large);
    } else {
        wire_varint(out, *at == '-' ? (uint64_t)strtoll(at, &end, 10) : strtoull(at, &end, 10));
    }
    return end;
}

/* Up to `end`, behind which it returns. */
static const char *wire_fields(struct buf *out, const char *at, char end)
{
    while (*at != end) {
        char *mark;
        unsigned number = (unsigned)strtoul(at, &mark, 10);

        at = mark + 1;
        if (*mark == '\'') {
            wire_bytes(out, number, at, strcspn(at, "'"));
            at += strcspn(at, "'") + 1;
        } else if (*mark == '{') {
            at = wire_message(out, number, at);
        } else if (*mark == '[') {
            at = wire_group(out, number, at);
        } else {
            at = wire_number(out, number, *mark, at);
        }
        at += *at == ' ';
    }
    return at + (end != '\0');
}

/* `out` is initialised here. */
static void wire_text(struct buf *out, const char *text)
{
    buf_init(out, 1 << 20);
    wire_fields(out, text, '\0');
}

#endif
