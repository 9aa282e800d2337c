#include "companion/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lines_init(struct lines *lines, size_t columns)
{
    *lines = (struct lines){.columns = columns};
}

void lines_release(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->cells[i]);
    free(lines->cells);
    *lines = (struct lines){0};
}

static int reserve(struct lines *lines)
{
    size_t capacity = lines->capacity ? lines->capacity * 2 : 64 * lines->columns;
    char **cells;

    if (lines->count + lines->columns <= lines->capacity)
        return 0;
    cells = realloc(lines->cells, capacity * sizeof(char *));
    if (!cells)
        return -1;
    lines->cells = cells;
    lines->capacity = capacity;
    return 0;
}

/* Bytes of a control character of either block, C0 or (as UTF-8) C1; 0: it is none. */
static size_t steering(const char *at)
{
    unsigned char byte = (unsigned char)at[0], next = (unsigned char)at[1];

    if (byte < ' ' || byte == 0x7f)
        return 1;
    return byte == 0xc2 && next >= 0x80 && next < 0xa0 ? 2 : 0;
}

static char *copy_tame(const char *text)
{
    char *copy = strdup(text);

    for (char *at = copy; at && *at; at++)
        memset(at, '?', steering(at));
    return copy;
}

int lines_add(struct lines *lines, const char *const *cells)
{
    if (reserve(lines))
        return -1;
    for (size_t i = 0; i < lines->columns; i++) {
        char *cell = copy_tame(cells[i]);
        int width = cell ? (int)strlen(cell) : 0;

        if (!cell)
            return -1;
        lines->cells[lines->count++] = cell;
        if (width > lines->width[i])
            lines->width[i] = width;
    }
    return 0;
}

void lines_print(const struct lines *lines)
{
    for (size_t line = 0; line + lines->columns <= lines->count; line += lines->columns) {
        char *const *cells = lines->cells + line;
        size_t last = lines->columns - 1;

        while (last > 0 && !*cells[last])
            last--;
        for (size_t i = 0; i < last; i++)
            printf("%-*s  ", lines->width[i], cells[i]);
        puts(cells[last]);
    }
}
