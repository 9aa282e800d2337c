#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 64 };

void buf_init(struct buf *buf, size_t max_bytes)
{
    *buf = (struct buf){.max_bytes = max_bytes};
}

void buf_release(struct buf *buf)
{
    free(buf->bytes);
    *buf = (struct buf){0};
}

void buf_reset(struct buf *buf)
{
    buf->length = 0;
}

/* One byte more than the maximum may be allocated: the zero of buf_text(). */
static int grow(struct buf *buf, size_t needed)
{
    size_t most = buf->max_bytes < SIZE_MAX ? buf->max_bytes + 1 : SIZE_MAX;
    size_t capacity = buf->capacity < SMALLEST ? SMALLEST : buf->capacity;
    char *bytes;

    if (needed <= buf->capacity)
        return 0;
    while (capacity < needed)
        capacity = capacity > SIZE_MAX / 2 ? SIZE_MAX : capacity * 2;
    if (capacity > most && most >= needed)
        capacity = most;
    bytes = realloc(buf->bytes, capacity);
    if (!bytes)
        return -1;
    buf->bytes = bytes;
    buf->capacity = capacity;
    return 0;
}

char *buf_reserve(struct buf *buf, size_t length)
{
    if (length > buf->max_bytes - buf->length)
        return NULL;
    if (grow(buf, length ? buf->length + length : buf->length + 1))
        return NULL;
    return buf->bytes + buf->length;
}

int buf_append_growing(struct buf *buf, const void *bytes, size_t length)
{
    char *to;

    if (!length)
        return 0;
    to = buf_reserve(buf, length);
    if (!to)
        return -1;
    memcpy(to, bytes, length);
    buf->length += length;
    return 0;
}

int buf_append_text(struct buf *buf, const char *text)
{
    return buf_append(buf, text, strlen(text));
}

int buf_printf(struct buf *buf, const char *format, ...)
{
    va_list arguments;
    int status;

    va_start(arguments, format);
    status = buf_vprintf(buf, format, arguments);
    va_end(arguments);
    return status;
}

int buf_vprintf(struct buf *buf, const char *format, va_list arguments)
{
    size_t room = buf->capacity - buf->length, needed;
    va_list again;
    int length;

    va_copy(again, arguments);
    length = vsnprintf(room ? buf->bytes + buf->length : NULL, room, format, arguments);
    if (length < 0)
        goto fail;
    needed = (size_t)length;
    if (needed > buf->max_bytes - buf->length)
        goto fail;
    if (needed >= room) {
        if (grow(buf, buf->length + needed + 1))
            goto fail;
        vsnprintf(buf->bytes + buf->length, needed + 1, format, again);
    }
    va_end(again);
    buf->length += needed;
    return 0;
fail:
    va_end(again);
    return -1;
}

const char *buf_text(struct buf *buf)
{
    if (!buf->length)
        return "";
    if (grow(buf, buf->length + 1))
        return NULL;
    buf->bytes[buf->length] = '\0';
    return buf->bytes;
}

char *buf_take(struct buf *buf, size_t *length)
{
    char *bytes;

    /* An empty buf gives memory too, so that NULL means no memory and nothing else. */
    if (grow(buf, 1))
        return NULL;
    bytes = buf->bytes;
    *length = buf->length;
    buf_init(buf, buf->max_bytes);
    return bytes;
}
