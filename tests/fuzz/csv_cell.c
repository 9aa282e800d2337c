/* The CSV writer: a line of cells, read back by RFC 4180, is the same cells. The first byte says
 * which form; a byte 0xFF ends a cell. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "export/csv.h"
#include "tests/fuzz/input.h"

enum { END_OF_CELL = 0xFF };

/* One cell of a line, without the quotes that it is written in; `line` goes behind its end. */
static void read_cell(struct input *line, char separator, struct buf *cell)
{
    bool is_quoted = line->left && *line->at == '"', is_open = is_quoted;

    buf_reset(cell);
    if (is_quoted)
        input_byte(line);
    while (line->left && (is_open || (*line->at != separator && *line->at != '\n'))) {
        char c = (char)input_byte(line);

        if (c == '"' && is_open && line->left && *line->at == '"') {
            input_byte(line);
        } else if (c == '"') {
            must(is_open);
            is_open = false;
            continue;
        } else {
            must(is_open || c != '\r');
        }
        must(is_open || !is_quoted);
        must(buf_append_char(cell, c) == 0);
    }
    must(!is_open);
}

static void check_cell(const struct csv_form *form, const struct buf *seen, const char *text,
                       size_t length)
{
    const char *bytes = seen->bytes;
    size_t count = seen->length;

    must(utf8_valid(bytes ? bytes : "", count) == count);
    if (utf8_valid(text, length) != length)
        return;
    if (form->is_safe && count == length + 1 && *bytes == '\'') {
        bytes++;
        count--;
    }
    must(count == length && (!length || memcmp(bytes, text, length) == 0));
}

static void check_line(const struct csv_form *form, const struct buf *line, const char *text,
                       size_t length)
{
    struct input written = {line->bytes, line->length};
    struct buf cell;

    buf_init(&cell, (size_t)1 << 22);
    for (const char *end;; text = end + 1) {
        end = memchr(text, END_OF_CELL, length);
        if (!end)
            end = text + length;
        read_cell(&written, form->separator, &cell);
        check_cell(form, &cell, text, (size_t)(end - text));
        if (end == text + length)
            break;
        length -= (size_t)(end - text) + 1;
        must(input_byte(&written) == (unsigned char)form->separator);
    }
    must(input_byte(&written) == '\n' && !written.left);
    buf_release(&cell);
}

static void write_line(const struct csv_form *form, struct buf *line, const char *text,
                       size_t length)
{
    for (const char *end;; text = end + 1) {
        uint64_t replaced = 0;

        end = memchr(text, END_OF_CELL, length);
        if (!end)
            end = text + length;
        must(csv_cell_as(line, form, text, (size_t)(end - text), &replaced) == 0);
        must((replaced == 0) == (utf8_valid(text, (size_t)(end - text)) == (size_t)(end - text)));
        if (end == text + length)
            break;
        length -= (size_t)(end - text) + 1;
        must(buf_append_char(line, form->separator) == 0);
    }
    must(buf_append_char(line, '\n') == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {(const char *)data, size};
    unsigned char first = input_byte(&input);
    struct csv_form form = {.separator = first & 1 ? '\t' : ',', .is_safe = (first & 2) != 0};
    size_t length;
    char *text = input_rest(&input, &length);
    struct buf line;

    buf_init(&line, (size_t)1 << 22);
    write_line(&form, &line, text, length);
    check_line(&form, &line, text, length);
    buf_release(&line);
    free(text);
    return 0;
}
