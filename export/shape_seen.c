#include "export/shape_seen.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"

enum way_kind { WAY_SCALAR = 1, WAY_OBJECT, WAY_ARRAY };

struct level {
    uint64_t way;   /* of the container */
    uint64_t index; /* array: of the next element */
    bool is_array;
    bool is_indexed; /* an array in an array: its elements are columns */
};

struct scan {
    struct level levels[JSON_DEPTH_MAX + 2];
    size_t depth; /* levels[depth] is the container at hand; 0: none */
    uint64_t way; /* of the value that comes next */
};

/* Is told of every way; false ends the scan. */
typedef bool on_way_fn(void *cookie, uint64_t way);

void shape_seen_release(struct shape_seen *seen)
{
    free(seen->ways);
    *seen = (struct shape_seen){0};
}

static uint64_t mix(uint64_t way, uint64_t by)
{
    uint64_t mixed = (way ^ by * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xD6E8FEB86659FD93);

    return mixed ^ mixed >> 32;
}

static size_t find(const struct shape_seen *seen, uint64_t way)
{
    size_t mask = seen->capacity - 1, slot = (size_t)way & mask;

    while (seen->ways[slot] && seen->ways[slot] != way)
        slot = (slot + 1) & mask;
    return slot;
}

/* The quote that ends the string that begins at `at`; NULL: none does. */
static const char *string_end(const char *at, const char *end)
{
    for (;;) {
        const char *quote = memchr(at, '"', (size_t)(end - at)), *before = quote;

        if (!quote)
            return NULL;
        while (before > at && before[-1] == '\\')
            before--;
        if ((quote - before) % 2 == 0)
            return quote;
        at = quote + 1;
    }
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

/* What the value that begins now is called. */
static void enter_value(struct scan *scan)
{
    struct level *level = &scan->levels[scan->depth];

    if (scan->depth && level->is_array)
        scan->way = mix(level->way, level->is_indexed ? 16 + level->index++ : 8);
}

static bool open_container(struct scan *scan, bool is_array)
{
    const struct level *outer = &scan->levels[scan->depth];

    if (scan->depth > JSON_DEPTH_MAX)
        return false;
    scan->levels[scan->depth + 1] =
        (struct level){.way = mix(scan->way, is_array ? WAY_ARRAY : WAY_OBJECT),
                       .is_array = is_array,
                       .is_indexed = is_array && scan->depth && outer->is_array};
    scan->depth++;
    return true;
}

/* A string: a member's name, or a scalar. Returns what comes after it. */
static const char *take_string(struct scan *scan, const char *at, const char *end, bool *is_name)
{
    const struct level *level = &scan->levels[scan->depth];
    const char *quote = string_end(at + 1, end), *after;

    if (!quote)
        return NULL;
    after = skip_blanks(quote + 1, end);
    *is_name = scan->depth && !level->is_array && after < end && *after == ':';
    if (*is_name)
        scan->way = hash64(at + 1, (size_t)(quote - at - 1), level->way);
    return *is_name ? after + 1 : quote + 1;
}

static const char *skip_scalar(const char *at, const char *end)
{
    while (at < end && *at != ',' && *at != '}' && *at != ']' && *at != '\n')
        at++;
    return at;
}

/* Takes what begins at `at`; NULL: it cannot be made out, or on_way has enough. */
static const char *take(struct scan *scan, const char *at, const char *end, on_way_fn *on_way,
                        void *cookie)
{
    bool is_name;

    switch (*at) {
    case ' ':
    case '\n':
    case '\r':
    case '\t':
    case ',':
        return at + 1;
    case '}':
    case ']':
        scan->depth -= scan->depth > 0;
        scan->way = 0;
        return at + 1;
    case '{':
    case '[':
        enter_value(scan);
        if (!open_container(scan, *at == '['))
            return NULL;
        return on_way(cookie, scan->levels[scan->depth].way) ? at + 1 : NULL;
    case '"':
        at = take_string(scan, at, end, &is_name);
        if (!at || is_name)
            return at;
        break;
    default:
        at = skip_scalar(at, end);
        break;
    }
    enter_value(scan);
    return on_way(cookie, mix(scan->way, WAY_SCALAR)) ? at : NULL;
}

static bool scan_body(const char *bytes, size_t length, on_way_fn *on_way, void *cookie)
{
    const char *at = bytes, *end = bytes + length;
    struct scan scan;

    scan.depth = 0;
    scan.way = 0;
    while (at && at < end)
        at = take(&scan, at, end, on_way, cookie);
    return at != NULL;
}

static bool is_known(void *cookie, uint64_t way)
{
    const struct shape_seen *seen = cookie;

    return seen->ways[find(seen, way ? way : 1)] != 0;
}

bool shape_seen_has(const struct shape_seen *seen, const char *bytes, size_t length)
{
    return seen->count && scan_body(bytes, length, is_known, (void *)seen);
}

static bool grow(struct shape_seen *seen)
{
    struct shape_seen grown = {.count = seen->count,
                               .capacity = seen->capacity ? 2 * seen->capacity : 256};
    size_t i;

    if (seen->count >= SHAPE_WAYS_MAX)
        return false;
    grown.ways = calloc(grown.capacity, sizeof *grown.ways);
    if (!grown.ways)
        return false;
    for (i = 0; i < seen->capacity; i++) {
        if (seen->ways[i])
            grown.ways[find(&grown, seen->ways[i])] = seen->ways[i];
    }
    free(seen->ways);
    *seen = grown;
    return true;
}

static bool on_new_way(void *cookie, uint64_t way)
{
    struct shape_seen *seen = cookie;
    size_t slot;

    if (2 * (seen->count + 1) > seen->capacity && !grow(seen))
        return false;
    slot = find(seen, way ? way : 1);
    seen->count += !seen->ways[slot];
    seen->ways[slot] = way ? way : 1;
    return true;
}

void shape_seen_add(struct shape_seen *seen, const char *bytes, size_t length)
{
    scan_body(bytes, length, on_new_way, seen);
}
