#include "base/nearest.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { WORD_MAX = 40 };

/* Levenshtein's distance; words longer than WORD_MAX are far from everything. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t length = strlen(b), i, j;

    if (strlen(a) > WORD_MAX || length > WORD_MAX)
        return SIZE_MAX;
    for (j = 0; j <= length; j++)
        row[j] = j;
    for (i = 0; a[i]; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (j = 0; j < length; j++) {
            size_t changed = diagonal + (a[i] != b[j]);
            size_t least = row[j] < row[j + 1] ? row[j] + 1 : row[j + 1] + 1;

            diagonal = row[j + 1];
            row[j + 1] = changed < least ? changed : least;
        }
    }
    return row[length];
}

const char *nearest(const char *text, const char *const *names)
{
    const char *found = NULL;
    size_t least = 1 + strlen(text) / 3, i;

    for (i = 0; names[i]; i++) {
        size_t far = distance(text, names[i]);

        if (far > least || (found && far == least))
            continue;
        least = far;
        found = names[i];
    }
    return found;
}
