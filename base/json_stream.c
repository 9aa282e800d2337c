/* The stream: yajl's callbacks handed on, with what yajl lets pass stopped here.
 *
 * Thin, because gigabytes go through: a level counted per bracket, the neighbours of values looked
 * at on the top level only, escaped strings decoded again (yajl spoils lone surrogates). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_check.h"
#include "base/json_text.h"
#include "base/json_yajl.h"

struct stream {
    struct json_yajl yajl;
    const struct json_events *events;
    void *cookie;
    unsigned depth;
    bool is_stopped;    /* by an event */
    bool is_ill_formed; /* seen here and not by yajl */
    bool has_no_memory;
    char *decoded; /* the last string with escapes */
    size_t capacity;
};

/* For yajl: 0 stops. */
static int answer(struct stream *stream, int status)
{
    stream->is_stopped = status != 0;
    return status == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* After a value on the top level; of many: may the next byte follow it? 12 is not 1 and 2. */
static bool has_ended(struct stream *stream, bool is_bracket)
{
    size_t end;
    char next;

    if (!stream->yajl.is_many)
        return true;
    end = json_yajl_offset(&stream->yajl);
    if (end >= stream->yajl.length)
        return true;
    next = stream->yajl.text[end];
    stream->is_ill_formed = !is_blank(next) && !(is_bracket && (next == '{' || next == '['));
    return !stream->is_ill_formed;
}

static int on_null(void *cookie)
{
    struct stream *stream = cookie;

    if (!stream->depth && !has_ended(stream, false))
        return 0;
    return !stream->events->on_null || answer(stream, stream->events->on_null(stream->cookie));
}

static int on_boolean(void *cookie, int is_true)
{
    struct stream *stream = cookie;

    if (!stream->depth && !has_ended(stream, false))
        return 0;
    return !stream->events->on_bool ||
           answer(stream, stream->events->on_bool(stream->cookie, is_true != 0));
}

static int on_number(void *cookie, const char *text, size_t length)
{
    struct stream *stream = cookie;

    if (!stream->depth && !has_ended(stream, false))
        return 0;
    return !stream->events->on_number ||
           answer(stream, stream->events->on_number(stream->cookie, text, length));
}

/* The opening quote of the string that ends before `end`: the nearest one that is not escaped. */
static size_t string_start(const char *text, size_t end)
{
    size_t place = end, slashes;

    do {
        const char *quote = memrchr(text, '"', place);
        place = (size_t)(quote - text);
        for (slashes = 0; slashes < place && text[place - slashes - 1] == '\\';)
            slashes++;
    } while (slashes % 2);
    return place;
}

/* Decodes the string whose token has just ended; NULL: no memory. */
static const char *decode(struct stream *stream, size_t *length)
{
    size_t end = json_yajl_offset(&stream->yajl) - 1;
    size_t start = string_start(stream->yajl.text, end) + 1;

    if (end - start > stream->capacity) {
        free(stream->decoded);
        stream->capacity = (end - start) * 2;
        stream->decoded = malloc(stream->capacity);
        if (!stream->decoded) {
            stream->capacity = 0;
            stream->has_no_memory = true;
            return NULL;
        }
    }
    *length = json_text_unescape(stream->decoded, stream->yajl.text + start, end - start);
    return stream->decoded;
}

/* A text of yajl's that is not a part of ours was decoded by it. */
static bool is_ours(const struct stream *stream, const void *text)
{
    return (uintptr_t)text - (uintptr_t)stream->yajl.text < stream->yajl.length;
}

static int on_string(void *cookie, const unsigned char *bytes, size_t length)
{
    struct stream *stream = cookie;
    const char *text = (const char *)bytes;

    if (!stream->depth && !has_ended(stream, false))
        return 0;
    if (!stream->events->on_string)
        return 1;
    if (!is_ours(stream, text) && !(text = decode(stream, &length)))
        return 0;
    return answer(stream, stream->events->on_string(stream->cookie, text, length));
}

static int on_key(void *cookie, const unsigned char *bytes, size_t length)
{
    struct stream *stream = cookie;
    const char *text = (const char *)bytes;

    if (!stream->events->on_key)
        return 1;
    if (!is_ours(stream, text) && !(text = decode(stream, &length)))
        return 0;
    return answer(stream, stream->events->on_key(stream->cookie, text, length));
}

static int start_bracket(struct stream *stream, int (*event)(void *cookie))
{
    if (stream->depth == JSON_DEPTH_MAX) {
        stream->is_ill_formed = true;
        return 0;
    }
    stream->depth++;
    return !event || answer(stream, event(stream->cookie));
}

static int end_bracket(struct stream *stream, int (*event)(void *cookie))
{
    if (--stream->depth == 0 && !has_ended(stream, true))
        return 0;
    return !event || answer(stream, event(stream->cookie));
}

static int on_object_start(void *cookie)
{
    struct stream *stream = cookie;
    return start_bracket(stream, stream->events->on_object_start);
}

static int on_object_end(void *cookie)
{
    struct stream *stream = cookie;
    return end_bracket(stream, stream->events->on_object_end);
}

static int on_array_start(void *cookie)
{
    struct stream *stream = cookie;
    return start_bracket(stream, stream->events->on_array_start);
}

static int on_array_end(void *cookie)
{
    struct stream *stream = cookie;
    return end_bracket(stream, stream->events->on_array_end);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_object_start,
    .yajl_map_key = on_key,
    .yajl_end_map = on_object_end,
    .yajl_start_array = on_array_start,
    .yajl_end_array = on_array_end,
};

/* ERR_INPUT with line and column; the text is read once more for it. */
static int explain(const struct stream *stream, struct err *err)
{
    struct json_checker checker;
    struct json_mistake mistake;

    json_checker_init(&checker, stream->yajl.is_many, false);
    checker.state = CHECK_VALUE; /* the byte order mark is gone */
    if (!json_explain(stream->yajl.text, stream->yajl.length, &checker, &mistake))
        return err_set(err, ERR_INPUT, "not JSON");
    return err_set(err, ERR_INPUT, "not JSON: line %d, column %d: %s", mistake.line, mistake.column,
                   mistake.text);
}

/* Control bytes are allowed nowhere in JSON, but yajl takes these two for blanks. */
static bool has_odd_blanks(const struct stream *stream)
{
    return memchr(stream->yajl.text, '\v', stream->yajl.length) ||
           memchr(stream->yajl.text, '\f', stream->yajl.length);
}

int json_stream(const char *bytes, size_t length, bool is_many, const struct json_events *events,
                void *cookie, struct err *err)
{
    struct stream stream = {.events = events, .cookie = cookie};
    enum json_yajl_outcome outcome;

    json_yajl_init(&stream.yajl, bytes, length);
    stream.yajl.is_many = is_many;
    if (stream.yajl.length == 0 || has_odd_blanks(&stream))
        return explain(&stream, err);
    outcome = json_yajl_run(&stream.yajl, &callbacks, &stream);
    free(stream.decoded);
    if (stream.has_no_memory || outcome == YAJL_RUN_NO_MEMORY)
        return err_memory(err);
    if (stream.is_stopped) {
        if (err)
            *err = (struct err){.kind = ERR_NONE};
        return -1;
    }
    if (outcome == YAJL_RUN_DONE)
        return 0;
    return explain(&stream, err);
}
