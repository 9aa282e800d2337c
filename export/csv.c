#include "export/csv.h"

#include <stdbool.h>

/* What a byte means to a cell: 0 nothing, else why a closer look is due. */
enum { BYTE_PLAIN, BYTE_QUOTED, BYTE_HIGH };

static unsigned byte_class(unsigned char c)
{
    if (c >= 0x80)
        return BYTE_HIGH;
    return c == '"' || c == ',' || c == '\n' || c == '\r' ? BYTE_QUOTED : BYTE_PLAIN;
}

/* How many continuation bytes a lead byte asks for, and the range of the first of them: Unicode
 * 15, table 3-7, which leaves out overlong forms, surrogates and what lies above U+10FFFF. */
static size_t continuations(unsigned char lead, unsigned char *least, unsigned char *most)
{
    *least = 0x80;
    *most = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 1;
    if (lead >= 0xE0 && lead <= 0xEF) {
        if (lead == 0xE0)
            *least = 0xA0;
        if (lead == 0xED)
            *most = 0x9F;
        return 2;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        if (lead == 0xF0)
            *least = 0x90;
        if (lead == 0xF4)
            *most = 0x8F;
        return 3;
    }
    return 0;
}

/* The length of the character at `text`, or of the longest start of one if it is not whole. */
static size_t character(const unsigned char *text, size_t length, bool *is_good)
{
    unsigned char least, most;
    size_t wanted, i;

    *is_good = text[0] < 0x80;
    if (*is_good)
        return 1;
    wanted = continuations(text[0], &least, &most);
    for (i = 1; i <= wanted && i < length; i++) {
        if (text[i] < least || text[i] > most)
            return i;
        least = 0x80;
        most = 0xBF;
    }
    *is_good = wanted > 0 && i > wanted;
    return i;
}

/* Appends text[start..end) with its quotes doubled. */
static int append_doubled(struct buf *line, const char *text, size_t start, size_t end)
{
    size_t i;

    for (i = start; i < end; i++) {
        if (text[i] != '"')
            continue;
        if (buf_append(line, text + start, i + 1 - start))
            return -1;
        start = i;
    }
    return buf_append(line, text + start, end - start);
}

static int append_checked(struct buf *line, const char *text, size_t length, uint64_t *replaced)
{
    size_t start = 0, i = 0;

    while (i < length) {
        bool is_good;
        size_t step = character((const unsigned char *)text + i, length - i, &is_good);

        if (!is_good) {
            if (append_doubled(line, text, start, i) || buf_append(line, "\xEF\xBF\xBD", 3))
                return -1;
            if (replaced)
                *replaced += step;
            start = i + step;
        }
        i += step;
    }
    return append_doubled(line, text, start, length);
}

int csv_cell(struct buf *line, const char *text, size_t length, uint64_t *replaced)
{
    size_t before = line->length;
    unsigned seen = 0;
    bool is_quoted;
    size_t i;

    for (i = 0; i < length; i++)
        seen |= byte_class((unsigned char)text[i]);
    if (!seen)
        return buf_append(line, text, length);
    is_quoted = (seen & BYTE_QUOTED) != 0;
    if ((is_quoted && buf_append_char(line, '"')) ||
        (seen & BYTE_HIGH ? append_checked(line, text, length, replaced)
                          : append_doubled(line, text, 0, length)) ||
        (is_quoted && buf_append_char(line, '"'))) {
        line->length = before;
        return -1;
    }
    return 0;
}
