#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* An error is one line, whatever the file name or the key that it quotes. */
static void make_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7F)
            *text = '?';
}

/* Formats apart from err->text, so that the arguments may point into it. */
int err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
    char text[sizeof err->text];
    va_list arguments;

    if (!err)
        return -1;
    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';
    va_end(arguments);
    make_one_line(text);
    err->kind = kind;
    memcpy(err->text, text, strlen(text) + 1);
    return -1;
}

int err_within(struct err *err, const char *format, ...)
{
    char prefix[sizeof err->text - 2];
    size_t length, kept;
    va_list arguments;

    if (!err)
        return -1;
    va_start(arguments, format);
    if (vsnprintf(prefix, sizeof prefix, format, arguments) < 0)
        prefix[0] = '\0';
    va_end(arguments);
    make_one_line(prefix);
    length = strlen(prefix);
    kept = strnlen(err->text, sizeof err->text - 1);
    if (kept > sizeof err->text - 1 - (length + 2))
        kept = sizeof err->text - 1 - (length + 2);
    memmove(err->text + length + 2, err->text, kept);
    memcpy(err->text, prefix, length);
    memcpy(err->text + length, ": ", 2);
    err->text[length + 2 + kept] = '\0';
    return -1;
}

int err_memory(struct err *err)
{
    return err_set(err, ERR_MEMORY, "out of memory");
}

int err_exit_code(enum err_kind kind)
{
    switch (kind) {
    case ERR_NONE:
        return 0;
    case ERR_USAGE:
        return 2;
    case ERR_IN_USE:
        return 75;
    case ERR_CONFIG:
        return 78;
    case ERR_ABSENT:
    case ERR_NEWER:
    case ERR_DAMAGED:
    case ERR_FULL:
    case ERR_INPUT:
    case ERR_MEMORY:
    case ERR_IO:
        return 1;
    }
    return 1;
}
