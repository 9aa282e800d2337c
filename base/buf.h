/* Bytes that grow up to a maximum given at birth. Any thread, one at a time.
 *
 * The maximum is a promise: a buf never holds more, whatever the network sends. After a failed
 * append the content is what it was before. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

struct buf {
    char *bytes;   /* not terminated, except after buf_text(); NULL while empty */
    size_t length; /* bytes in use */
    size_t capacity;
    size_t max_bytes;
};

void buf_init(struct buf *buf, size_t max_bytes);
void buf_release(struct buf *buf); /* may be initialised again; safe on a zeroed buf */
void buf_reset(struct buf *buf);   /* length 0, memory kept */
/* 0, or -1: over the maximum (set once, by buf_init), or no memory. */
static inline int buf_append(struct buf *buf, const void *bytes, size_t length);
static inline int buf_append_char(struct buf *buf, char c);
int buf_append_text(struct buf *buf, const char *text);
int buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
int buf_vprintf(struct buf *buf, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
/* Makes room for `length` more bytes and returns where they go, or NULL; add to `length` what was
 * written. */
char *buf_reserve(struct buf *buf, size_t length);
/* The content as a C string, "" if empty; NULL: no memory. Borrowed until the next change. */
const char *buf_text(struct buf *buf);
/* Moves the bytes out: returns owned memory (free()), the length in `length`; `buf` is empty then.
 */
char *buf_take(struct buf *buf, size_t *length);

/* Where there may be no room. */
int buf_append_growing(struct buf *buf, const void *bytes, size_t length);

/* The last byte allocated may be the one over the maximum. */
static inline int buf_append(struct buf *buf, const void *bytes, size_t length)
{
    if (length >= buf->capacity - buf->length)
        return buf_append_growing(buf, bytes, length);
    if (length)
        memcpy(buf->bytes + buf->length, bytes, length);
    buf->length += length;
    return 0;
}

static inline int buf_append_char(struct buf *buf, char c)
{
    return buf_append(buf, &c, 1);
}

#endif
