#include "feeds/rows_text.h"

#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

size_t rows_text_bad_bytes(const char *text, size_t length)
{
    size_t bad = 0, step, i;
    bool is_valid;

    for (i = utf8_valid(text, length); i < length; i += step) {
        step = utf8_char(text + i, length - i, &is_valid);
        bad += is_valid ? 0 : step;
    }
    return bad;
}

static int write_string(struct rows_text *text, const char *string, size_t length)
{
    const char *written;
    size_t before = text->out->length;

    if (json_write_string(text->out, string, length))
        return -1;
    written = text->out->bytes + before + 1;
    /* Not the same between the quotes: something was escaped, or replaced. */
    if (text->out->length - before != length + 2 || memcmp(written, string, length) != 0)
        *text->replaced += rows_text_bad_bytes(string, length);
    return 0;
}

static int separate(struct rows_text *text, bool needs_comma_next)
{
    int status = text->needs_comma ? buf_append_char(text->out, ',') : 0;

    text->needs_comma = needs_comma_next;
    return status;
}

int rows_text_scalar(struct rows_text *text, const struct rows_scalar *scalar)
{
    if (separate(text, true))
        return -1;
    if (scalar->is_string)
        return write_string(text, scalar->text, scalar->length);
    return buf_append(text->out, scalar->text, scalar->length);
}

int rows_text_key(struct rows_text *text, const char *key, size_t length)
{
    if (separate(text, false) || write_string(text, key, length))
        return -1;
    return buf_append_char(text->out, ':');
}

int rows_text_start(struct rows_text *text, bool is_array)
{
    if (separate(text, false))
        return -1;
    return buf_append_char(text->out, is_array ? '[' : '{');
}

int rows_text_end(struct rows_text *text, bool is_array)
{
    text->needs_comma = true;
    return buf_append_char(text->out, is_array ? ']' : '}');
}
