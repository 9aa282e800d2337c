/* JSON and NDJSON as rows. The events of json_stream move between four places:
 *
 *   OUTSIDE ──a match that is an array──> ELEMENTS ──element──> ROW ──its end──> ELEMENTS
 *      └──────a match that is an object or a scalar───────────> ROW ──its end──> OUTSIDE
 *   DOCUMENT: the pass before, for columns whose path starts with $
 *
 * In ROW every event goes to flatten, or to picks where columns are name → path. */
#include <stdlib.h>
#include <string.h>

#include "feeds/rows_decoder.h"
#include "feeds/rows_flatten.h"
#include "feeds/rows_matcher.h"
#include "feeds/rows_picks.h"

enum place { PLACE_OUTSIDE, PLACE_ELEMENTS, PLACE_ROW, PLACE_DOCUMENT };

struct rows_json {
    struct rows_row *row; /* borrowed */
    bool is_many;
    struct json_path path;
    struct rows_matcher matcher;
    size_t key_depth;  /* containers that enclose a key which is the `key` cell; 0: none do */
    bool key_is_fixed; /* key_column is known */
    uint32_t key_column;
    struct buf key;
    bool has_picks; /* else flatten */
    struct rows_flatten flatten;
    struct rows_picks picks;

    enum place place;
    bool is_element;  /* the row is one of ELEMENTS */
    size_t depth;     /* containers open in ROW or DOCUMENT */
    size_t documents; /* of this body, done */
    bool has_matched; /* in this body */
    struct err fault; /* of an event; json_stream's own err is its own */
};

static int no_memory(struct rows_json *json)
{
    return err_memory(&json->fault);
}

/* A document may have ended with the value at hand. */
static void leave_value(struct rows_json *json)
{
    if (json->place != PLACE_OUTSIDE || json->matcher.depth)
        return;
    json->documents++;
    rows_matcher_start(&json->matcher, &json->path);
}

/* Is the value at hand what the path means? */
static bool enter_value(struct rows_json *json, int *status)
{
    const struct json_step *step = rows_matcher_step(&json->matcher);
    size_t depth = json->matcher.depth;

    *status = 0;
    if (step && depth == json->key_depth && json->matcher.levels[depth].is_array) {
        buf_reset(&json->key);
        if (buf_printf(&json->key, "%lld", json->matcher.levels[depth].index))
            *status = no_memory(json);
    }
    if (!rows_matcher_value(&json->matcher))
        return false;
    json->has_matched = true;
    return true;
}

static int begin_row(struct rows_json *json)
{
    struct rows_row *row = json->row;

    rows_row_begin(row);
    if (json->has_picks)
        rows_picks_begin(&json->picks, true);
    else
        rows_flatten_begin(&json->flatten);
    if (!json->key_depth)
        return 0;
    if (!json->key_is_fixed &&
        rows_columns_find(row->columns, "key", 3, &json->key_column, &json->fault))
        return -1;
    json->key_is_fixed = true;
    if (!rows_row_is_learning(row) &&
        rows_row_put(row, json->key_column, json->key.bytes, json->key.length, true))
        return no_memory(json);
    return 0;
}

static int end_row(struct rows_json *json)
{
    json->place = json->is_element ? PLACE_ELEMENTS : PLACE_OUTSIDE;
    if (!rows_row_is_learning(json->row)) {
        if (json->has_picks && rows_picks_put(&json->picks, json->documents))
            return no_memory(json);
        if (rows_row_end(json->row))
            return -1;
    }
    leave_value(json);
    return 0;
}

static int row_scalar(struct rows_json *json, const struct rows_scalar *scalar)
{
    if (!json->has_picks)
        return rows_flatten_scalar(&json->flatten, scalar, &json->fault);
    return rows_picks_scalar(&json->picks, scalar) ? no_memory(json) : 0;
}

static int row_start(struct rows_json *json, bool is_array)
{
    json->depth++;
    if (!json->has_picks)
        return rows_flatten_start(&json->flatten, is_array, &json->fault);
    return rows_picks_start(&json->picks, is_array) ? no_memory(json) : 0;
}

static int row_end(struct rows_json *json, bool is_array)
{
    json->depth--;
    if (!json->has_picks)
        return rows_flatten_end(&json->flatten, is_array, &json->fault);
    return rows_picks_end(&json->picks, is_array) ? no_memory(json) : 0;
}

/* The document before its rows: picks are told all of it. */
static int end_of_document(struct rows_json *json)
{
    if (json->depth)
        return 0;
    if (rows_picks_keep(&json->picks))
        return no_memory(json);
    rows_picks_begin(&json->picks, false);
    return 0;
}

static int on_scalar(struct rows_json *json, const struct rows_scalar *scalar)
{
    int status = 0;

    switch (json->place) {
    case PLACE_ROW:
        return row_scalar(json, scalar);
    case PLACE_DOCUMENT:
        return row_scalar(json, scalar) ? -1 : end_of_document(json);
    case PLACE_OUTSIDE:
        json->is_element = false;
        if (!enter_value(json, &status)) {
            leave_value(json);
            return status;
        }
        break;
    case PLACE_ELEMENTS:
        json->is_element = true;
        break;
    }
    if (status || begin_row(json) || row_scalar(json, scalar))
        return -1;
    return end_row(json);
}

static int on_start(struct rows_json *json, bool is_array)
{
    int status;

    switch (json->place) {
    case PLACE_ROW:
    case PLACE_DOCUMENT:
        return row_start(json, is_array);
    case PLACE_OUTSIDE:
        json->is_element = false;
        if (!enter_value(json, &status)) {
            rows_matcher_push(&json->matcher, is_array);
            return status;
        }
        if (status)
            return -1;
        if (is_array) {
            json->place = PLACE_ELEMENTS;
            return 0;
        }
        break;
    case PLACE_ELEMENTS:
        json->is_element = true;
        break;
    }
    json->place = PLACE_ROW;
    json->depth = 0;
    return begin_row(json) ? -1 : row_start(json, is_array);
}

static int on_end(struct rows_json *json, bool is_array)
{
    switch (json->place) {
    case PLACE_ROW:
        if (row_end(json, is_array))
            return -1;
        return json->depth ? 0 : end_row(json);
    case PLACE_DOCUMENT:
        return row_end(json, is_array) ? -1 : end_of_document(json);
    case PLACE_OUTSIDE:
        rows_matcher_pop(&json->matcher);
        break;
    case PLACE_ELEMENTS:
        json->place = PLACE_OUTSIDE;
        break;
    }
    leave_value(json);
    return 0;
}

static int on_key(void *cookie, const char *text, size_t length)
{
    struct rows_json *json = cookie;

    if (json->place == PLACE_OUTSIDE) {
        if (rows_matcher_step(&json->matcher) && json->matcher.depth == json->key_depth) {
            buf_reset(&json->key);
            if (buf_append(&json->key, text, length))
                return no_memory(json);
        }
        rows_matcher_key(&json->matcher, text, length);
        return 0;
    }
    if (!json->has_picks)
        return rows_flatten_key(&json->flatten, text, length, &json->fault);
    return rows_picks_key(&json->picks, text, length) ? no_memory(json) : 0;
}

static int on_null(void *cookie)
{
    return on_scalar(cookie, &(struct rows_scalar){.text = "null", .length = 4, .is_null = true});
}

static int on_bool(void *cookie, bool is_true)
{
    return on_scalar(cookie, &(struct rows_scalar){.text = is_true ? "true" : "false",
                                                   .length = is_true ? 4 : 5});
}

static int on_number(void *cookie, const char *text, size_t length)
{
    return on_scalar(cookie, &(struct rows_scalar){.text = text, .length = length});
}

static int on_string(void *cookie, const char *text, size_t length)
{
    return on_scalar(cookie,
                     &(struct rows_scalar){.text = text, .length = length, .is_string = true});
}

static int on_object_start(void *cookie)
{
    return on_start(cookie, false);
}

static int on_object_end(void *cookie)
{
    return on_end(cookie, false);
}

static int on_array_start(void *cookie)
{
    return on_start(cookie, true);
}

static int on_array_end(void *cookie)
{
    return on_end(cookie, true);
}

static const struct json_events events = {
    .on_null = on_null,
    .on_bool = on_bool,
    .on_number = on_number,
    .on_string = on_string,
    .on_object_start = on_object_start,
    .on_key = on_key,
    .on_object_end = on_object_end,
    .on_array_start = on_array_start,
    .on_array_end = on_array_end,
};

static int stream(struct rows_json *json, struct err *err)
{
    struct err streamed = {.kind = ERR_NONE};

    json->fault = (struct err){.kind = ERR_NONE};
    if (!json_stream(json->row->body, json->row->body_length, json->is_many, &events, json,
                     &streamed))
        return 0;
    if (err)
        *err = json->fault.kind != ERR_NONE ? json->fault : streamed;
    return -1;
}

static int rows_json_decode(void *decoder, struct err *err)
{
    struct rows_json *json = decoder;

    json->depth = json->documents = 0;
    json->has_matched = false;
    if (json->has_picks && json->picks.has_absolute && !rows_row_is_learning(json->row)) {
        json->place = PLACE_DOCUMENT;
        rows_picks_forget(&json->picks);
        rows_picks_begin(&json->picks, false);
        if (stream(json, err))
            return -1;
    }
    json->place = PLACE_OUTSIDE;
    rows_matcher_start(&json->matcher, &json->path);
    if (stream(json, err))
        return -1;
    if (json->documents && !json->has_matched)
        json->row->counts->bodies_without_rows++;
    return 0;
}

static void rows_json_free(void *decoder)
{
    struct rows_json *json = decoder;

    if (!json)
        return;
    json_path_release(&json->path);
    buf_release(&json->key);
    rows_flatten_release(&json->flatten);
    rows_picks_release(&json->picks);
    free(json);
}

static int parse_path(struct rows_json *json, const char *text, struct err *err)
{
    if (*text != '$')
        return err_set(err, ERR_INPUT, "rows \"%s\": column 1: expected \"$\"", text);
    if (json_path_parse(&json->path, text, err))
        return err_within(err, "rows \"%s\"", text);
    for (size_t i = 0; i < json->path.count; i++)
        if (json->path.steps[i].kind == STEP_ANY_NAME)
            json->key_depth = i + 1;
    return 0;
}

static int add_picks(struct rows_json *json, const struct json *picks, struct err *err)
{
    json->has_picks = true;
    json->key_is_fixed = true;
    json->key_column = ROWS_NO_COLUMN;
    if (json->key_depth && !json_get(picks, "key") &&
        rows_columns_find(json->row->columns, "key", 3, &json->key_column, err))
        return -1;
    if (rows_picks_init(&json->picks, json->row, picks, err))
        return -1;
    json->row->columns->is_fixed = true;
    return 0;
}

static void *rows_json_new(enum feed_format format, const char *path, const struct json *picks,
                           struct rows_row *row, struct err *err)
{
    struct rows_json *json = calloc(1, sizeof *json);

    if (!json) {
        err_memory(err);
        return NULL;
    }
    json->row = row;
    json->is_many = format == FORMAT_NDJSON;
    buf_init(&json->key, ROWS_TEXT_MAX_BYTES);
    if (parse_path(json, path ? path : "$", err))
        goto fail;
    if (rows_flatten_init(&json->flatten, row, json->key_depth > 0, err))
        goto fail;
    if (picks && add_picks(json, picks, err))
        goto fail;
    return json;
fail:
    rows_json_free(json);
    return NULL;
}

const struct rows_decoder rows_json_decoder = {
    .new = rows_json_new,
    .free = rows_json_free,
    .decode = rows_json_decode,
};
