#include "companion/sample.h"

#include <stdio.h>
#include <stdlib.h>

#include "export/row_text.h"

enum { SAMPLE_PATH_MAX = 1024 * 1024 };

struct sample {
    const struct feed *feed;
    const struct buf *body;
    struct columns columns;
    struct row_text rows;
    uint32_t *places;
    struct err *err;
};

static int on_row(void *cookie, const struct cell *cells, size_t count)
{
    struct sample *sample = cookie;

    if (sample->rows.row_count == SAMPLE_ROWS)
        return -1;
    return row_text_add(&sample->rows, cells, count, sample->places, sample->err);
}

/* The header, and which of its columns each of the decoder's is. */
static int place_columns(struct sample *sample, struct rows *rows, struct err *err)
{
    size_t count = rows_column_count(rows);
    uint32_t i;

    sample->places = calloc(count + 1, sizeof *sample->places);
    if (!sample->places)
        return err_memory(err);
    if (columns_add_own(&sample->columns, "feed", err) ||
        columns_add_own(&sample->columns, "call_time", err))
        return -1;
    for (i = 0; i < count; i++) {
        if (columns_place(&sample->columns, rows_column_name(rows, i), &sample->places[i], err))
            return -1;
    }
    return row_text_prepare(&sample->rows, err);
}

static int print_rows(struct sample *sample, int64_t call_at, struct err *err)
{
    char call_time[ZONE_ISO_MAX];
    struct buf header;
    size_t start = 0, i;
    int result;

    buf_init(&header, (size_t)64 * 1024 * 1024);
    result = columns_write(&sample->columns, &sample->rows.form.csv, &header) ? err_memory(err) : 0;
    if (!result)
        fwrite(header.bytes, 1, header.length, stdout);
    buf_release(&header);
    zone_format_iso(sample->feed->schedule.zone, call_at, 3, call_time);
    for (i = 0; i < sample->rows.row_count && !result; i++) {
        printf("%s,%s", sample->feed->name, call_time);
        fwrite(sample->rows.text.bytes + start, 1, sample->rows.ends[i] - start, stdout);
        start = sample->rows.ends[i];
    }
    return result;
}

static int decode(struct sample *sample, enum feed_format format, const char *path, int64_t call_at)
{
    struct err *err = sample->err;
    struct rows *rows = rows_new(format, path, sample->feed->columns, err);
    struct err stopped = {0};
    int result = -1;

    if (!rows)
        return -1;
    if (rows_decode(rows, sample->body->bytes, sample->body->length, NULL, NULL, err) ||
        place_columns(sample, rows, err))
        goto fail;
    rows_decode(rows, sample->body->bytes, sample->body->length, on_row, sample, &stopped);
    result = print_rows(sample, call_at, err);
fail:
    rows_free(rows);
    return result;
}

/* The path of the feed, or the one that is found; "" in `path`: the document is the row. */
static int find_path(struct sample *sample, enum feed_format format, struct buf *path,
                     struct err *err)
{
    if (sample->feed->rows)
        return buf_append_text(path, sample->feed->rows) ? err_memory(err) : 0;
    if (format != FORMAT_JSON)
        return 0;
    return rows_find_path(sample->body->bytes, sample->body->length, path, err) < 0 ? -1 : 0;
}

int sample_print(const struct feed *feed, const struct response *response, int64_t call_at,
                 struct err *err)
{
    struct sample sample = {.feed = feed, .body = &response->body, .err = err};
    static const struct row_form form = {.csv = {.separator = ','}};
    enum feed_format format = feed->format;
    struct buf path;
    int result = -1;

    buf_init(&path, SAMPLE_PATH_MAX);
    columns_init(&sample.columns);
    row_text_init(&sample.rows, &form, &sample.columns);
    if (format == FORMAT_AUTO)
        format = rows_judge(response->body.bytes, response->body.length, response->content_type);
    if (format != FORMAT_JSON && format != FORMAT_NDJSON) {
        printf("%s: a format without rows\n", feed_format_name(format));
        result = 0;
    } else if (!find_path(&sample, format, &path, err)) {
        printf("%s, rows at %s\n", feed_format_name(format),
               path.length ? buf_text(&path) : "the document");
        result = decode(&sample, format, path.length ? buf_text(&path) : NULL, call_at);
    }
    free(sample.places);
    row_text_release(&sample.rows);
    columns_release(&sample.columns);
    buf_release(&path);
    return result;
}
