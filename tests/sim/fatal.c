#include "tests/sim/fatal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fatal(const char *format, ...)
{
    va_list arguments;

    fflush(stdout);
    fprintf(stderr, "sim: ");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    exit(1);
}

void *must_alloc(size_t count, size_t size)
{
    void *made = calloc(count ? count : 1, size);

    if (!made)
        fatal("out of memory");
    return made;
}

void *must_grow(void *array, size_t count, size_t size)
{
    void *grown = realloc(array, count * size);

    if (!grown)
        fatal("out of memory");
    return grown;
}

char *must_copy(const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        fatal("out of memory");
    return copy;
}
