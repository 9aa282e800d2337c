#include "base/json_text.h"

#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

static uint32_t read_hex(const char *digits)
{
    uint32_t value = 0;

    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)digits[i];
        value = value << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

static size_t put_code(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* `digits` is what follows "\u"; returns how many bytes of it were read. */
static size_t read_code(const char *digits, size_t length, uint32_t *code)
{
    uint32_t low;

    *code = read_hex(digits);
    if (*code < 0xD800 || *code > 0xDBFF || length < 10 || digits[4] != '\\' || digits[5] != 'u')
        return 4;
    low = read_hex(digits + 6);
    if (low < 0xDC00 || low > 0xDFFF)
        return 4;
    *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
    return 10;
}

static char read_letter(char letter)
{
    static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
    const char *found = memchr(letters, letter, sizeof letters - 1);

    return found ? meant[found - letters] : letter;
}

size_t json_text_unescape(char *out, const char *raw, size_t length)
{
    size_t used = 0, place = 0;

    while (place < length) {
        const char *slash = memchr(raw + place, '\\', length - place);
        size_t run = (slash ? (size_t)(slash - raw) : length) - place;

        memcpy(out + used, raw + place, run);
        used += run;
        place += run;
        if (length - place < 2)
            break;
        if (raw[place + 1] == 'u' && length - place >= 6) {
            uint32_t code;
            place += 2 + read_code(raw + place + 2, length - place - 2, &code);
            used += put_code(out + used, code);
        } else {
            out[used++] = read_letter(raw[place + 1]);
            place += 2;
        }
    }
    return used;
}

/* The bytes at the start that stand for themselves in a JSON string. */
static size_t plain_length(const char *text, size_t length)
{
    size_t place = 0;

    while (place < length) {
        unsigned char c = (unsigned char)text[place];
        bool is_valid = true;

        if (c < 0x20 || c == '"' || c == '\\')
            break;
        if (c < 0x80) {
            place++;
            continue;
        }
        size_t step = utf8_char(text + place, length - place, &is_valid);
        if (!is_valid)
            break;
        place += step;
    }
    return place;
}

/* Writes what cannot stand for itself and returns how many bytes of `text` that was; 0: full. */
static size_t write_escape(struct buf *out, const char *text, size_t length)
{
    unsigned char c = (unsigned char)text[0];
    static const char letters[] = "\"\\bfnrt", meant[] = "\"\\\b\f\n\r\t";
    const char *found = memchr(meant, c, sizeof meant - 1);
    bool is_valid;
    int status;

    if (found)
        status = buf_printf(out, "\\%c", letters[found - meant]);
    else if (c < 0x20)
        status = buf_printf(out, "\\u%04x", c);
    else
        status = buf_append_text(out, "\xEF\xBF\xBD");
    if (status)
        return 0;
    return c < 0x80 ? 1 : utf8_char(text, length, &is_valid);
}

int json_write_string(struct buf *out, const char *text, size_t length)
{
    size_t place = 0;

    if (buf_append_char(out, '"'))
        return -1;
    while (place < length) {
        size_t step = plain_length(text + place, length - place);

        if (step && buf_append(out, text + place, step))
            return -1;
        place += step;
        if (place == length)
            break;
        step = write_escape(out, text + place, length - place);
        if (!step)
            return -1;
        place += step;
    }
    return buf_append_char(out, '"');
}

static int write_members(struct buf *out, const struct json *json)
{
    if (buf_append_char(out, '{'))
        return -1;
    for (size_t i = 0; i < json->count; i++) {
        const struct json_member *member = &json->members[i];

        if ((i && buf_append_char(out, ',')) ||
            json_write_string(out, member->key, strlen(member->key)) || buf_append_char(out, ':') ||
            json_write(out, member->value))
            return -1;
    }
    return buf_append_char(out, '}');
}

static int write_items(struct buf *out, const struct json *json)
{
    if (buf_append_char(out, '['))
        return -1;
    for (size_t i = 0; i < json->count; i++)
        if ((i && buf_append_char(out, ',')) || json_write(out, json->items[i]))
            return -1;
    return buf_append_char(out, ']');
}

int json_write(struct buf *out, const struct json *json)
{
    switch (json->type) {
    case JSON_NULL:
        return buf_append_text(out, "null");
    case JSON_BOOL:
        return buf_append_text(out, json->is_true ? "true" : "false");
    case JSON_NUMBER:
        return buf_append(out, json->text, json->length);
    case JSON_STRING:
        return json_write_string(out, json->text, json->length);
    case JSON_ARRAY:
        return write_items(out, json);
    case JSON_OBJECT:
        return write_members(out, json);
    }
    return -1;
}
