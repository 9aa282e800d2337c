/* print_rows FORMAT KIND|auto|- REPEAT|- FILE… : the rows of files, one decoder for all (auto: one
 * for each file, with the rows path that JSON has by itself), for tests that compare them with
 * another decoder's. A line a row, {"column":["text","s"],…}: s a string, j JSON, n any other;
 * behind each file's a line with its number, and the error if there was one; at the end a line with
 * columns and counts. REPEAT: decode that often and print only the seconds it took.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "feeds/rows.h"

struct printing {
    enum feed_format format;
    bool finds_path;
    struct rows *rows;
    struct buf line;
    uint64_t bytes, count;
};

static void die(const char *what)
{
    fprintf(stderr, "print_rows: %s\n", what);
    exit(1);
}

static void print_line(struct buf *line)
{
    if (buf_append_char(line, '\n') || fwrite(line->bytes, 1, line->length, stdout) != line->length)
        die("cannot print");
    buf_reset(line);
}

static int on_row(void *cookie, const struct cell *cells, size_t count)
{
    struct printing *printing = cookie;
    struct buf *line = &printing->line;
    int failed = buf_append_char(line, '{');

    for (size_t i = 0; i < count; i++) {
        const struct cell *cell = &cells[i];
        const char *name = rows_column_name(printing->rows, cell->column);

        failed |= i && buf_append_char(line, ',');
        failed |= json_write_string(line, name, strlen(name)) || buf_append_text(line, ":[");
        failed |= json_write_string(line, cell->text, cell->length);
        failed |= buf_printf(line, ",\"%c\"]", cell->is_json ? 'j' : cell->is_string ? 's' : 'n');
    }
    if (failed || buf_append_char(line, '}'))
        die("out of memory");
    print_line(line);
    return 0;
}

static int on_row_measured(void *cookie, const struct cell *cells, size_t count)
{
    struct printing *printing = cookie;

    printing->count++;
    for (size_t i = 0; i < count; i++)
        printing->bytes += cells[i].length;
    return 0;
}

static char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    long size = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    char *bytes;

    if (size < 0)
        die(path);
    rewind(file);
    /* Exactly as long as the body, so that a sanitizer sees a byte read behind it. */
    bytes = malloc(size ? (size_t)size : 1);
    if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size)
        die(path);
    fclose(file);
    *length = (size_t)size;
    return bytes;
}

/* As dump does for a feed of this body alone. */
static void renew(struct printing *printing, const char *bytes, size_t length)
{
    struct buf path;
    struct err err;
    bool is_found;

    buf_init(&path, (size_t)1 << 20);
    is_found = rows_find_path(bytes, length, &path, &err) == 0;
    rows_free(printing->rows);
    printing->rows = rows_new(printing->format, is_found ? buf_text(&path) : NULL, NULL, &err);
    if (!printing->rows)
        die(err.text);
    buf_release(&path);
}

static void print_file(struct printing *printing, const char *path, int number)
{
    struct err err = {.kind = ERR_NONE};
    size_t length;
    char *bytes = read_file(path, &length);

    if (printing->finds_path)
        renew(printing, bytes, length);
    if (rows_decode(printing->rows, bytes, length, on_row, printing, &err) && !err.kind)
        die("stopped");
    if (buf_printf(&printing->line, "{\"file\":%d,\"error\":", number) ||
        json_write_string(&printing->line, err.text, strlen(err.text)) ||
        buf_append_char(&printing->line, '}'))
        die("out of memory");
    print_line(&printing->line);
    free(bytes);
}

static void print_end(struct printing *printing)
{
    const struct rows_counts *counts = rows_counts(printing->rows);
    int failed = buf_append_text(&printing->line, "{\"columns\":[");

    for (uint32_t i = 0; i < rows_column_count(printing->rows); i++) {
        const char *name = rows_column_name(printing->rows, i);

        failed |= i && buf_append_char(&printing->line, ',');
        failed |= json_write_string(&printing->line, name, strlen(name));
    }
    failed |= buf_printf(&printing->line,
                         "],\"bodies_without_rows\":%" PRIu64 ",\"duplicate_cells\":%" PRIu64
                         ",\"replaced_bytes\":%" PRIu64 ",\"unknown_fields\":%" PRIu64 "}",
                         counts->bodies_without_rows, counts->duplicate_cells,
                         counts->replaced_bytes, counts->unknown_fields);
    if (failed)
        die("out of memory");
    print_line(&printing->line);
}

static void measure(struct printing *printing, long repeat, int count, char **paths)
{
    struct timespec start, end;
    double seconds = 0;

    for (int i = 0; i < count; i++) {
        size_t length;
        char *bytes = read_file(paths[i], &length);

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
        for (long j = 0; j < repeat; j++)
            if (rows_decode(printing->rows, bytes, length, on_row_measured, printing, NULL))
                die(paths[i]);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
        seconds +=
            (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
        free(bytes);
    }
    printf("%.6f seconds, %" PRIu64 " rows, %" PRIu64 " bytes of cells\n", seconds, printing->count,
           printing->bytes);
}

static enum feed_format find_format(const char *name)
{
    static const enum feed_format formats[] = {FORMAT_JSON, FORMAT_NDJSON, FORMAT_GTFS_RT,
                                               FORMAT_CSV,  FORMAT_TEXT,   FORMAT_BINARY};

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(feed_format_name(formats[i]), name) == 0)
            return formats[i];
    die("no such format");
    return FORMAT_AUTO;
}

int main(int count, char **words)
{
    struct printing printing = {0};
    struct err err;

    if (count < 4)
        die("FORMAT KIND|auto|- REPEAT|- FILE...");
    buf_init(&printing.line, (size_t)1 << 30);
    printing.format = find_format(words[1]);
    printing.finds_path = strcmp(words[2], "auto") == 0;
    printing.rows = rows_new(printing.format, NULL, NULL, &err);
    if (!printing.rows || (!printing.finds_path && strcmp(words[2], "-") != 0 &&
                           rows_set_kind(printing.rows, words[2], &err)))
        die(err.text);
    if (strcmp(words[3], "-") != 0) {
        measure(&printing, strtol(words[3], NULL, 10), count - 4, words + 4);
    } else {
        for (int i = 4; i < count; i++)
            print_file(&printing, words[i], i - 4);
        print_end(&printing);
    }
    rows_free(printing.rows);
    buf_release(&printing.line);
    return 0;
}
