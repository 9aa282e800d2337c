#include "export/csv.h"

#include <string.h>

#include "base/utf8.h"
#include "export/plain_number.h"

/* What a byte means to a cell: 0 nothing, else why a closer look is due. */
enum { BYTE_QUOTED = 1, BYTE_COMMA = 2, BYTE_TAB = 4, BYTE_HIGH = 8 };

#define HIGH_16                                                                                    \
    BYTE_HIGH, BYTE_HIGH, BYTE_HIGH, BYTE_HIGH, BYTE_HIGH, BYTE_HIGH, BYTE_HIGH, BYTE_HIGH,        \
        BYTE_HIGH, BYTE_HIGH, BYTE_HIGH, BYTE_HIGH, BYTE_HIGH, BYTE_HIGH, BYTE_HIGH, BYTE_HIGH

static const unsigned char classes[256] = {
    ['"'] = BYTE_QUOTED,
    ['\n'] = BYTE_QUOTED,
    ['\r'] = BYTE_QUOTED,
    [','] = BYTE_COMMA,
    ['\t'] = BYTE_TAB,
    [0x80] = HIGH_16,
    HIGH_16,
    HIGH_16,
    HIGH_16,
    HIGH_16,
    HIGH_16,
    HIGH_16,
    HIGH_16,
};

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
        size_t step = utf8_char(text + i, length - i, &is_good);

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

/* OWASP, "CSV injection". */
static bool is_formula(const char *text, size_t length)
{
    static const char starts[] = {'=', '+', '-', '@', '\t', '\r', '\n'};
    static const char wide[][4] = {"\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"};
    size_t has_plus = length > 1 && text[0] == '+' && text[1] != '-', at = 0, i;

    while (at < length && text[at] == ' ')
        at++;
    if (at == length)
        return false;
    if (memchr(starts, text[at], sizeof starts))
        return !is_plain_number(text + has_plus, length - has_plus);
    for (i = 0; length - at >= 3 && i < sizeof wide / sizeof wide[0]; i++) {
        if (memcmp(text + at, wide[i], 3) == 0)
            return true;
    }
    return false;
}

/* Is there a control byte, a quote, a separator, or one that is not ASCII among eight? Not which:
 * a high bit may also be set above such a byte. */
static inline uint64_t marks_of(uint64_t bytes, char separator)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t quotes = bytes ^ ones * '"', separators = bytes ^ ones * (unsigned char)separator;

    return ((bytes - ones * 0x20) | bytes | ((quotes - ones) & ~quotes) |
            ((separators - ones) & ~separators)) &
           ones << 7;
}

static inline uint64_t load(const char *text, size_t length)
{
    uint64_t bytes = 0;
    uint32_t start, end;

    if (length >= 8) {
        memcpy(&bytes, text, sizeof bytes);
    } else if (length >= 4) {
        memcpy(&start, text, sizeof start);
        memcpy(&end, text + length - sizeof end, sizeof end);
        bytes = (uint64_t)end << 32 | start;
    } else {
        /* One byte, two or three: the middle and the last, and the first to fill up. */
        bytes = UINT64_C(0x0101010101010000) * (unsigned char)text[0] |
                (uint64_t)(unsigned char)text[length / 2] << 8 | (unsigned char)text[length - 1];
    }
    return bytes;
}

/* May the text be written as it is? Most may. False means: look closer. */
static inline bool is_plain(const char *text, size_t length, char separator)
{
    uint64_t marks = 0;

    if (!length)
        return true;
    for (; length > 8; text += 8, length -= 8)
        marks |= marks_of(load(text, 8), separator);
    return !(marks | marks_of(load(text, length), separator));
}

int csv_cell_as(struct buf *line, const struct csv_form *form, const char *text, size_t length,
                uint64_t *replaced)
{
    unsigned quoted = BYTE_QUOTED | (form->separator == ',' ? BYTE_COMMA : BYTE_TAB), seen = 0;
    bool is_guarded = form->is_safe && is_formula(text, length);
    size_t before = line->length;
    bool is_quoted;
    size_t i;

    if (!is_guarded && is_plain(text, length, form->separator))
        return buf_append(line, text, length);
    for (i = 0; i < length; i++)
        seen |= classes[(unsigned char)text[i]];
    if (!(seen & (quoted | BYTE_HIGH)) && !is_guarded)
        return buf_append(line, text, length);
    is_quoted = (seen & quoted) != 0;
    if ((is_quoted && buf_append_char(line, '"')) || (is_guarded && buf_append_char(line, '\'')) ||
        (seen & BYTE_HIGH ? append_checked(line, text, length, replaced)
                          : append_doubled(line, text, 0, length)) ||
        (is_quoted && buf_append_char(line, '"'))) {
        line->length = before;
        return -1;
    }
    return 0;
}

int csv_cell(struct buf *line, const char *text, size_t length, uint64_t *replaced)
{
    static const struct csv_form form = {.separator = ','};

    return csv_cell_as(line, &form, text, length, replaced);
}
