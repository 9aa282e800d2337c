#include "export/json_cell.h"

#include <string.h>

#include "base/json.h"
#include "export/plain_number.h"
#include "feeds/rows_text.h"

/* RFC 8259, section 6: no leading zeros. */
static bool is_number(const char *text, size_t length)
{
    size_t sign = length && *text == '-';

    return is_plain_number(text, length) && !(length - sign > 1 && text[sign] == '0' &&
                                              text[sign + 1] >= '0' && text[sign + 1] <= '9');
}

static bool is_literal(const char *text, size_t length)
{
    return (length == 4 && memcmp(text, "true", 4) == 0) ||
           (length == 5 && memcmp(text, "false", 5) == 0) || is_number(text, length);
}

static int append_string(struct buf *out, const char *text, size_t length, uint64_t *replaced)
{
    size_t before = out->length;

    if (json_write_string(out, text, length))
        return -1;
    /* Longer than it was: something was escaped, or replaced. */
    if (out->length - before != length + 2 || memcmp(out->bytes + before + 1, text, length) != 0)
        *replaced += rows_text_bad_bytes(text, length);
    return 0;
}

int json_cell(struct buf *out, const struct cell *cell, uint64_t *replaced)
{
    if (cell->is_json)
        return buf_append(out, cell->text, cell->length);
    if (!cell->is_string && !cell->length)
        return buf_append_text(out, "null");
    if (!cell->is_string && is_literal(cell->text, cell->length))
        return buf_append(out, cell->text, cell->length);
    return append_string(out, cell->text, cell->length, replaced);
}
