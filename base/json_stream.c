/* The stream: one walk over the text, an event for everything that is met.
 *
 * Our own and not yajl's, because gigabytes of stored bodies go through: more than half of the time
 * of a dump was spent there. Nothing is copied but strings with escapes. What is well-formed, and
 * why something is not, json_check.h says; the two must always agree. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_check.h"
#include "base/json_text.h"

struct stream {
    const unsigned char *at, *end;
    const struct json_events *events;
    void *cookie;
    uint64_t objects; /* bit n: level n + 1 is an object */
    unsigned depth;
    bool is_opened;  /* right behind an opening bracket */
    bool is_stopped; /* by an event */
    bool has_no_memory;
    char *decoded; /* the last string with escapes */
    size_t capacity;
};

/* False ends the walk, here and everywhere below: ill-formed if nothing else is set. */
static bool answer(struct stream *stream, int status)
{
    stream->is_stopped = status != 0;
    return status == 0;
}

/* Mostly there is none. */
static inline void skip_blanks(struct stream *stream)
{
    while (stream->at < stream->end && check_is_blank(*stream->at))
        stream->at++;
}

static bool is_hex(unsigned char byte)
{
    unsigned char letter = byte | 0x20;

    return check_is_digit(byte) || (letter >= 'a' && letter <= 'f');
}

static bool skip_escape(struct stream *stream)
{
    const unsigned char *at = stream->at + 1;

    if (stream->end - at < 1 || !*at || !strchr("\"\\/bfnrtu", *at))
        return false;
    stream->at += 2;
    if (*at != 'u')
        return true;
    if (stream->end - at < 5 || !is_hex(at[1]) || !is_hex(at[2]) || !is_hex(at[3]) ||
        !is_hex(at[4]))
        return false;
    stream->at += 4;
    return true;
}

/* What stands between two quotes, `raw`, with its escapes. */
static bool decode(struct stream *stream, const char *raw, const char **text, size_t *length)
{
    if (*length > stream->capacity) {
        free(stream->decoded);
        stream->capacity = *length * 2;
        stream->decoded = malloc(stream->capacity);
        if (!stream->decoded) {
            stream->capacity = 0;
            stream->has_no_memory = true;
            return false;
        }
    }
    *length = json_text_unescape(stream->decoded, raw, *length);
    *text = stream->decoded;
    return true;
}

/* From behind the opening quote to behind the closing one. */
static inline bool take_string(struct stream *stream, const char **text, size_t *length)
{
    const unsigned char *start = stream->at;
    bool has_escapes = false;

    for (;;) {
        stream->at += check_plain_length(stream->at, stream->end);
        if (stream->at == stream->end)
            return false;
        if (*stream->at == '"')
            break;
        has_escapes = true;
        if (*stream->at != '\\' || !skip_escape(stream))
            return false;
    }
    *text = (const char *)start;
    *length = (size_t)(stream->at++ - start);
    return !has_escapes || decode(stream, *text, text, length);
}

static const unsigned char *skip_digits(const unsigned char *at, const unsigned char *end)
{
    while (at < end && check_is_digit(*at))
        at++;
    return at;
}

/* RFC 8259, section 6. NULL: no number. */
static inline const unsigned char *number_end(const unsigned char *at, const unsigned char *end)
{
    const unsigned char *start;

    at += *at == '-';
    start = at;
    at = skip_digits(at, end);
    if (at == start)
        return NULL;
    if (*start == '0' && at - start > 1)
        return start + 1; /* a zero; what follows will be refused */
    if (at < end && *at == '.') {
        start = ++at;
        at = skip_digits(at, end);
        if (at == start)
            return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '+' || *at == '-');
        start = at;
        at = skip_digits(at, end);
    }
    return at == start ? NULL : at;
}

static bool take_number(struct stream *stream)
{
    const struct json_events *events = stream->events;
    const unsigned char *start = stream->at, *end = number_end(start, stream->end);

    if (!end)
        return false;
    stream->at = end;
    return !events->on_number ||
           answer(stream,
                  events->on_number(stream->cookie, (const char *)start, (size_t)(end - start)));
}

static bool take_word(struct stream *stream, const char *word)
{
    const struct json_events *events = stream->events;
    size_t length = strlen(word);

    if ((size_t)(stream->end - stream->at) < length || memcmp(stream->at, word, length) != 0)
        return false;
    stream->at += length;
    if (*word == 'n')
        return !events->on_null || answer(stream, events->on_null(stream->cookie));
    return !events->on_bool || answer(stream, events->on_bool(stream->cookie, *word == 't'));
}

static bool open_bracket(struct stream *stream, bool is_object)
{
    const struct json_events *events = stream->events;
    int (*event)(void *) = is_object ? events->on_object_start : events->on_array_start;
    uint64_t bit;

    if (stream->depth == JSON_DEPTH_MAX)
        return false;
    bit = UINT64_C(1) << stream->depth++;
    stream->objects = is_object ? stream->objects | bit : stream->objects & ~bit;
    stream->is_opened = true;
    stream->at++;
    return !event || answer(stream, event(stream->cookie));
}

static bool close_bracket(struct stream *stream, bool is_object)
{
    const struct json_events *events = stream->events;
    int (*event)(void *) = is_object ? events->on_object_end : events->on_array_end;

    stream->depth--;
    stream->is_opened = false;
    stream->at++;
    return !event || answer(stream, event(stream->cookie));
}

/* The value that begins at `at`; of a container its bracket only. */
static inline bool take_value(struct stream *stream)
{
    const struct json_events *events = stream->events;
    const char *text;
    size_t length;

    switch (*stream->at) {
    case '"':
        stream->at++;
        return take_string(stream, &text, &length) &&
               (!events->on_string ||
                answer(stream, events->on_string(stream->cookie, text, length)));
    case '{':
    case '[':
        return open_bracket(stream, *stream->at == '{');
    case 't':
        return take_word(stream, "true");
    case 'f':
        return take_word(stream, "false");
    case 'n':
        return take_word(stream, "null");
    default:
        return take_number(stream);
    }
}

/* A member's name and the colon. */
static inline bool take_key(struct stream *stream)
{
    const struct json_events *events = stream->events;
    const char *text;
    size_t length;

    if (stream->at == stream->end || *stream->at++ != '"' || !take_string(stream, &text, &length) ||
        (events->on_key && !answer(stream, events->on_key(stream->cookie, text, length))))
        return false;
    skip_blanks(stream);
    return stream->at < stream->end && *stream->at++ == ':';
}

/* Inside a container: its next value, with what stands before it, or its end. */
static inline bool take_item(struct stream *stream)
{
    bool is_object = stream->objects >> (stream->depth - 1) & 1;

    skip_blanks(stream);
    if (stream->at == stream->end)
        return false;
    if (*stream->at == (is_object ? '}' : ']'))
        return close_bracket(stream, is_object);
    if (!stream->is_opened) {
        if (*stream->at++ != ',')
            return false;
        skip_blanks(stream);
    }
    stream->is_opened = false;
    if (is_object) {
        if (!take_key(stream))
            return false;
        skip_blanks(stream);
    }
    return stream->at < stream->end && take_value(stream);
}

/* The value at `at`, whole. */
static bool take_document(struct stream *stream)
{
    if (!take_value(stream))
        return false;
    while (stream->depth)
        if (!take_item(stream))
            return false;
    return true;
}

/* Of many, two may only touch where brackets meet: 12 is not 1 and 2. */
static bool may_touch(const struct stream *stream)
{
    bool is_bracket = stream->at[-1] == '}' || stream->at[-1] == ']';

    return is_bracket && (*stream->at == '{' || *stream->at == '[');
}

static bool take_all(struct stream *stream, bool is_many)
{
    const unsigned char *end;

    skip_blanks(stream);
    do {
        if (stream->at == stream->end || !take_document(stream))
            return false;
        end = stream->at;
        skip_blanks(stream);
        if (stream->at == stream->end)
            return true;
    } while (is_many && (stream->at > end || may_touch(stream)));
    return false;
}

/* ERR_INPUT with line and column; the text is read once more for it. */
static int explain(const char *text, size_t length, bool is_many, struct err *err)
{
    struct json_checker checker;
    struct json_mistake mistake;

    json_checker_init(&checker, is_many, false);
    checker.state = CHECK_VALUE; /* the byte order mark is gone */
    if (!json_explain(text, length, &checker, &mistake))
        return err_set(err, ERR_INPUT, "not JSON");
    return err_set(err, ERR_INPUT, "not JSON: line %d, column %d: %s", mistake.line, mistake.column,
                   mistake.text);
}

int json_stream(const char *bytes, size_t length, bool is_many, const struct json_events *events,
                void *cookie, struct err *err)
{
    struct stream stream = {.events = events, .cookie = cookie};
    bool is_well;

    if (length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        bytes += 3;
        length -= 3;
    }
    stream.at = (const unsigned char *)bytes;
    stream.end = stream.at + length;
    is_well = take_all(&stream, is_many);
    free(stream.decoded);
    if (stream.has_no_memory)
        return err_memory(err);
    if (is_well)
        return 0;
    if (!stream.is_stopped)
        return explain(bytes, length, is_many, err);
    if (err)
        *err = (struct err){.kind = ERR_NONE};
    return -1;
}
