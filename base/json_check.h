/* Inside base/ only: the checker's insides, which also know where and why a text is not JSON.
 *
 * One automaton over bytes, because yajl would read a string anew from its start with every piece
 * that arrives (a dripping server could make that quadratic) and keep all of it. This one needs no
 * memory and reads each byte once. Any thread, one object on one thread at a time. */
#ifndef BASE_JSON_CHECK_H
#define BASE_JSON_CHECK_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "base/json.h"

enum check_state {
    CHECK_START,       /* nothing yet: a value must come; a byte order mark may */
    CHECK_VALUE,       /* a value must come */
    CHECK_FIRST_ITEM,  /* after "[": a value or "]" */
    CHECK_FIRST_KEY,   /* after "{": a key or "}" */
    CHECK_KEY,         /* after a comma in an object: a key */
    CHECK_COLON,       /* after a key */
    CHECK_AFTER,       /* after a value inside something: a comma or the end of it */
    CHECK_DONE,        /* the value is over; where there may be many: the next */
    CHECK_SCALAR_END,  /* many: right behind a scalar, so that 1 and 2 are not 12 */
    CHECK_BRACKET_END, /* many: right behind a bracket; the next may touch it */
    CHECK_BOM,         /* `rest` must come */
    CHECK_WORD,        /* true, false, null: `rest` must come */
    CHECK_STRING,
    CHECK_ESCAPE,
    CHECK_HEX,
    CHECK_MINUS, /* numbers: the states of RFC 8259, section 6 */
    CHECK_ZERO,
    CHECK_DIGITS,
    CHECK_POINT,
    CHECK_FRACTION,
    CHECK_E,
    CHECK_E_SIGN,
    CHECK_EXPONENT,
    CHECK_SLASH, /* comments, only where they are allowed */
    CHECK_LINE_COMMENT,
    CHECK_BLOCK_COMMENT,
    CHECK_BLOCK_STAR,
    CHECK_BROKEN, /* for good */
};

struct json_checker {
    enum check_state state;
    enum check_state refused; /* BROKEN: the state in which the last byte was not allowed */
    enum check_state resumed; /* in a comment: what comes after it */
    bool is_many, has_comments, is_key, is_too_deep;
    unsigned depth, hex_digits; /* hex_digits: still to come */
    uint64_t objects;           /* bit n: level n + 1 is an object */
    const char *rest;
};

static inline bool check_is_blank(unsigned char byte)
{
    return byte <= ' ' && (byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t');
}

static inline bool check_is_digit(unsigned char byte)
{
    return byte >= '0' && byte <= '9';
}

/* How many bytes from `next` on are plain inside a string: eight at a time, most of a body is such
 * bytes. A byte's high bit is set in `stops` if it is a control byte, a quote or a backslash; false
 * bits come only above a true one. */
static inline size_t check_plain_length(const unsigned char *next, const unsigned char *end)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    const unsigned char *start = next;

    for (; end - next >= 8; next += 8) {
        uint64_t bytes, quotes, slashes, stops;

        memcpy(&bytes, next, sizeof bytes);
        bytes = le64toh(bytes);
        quotes = bytes ^ ones * '"';
        slashes = bytes ^ ones * '\\';
        stops = ((bytes - ones * 0x20) & ~bytes) | ((quotes - ones) & ~quotes) |
                ((slashes - ones) & ~slashes);
        if (stops & high)
            return (size_t)(next - start) + (size_t)__builtin_ctzll(stops & high) / 8;
    }
    while (next < end && *next >= 0x20 && *next != '"' && *next != '\\')
        next++;
    return (size_t)(next - start);
}

static inline bool check_in_object(const struct json_checker *checker)
{
    return checker->depth && (checker->objects >> (checker->depth - 1) & 1);
}

static inline void check_end_value(struct json_checker *checker, enum check_state end_at_top)
{
    checker->state = checker->depth ? CHECK_AFTER : checker->is_many ? end_at_top : CHECK_DONE;
}

/* json_check.c: one byte. json_feed.c: the same for many. */
void json_checker_init(struct json_checker *checker, bool is_many, bool has_comments);
void json_checker_step(struct json_checker *checker, unsigned char byte);
/* Is it well-formed if nothing more comes? */
bool json_checker_may_end(const struct json_checker *checker);

/* Where and why `text` is not JSON, in words for a person; false: it is. */
bool json_explain(const char *text, size_t length, const struct json_checker *start,
                  struct json_mistake *mistake);
/* Fills a mistake. */
void json_mistake_set(struct json_mistake *mistake, int line, int column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
