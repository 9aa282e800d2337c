#include "feeds/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_path.h"
#include "feeds/rows_decoder.h"

static const struct {
    enum feed_format format;
    const struct rows_decoder *decoder;
} decoders[] = {
    {FORMAT_JSON, &rows_json_decoder},    {FORMAT_NDJSON, &rows_json_decoder},
    {FORMAT_GTFS_RT, &rows_gtfs_decoder}, {FORMAT_CSV, &rows_csv_decoder},
    {FORMAT_TEXT, &rows_digest_decoder},  {FORMAT_BINARY, &rows_digest_decoder},
};

struct rows {
    const struct rows_decoder *decoder;
    void *state; /* the decoder's */
    struct rows_columns columns;
    struct rows_row row;
    struct rows_counts counts, learning; /* what is counted while learning is not told */
    char **names; /* of the columns, where a format without paths has others; NULL: their own */
    size_t name_count;
};

static const struct rows_decoder *decoder_of(enum feed_format format)
{
    for (size_t i = 0; i < sizeof decoders / sizeof decoders[0]; i++)
        if (decoders[i].format == format)
            return decoders[i].decoder;
    return NULL;
}

static bool means_all(const char *path)
{
    return !path || strcmp(path, "$") == 0;
}

enum feed_format rows_meant_as(enum feed_format judged, const char *path, const char *columns)
{
    bool has_paths = !means_all(path) || (columns && *columns == '{');

    return has_paths && (judged == FORMAT_TEXT || judged == FORMAT_BINARY) ? FORMAT_JSON : judged;
}

int rows_decoder_refuse(enum feed_format format, const char *path, struct err *err)
{
    if (means_all(path))
        return 0;
    return err_set(err, ERR_INPUT, "rows \"%s\": a body of format %s has no paths", path,
                   feed_format_name(format));
}

/* `columns` as a list: these, in this order, and no others. */
static int fix_columns(struct rows_columns *columns, const struct json *list, struct err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct json *name = list->items[i];
        uint32_t column;

        if (name->type != JSON_STRING || strlen(name->text) != name->length)
            return err_set(err, ERR_INPUT, "columns: item %zu is not a name", i + 1);
        if (rows_columns_find(columns, name->text, name->length, &column, err))
            return -1;
        if (columns->count != i + 1)
            return err_set(err, ERR_INPUT, "column \"%s\" is named twice", name->text);
    }
    columns->is_fixed = true;
    return 0;
}

/* @.a.b → "a.b" */
static int write_name(struct buf *name, const struct json_path *path)
{
    for (size_t i = 0; i < path->count; i++)
        if (path->steps[i].kind != STEP_NAME || (i && buf_append_char(name, '.')) ||
            buf_append(name, path->steps[i].name, path->steps[i].length))
            return -1;
    return path->is_relative && path->count ? 0 : -1;
}

/* The column that stands at the path gets the name. */
static int add_named(struct rows *rows, const struct json_member *member, struct err *err)
{
    const char *path_text = member->value->text;
    struct json_path path = {0};
    uint32_t column;
    struct buf name;
    int result = -1;

    buf_init(&name, ROWS_COLUMN_NAMES_MAX_BYTES);
    if (member->value->type != JSON_STRING || json_path_parse(&path, path_text, err) ||
        write_name(&name, &path))
        err_set(err, ERR_INPUT, "column \"%s\": expected a name such as \"@.trip.route_id\"",
                member->key);
    else if (!rows_columns_find(&rows->columns, name.bytes, name.length, &column, err))
        result = 0;
    buf_release(&name);
    json_path_release(&path);
    if (!result && rows->columns.count != rows->name_count + 1)
        return err_set(err, ERR_INPUT, "column \"%s\": \"%s\" has a column already", member->key,
                       path_text);
    if (!result && !(rows->names[rows->name_count++] = strdup(member->key)))
        return err_memory(err);
    return result;
}

static int name_columns(struct rows *rows, const struct json *object, struct err *err)
{
    rows->names = calloc(object->count, sizeof *rows->names);
    if (!rows->names)
        return err_memory(err);
    for (size_t i = 0; i < object->count; i++)
        if (add_named(rows, &object->members[i], err))
            return -1;
    rows->columns.is_fixed = true;
    return 0;
}

static int give_columns(struct rows *rows, const struct json *columns, struct err *err)
{
    return columns->type == JSON_OBJECT ? name_columns(rows, columns, err)
                                        : fix_columns(&rows->columns, columns, err);
}

static struct json *parse_columns(const char *text, struct err *err)
{
    struct json_mistake mistake;
    struct json *json = json_parse(text, strlen(text), &mistake);

    if (!json) {
        err_set(err, ERR_INPUT, "columns: column %d: %s", mistake.column, mistake.text);
        return NULL;
    }
    if ((json->type == JSON_ARRAY || json->type == JSON_OBJECT) && json->count)
        return json;
    err_set(err, ERR_INPUT, "columns: expected a list of names or an object of name and path");
    json_free(json);
    return NULL;
}

struct rows *rows_new(enum feed_format format, const char *path, const char *columns,
                      struct err *err)
{
    const struct rows_decoder *decoder = decoder_of(format);
    const struct json *picks = NULL;
    struct json *json = NULL;
    struct rows *rows = NULL;

    if (!decoder) {
        err_set(err, ERR_INPUT, "format \"%s\" has no rows", feed_format_name(format));
        return NULL;
    }
    if (columns && !(json = parse_columns(columns, err)))
        return NULL;
    rows = calloc(1, sizeof *rows);
    if (!rows) {
        err_memory(err);
        goto fail;
    }
    rows_row_init(&rows->row, &rows->columns, &rows->counts);
    rows->decoder = decoder;
    if (json && json->type == JSON_OBJECT && decoder == &rows_json_decoder)
        picks = json;
    else if (json && give_columns(rows, json, err))
        goto fail;
    rows->state = decoder->new (format, path, picks, &rows->row, err);
    if (!rows->state)
        goto fail;
    json_free(json);
    return rows;
fail:
    json_free(json);
    rows_free(rows);
    return NULL;
}

void rows_free(struct rows *rows)
{
    if (!rows)
        return;
    rows->decoder->free(rows->state);
    rows_row_release(&rows->row);
    rows_columns_release(&rows->columns);
    for (size_t i = 0; i < rows->name_count; i++)
        free(rows->names[i]);
    free(rows->names);
    free(rows);
}

int rows_set_kind(struct rows *rows, const char *kind, struct err *err)
{
    if (!rows->decoder->set_kind)
        return 0;
    return rows->decoder->set_kind(rows->state, kind, err);
}

size_t rows_column_count(const struct rows *rows)
{
    return rows->columns.count;
}

const char *rows_column_name(const struct rows *rows, uint32_t column)
{
    return rows->names ? rows->names[column] : rows->columns.items[column].name;
}

bool rows_column_is_met(const struct rows *rows, uint32_t column)
{
    return rows->columns.items[column].row > 0;
}

const struct rows_counts *rows_counts(const struct rows *rows)
{
    return &rows->counts;
}

int rows_decode(struct rows *rows, const char *bytes, size_t length,
                int (*on_row)(void *cookie, const struct cell *cells, size_t count), void *cookie,
                struct err *err)
{
    struct rows_row *row = &rows->row;

    row->body = bytes;
    row->body_length = length;
    row->on_row = on_row;
    row->cookie = cookie;
    row->counts = on_row ? &rows->counts : &rows->learning;
    return rows->decoder->decode(rows->state, err);
}
