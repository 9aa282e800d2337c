#include "export/shape_seen.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

enum { KIND_SCALAR = 1, KIND_OBJECT = 2, KIND_ARRAY = 4 };

/* A container that is open. */
struct level {
    uint32_t name; /* its own */
    uint32_t last; /* of its last member; ROWS_NAMES_ROOT: none yet */
    bool is_array;
    bool is_indexed;     /* an array in an array: its elements are columns */
    unsigned long index; /* then: of the next */
};

struct scan {
    struct shape_seen *seen;
    bool is_adding;
    const char *end;
    size_t depth; /* levels[depth - 1] is the container at hand */
    struct level levels[JSON_DEPTH_MAX];
    uint32_t name; /* of the value at hand */
};

void shape_seen_release(struct shape_seen *seen)
{
    rows_names_release(&seen->names);
    free(seen->kinds);
    *seen = (struct shape_seen){0};
}

static bool is_full(const struct shape_seen *seen)
{
    return seen->names.count >= SHAPE_WAYS_MAX || seen->names.keys.length > SHAPE_NAME_BYTES_MAX;
}

static bool make_room(struct shape_seen *seen, uint32_t name)
{
    size_t count = 2 * (size_t)name + 64;
    unsigned char *grown = realloc(seen->kinds, count);

    if (!grown)
        return false;
    memset(grown + seen->kind_count, 0, count - seen->kind_count);
    seen->kinds = grown;
    seen->kind_count = count;
    return true;
}

/* The value at hand is of that kind. False ends the scan. */
static inline bool visit(const struct scan *scan, unsigned kind)
{
    struct shape_seen *seen = scan->seen;

    if (scan->name < seen->kind_count && seen->kinds[scan->name] & kind)
        return true;
    if (!scan->is_adding || (scan->name >= seen->kind_count && !make_room(seen, scan->name)))
        return false;
    seen->kinds[scan->name] |= (unsigned char)kind;
    return true;
}

/* The quote that ends the string whose content begins at `at`, eight bytes at a time; NULL: none
 * does. */
static const char *string_end(const char *at, const char *end)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);

    for (;;) {
        while (end - at >= 8) {
            uint64_t bytes, quotes, slashes, stops;

            memcpy(&bytes, at, sizeof bytes);
            bytes = le64toh(bytes);
            quotes = bytes ^ ones * '"';
            slashes = bytes ^ ones * '\\';
            stops = (((quotes - ones) & ~quotes) | ((slashes - ones) & ~slashes)) & ones << 7;
            if (stops) {
                at += (size_t)__builtin_ctzll(stops) / 8;
                break;
            }
            at += 8;
        }
        while (at < end && *at != '"' && *at != '\\')
            at++;
        if (at < end && *at == '"')
            return at;
        if (end - at < 2)
            return NULL;
        at += 2; /* a backslash, and what it escapes */
    }
}

static inline const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

/* A number or a word: to what ends it. */
static inline const char *skip_plain(const char *at, const char *end)
{
    static const bool is_end[256] = {
        [' '] = true, ['\n'] = true, ['\r'] = true, ['\t'] = true,
        [','] = true, ['}'] = true,  [']'] = true,
    };

    while (at < end && !is_end[(unsigned char)*at])
        at++;
    return at;
}

static bool enter_child(struct scan *scan, struct level *level, const char *name, size_t length)
{
    struct rows_names *names = &scan->seen->names;

    if (is_full(scan->seen))
        return false;
    scan->name = rows_names_next(names, level->name, level->last, name, length, NULL);
    level->last = scan->name;
    return scan->name != ROWS_NAMES_ROOT;
}

/* No member can be called as elements are here: in JSON a line break is escaped. */
static bool enter_element(struct scan *scan, struct level *level)
{
    char name[24], *end = name + sizeof name, *at = end;
    unsigned long rest;

    if (!level->is_indexed) {
        if (level->last)
            scan->name = level->last;
        return level->last || enter_child(scan, level, "\n", 1);
    }
    rest = level->index++;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    *--at = '\n';
    return enter_child(scan, level, at, (size_t)(end - at));
}

/* The name that begins at `at`, with its quotes, is mostly the one that stood there before.
 * Returns where its value begins. */
static inline const char *take_name(struct scan *scan, struct level *level, const char *at)
{
    const struct rows_names *names = &scan->seen->names;
    uint32_t guess = level->last ? names->items[level->last].next : names->items[level->name].first;
    const struct rows_name *item = &names->items[guess];
    size_t length = item->key_length;
    const char *quote;

    if (guess && *at == '"' && (size_t)(scan->end - at) > length + 2 && at[length + 1] == '"' &&
        at[length + 2] == ':' && memcmp(at + 1, names->keys.bytes + item->key_start, length) == 0) {
        scan->name = level->last = guess;
        return at + length + 3;
    }
    quote = *at == '"' ? string_end(at + 1, scan->end) : NULL;
    if (!quote || !enter_child(scan, level, at + 1, (size_t)(quote - at - 1)))
        return NULL;
    at = skip_blanks(quote + 1, scan->end);
    return at < scan->end && *at == ':' ? at + 1 : NULL;
}

static bool open_container(struct scan *scan, bool is_array)
{
    bool is_indexed = is_array && scan->depth && scan->levels[scan->depth - 1].is_array;

    if (scan->depth == JSON_DEPTH_MAX || !visit(scan, is_array ? KIND_ARRAY : KIND_OBJECT))
        return false;
    scan->levels[scan->depth++] =
        (struct level){.name = scan->name, .is_array = is_array, .is_indexed = is_indexed};
    return true;
}

/* The value at hand begins at `at`. Returns where it ends, or where the content of its container
 * begins. */
static inline const char *take_value(struct scan *scan, const char *at)
{
    switch (*at) {
    case '{':
    case '[':
        return open_container(scan, *at == '[') ? at + 1 : NULL;
    case '"':
        at = string_end(at + 1, scan->end);
        return at && visit(scan, KIND_SCALAR) ? at + 1 : NULL;
    default:
        return visit(scan, KIND_SCALAR) ? skip_plain(at + 1, scan->end) : NULL;
    }
}

/* Takes what begins at `at`: a value with its name, or what stands between two. NULL: it cannot be
 * made out, or that way was not seen. */
static inline const char *take(struct scan *scan, const char *at)
{
    struct level *level = scan->depth ? &scan->levels[scan->depth - 1] : NULL;

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
        return at + 1;
    default:
        break;
    }
    if (!level)
        scan->name = ROWS_NAMES_ROOT;
    else if (!level->is_array)
        at = take_name(scan, level, at);
    else if (!enter_element(scan, level))
        return NULL;
    if (at)
        at = skip_blanks(at, scan->end);
    return at && at < scan->end ? take_value(scan, at) : NULL;
}

static bool scan_body(struct shape_seen *seen, bool is_adding, const char *bytes, size_t length)
{
    const char *at = bytes;
    struct scan scan;

    scan.seen = seen;
    scan.is_adding = is_adding;
    scan.end = bytes + length;
    scan.depth = 0;
    while (at && at < scan.end)
        at = take(&scan, at);
    return at != NULL;
}

bool shape_seen_has(struct shape_seen *seen, const char *bytes, size_t length)
{
    return seen->kind_count && !is_full(seen) && scan_body(seen, false, bytes, length);
}

void shape_seen_add(struct shape_seen *seen, const char *bytes, size_t length)
{
    if (!seen->names.capacity && rows_names_init(&seen->names, false, NULL)) {
        rows_names_release(&seen->names);
        return;
    }
    (void)scan_body(seen, true, bytes, length);
}
