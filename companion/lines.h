/* Lines of cells, printed with each column as wide as it needs. Main thread. */
#ifndef COMPANION_LINES_H
#define COMPANION_LINES_H

#include <stddef.h>

enum { LINES_COLUMNS_MAX = 8 };

struct lines {
    size_t columns;
    char **cells; /* line after line */
    size_t count, capacity;
    int width[LINES_COLUMNS_MAX];
};

void lines_init(struct lines *lines, size_t columns); /* LINES_COLUMNS_MAX at most */
void lines_release(struct lines *lines);
/* Copies a cell for each column. Bytes that could steer a terminal become '?'. -1: no memory. */
int lines_add(struct lines *lines, const char *const *cells);
void lines_print(
    const struct lines *lines); /* on stdout; blanks at the end of a line are left out */

#endif
