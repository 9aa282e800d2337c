#include "companion/sample.h"

#include <stdio.h>
#include <stdlib.h>

#include "export/row_text.h"

enum { SAMPLE_PATH_MAX = 1024 * 1024, SAMPLE_HEADER_MAX = 64 * 1024 * 1024 };

/* One body as one table. */
struct sample {
    const struct feed *feed;
    const struct buf *body;
    int64_t call_at;
    enum feed_format format;
    const char *path; /* NULL: the document is the row */
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

static int print_rows(struct sample *sample, struct err *err)
{
    char call_time[ZONE_ISO_MAX];
    struct buf header;
    size_t start = 0, i;
    int result;

    buf_init(&header, SAMPLE_HEADER_MAX);
    result = columns_write(&sample->columns, &sample->rows.form.csv, &header) ? err_memory(err) : 0;
    if (!result)
        fwrite(header.bytes, 1, header.length, stdout);
    buf_release(&header);
    zone_format_iso(sample->feed->schedule.zone, sample->call_at, 3, call_time);
    for (i = 0; i < sample->rows.row_count && !result; i++) {
        printf("%s,%s", sample->feed->name, call_time);
        fwrite(sample->rows.text.bytes + start, 1, sample->rows.ends[i] - start, stdout);
        start = sample->rows.ends[i];
    }
    return result;
}

/* First its columns, then its first rows: `rows` is stopped after these. */
static int decode(struct sample *sample, struct rows *rows, struct err *err)
{
    static const struct row_form form = {.csv = {.separator = ','}};
    const struct buf *body = sample->body;
    struct err stopped = {0};
    int result = -1;

    columns_init(&sample->columns);
    row_text_init(&sample->rows, &form, &sample->columns);
    if (!rows_decode(rows, body->bytes, body->length, NULL, NULL, err) &&
        !place_columns(sample, rows, err)) {
        rows_decode(rows, body->bytes, body->length, on_row, sample, &stopped);
        result = print_rows(sample, err);
    }
    free(sample->places);
    sample->places = NULL;
    row_text_release(&sample->rows);
    columns_release(&sample->columns);
    return result;
}

static int print_table(struct sample *sample, const char *kind, struct err *err)
{
    struct rows *rows = rows_new(sample->format, sample->path, sample->feed->columns, err);
    int result = -1;

    if (rows && (!kind || !rows_set_kind(rows, kind, err)))
        result = decode(sample, rows, err);
    rows_free(rows);
    return result;
}

/* Entities of several kinds have a table each. */
static int print_kinds(struct sample *sample, struct err *err)
{
    static const char *const kinds[] = {"vehicle", "trip_update", "alert"};
    size_t i;

    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        printf("--kind %s:\n", kinds[i]);
        if (print_table(sample, kinds[i], err))
            return -1;
    }
    return 0;
}

static int print_body(struct sample *sample, struct err *err)
{
    struct err why = {0};

    if (!print_table(sample, NULL, &why))
        return 0;
    if (why.kind == ERR_USAGE)
        return print_kinds(sample, err);
    if (why.kind != ERR_INPUT) {
        *err = why;
        return -1;
    }
    printf("invalid, it gives no rows: %s\n", why.text);
    return 0;
}

/* The path of the feed, or the one that is found; nothing in `path`: the document is the row. */
static int find_path(const struct sample *sample, struct buf *path, struct err *err)
{
    struct err why = {0};

    if (sample->feed->rows)
        return buf_append_text(path, sample->feed->rows) ? err_memory(err) : 0;
    if (sample->format != FORMAT_JSON ||
        rows_find_path(sample->body->bytes, sample->body->length, path, &why) >= 0)
        return 0;
    /* That it is ill-formed is said by who decodes it. */
    if (why.kind == ERR_INPUT)
        return 0;
    *err = why;
    return -1;
}

static enum feed_format judge(const struct feed *feed, const struct response *response)
{
    const struct buf *body = &response->body;
    enum feed_format format = feed->format;

    if (format != FORMAT_AUTO)
        return format;
    format = rows_judge(body->bytes, body->length, response->content_type);
    return rows_meant_as(format, feed->rows, feed->columns);
}

int sample_print(const struct feed *feed, const struct response *response, int64_t call_at,
                 struct err *err)
{
    struct sample sample = {.feed = feed,
                            .body = &response->body,
                            .call_at = call_at,
                            .format = judge(feed, response),
                            .err = err};
    struct buf path;
    int result = -1;

    buf_init(&path, SAMPLE_PATH_MAX);
    if (!find_path(&sample, &path, err)) {
        sample.path = path.length ? buf_text(&path) : NULL;
        if (sample.format == FORMAT_JSON || sample.format == FORMAT_NDJSON)
            printf("%s, rows at %s\n", feed_format_name(sample.format),
                   sample.path ? sample.path : "the document");
        else
            printf("%s\n", feed_format_name(sample.format));
        result = print_body(&sample, err);
    }
    buf_release(&path);
    return result;
}
