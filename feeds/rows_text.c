#include "feeds/rows_text.h"

#include <string.h>

#include "base/json.h"

/* Unicode 15, table 3-7: the second byte's range depends on the first; 0: not a character. */
static size_t character_length(const unsigned char *at, size_t length)
{
    unsigned char first = at[0], least = 0x80, most = 0xBF;
    size_t needed = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;

    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4 || length < needed)
        return 0;
    if (first == 0xE0)
        least = 0xA0;
    if (first == 0xED)
        most = 0x9F; /* no surrogates */
    if (first == 0xF0)
        least = 0x90;
    if (first == 0xF4)
        most = 0x8F;
    if (at[1] < least || at[1] > most)
        return 0;
    for (size_t i = 2; i < needed; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    return needed;
}

size_t rows_text_bad_bytes(const char *text, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t bad = 0;

    for (size_t i = 0; i < length;) {
        size_t step = character_length(bytes + i, length - i);

        bad += !step;
        i += step ? step : 1;
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
