/* The auto rows path: one pass that knows of every open array whether its elements are all objects.
 * Names are kept only as deep as a better path could lie. */
#include <string.h>

#include "base/json.h"
#include "base/json_path.h"
#include "base/utf8.h"
#include "feeds/rows.h"

enum { NAMES_MAX_BYTES = 256 << 20 };

struct level {
    bool is_array, has_others;      /* an array with elements that are no objects */
    long long index;                /* array: of the value at hand, -1 before the first */
    size_t name_start, name_length; /* object: of the member at hand, in `names` */
};

struct finder {
    struct level levels[JSON_DEPTH_MAX + 1]; /* from 1 */
    size_t depth;
    struct buf names; /* of the open objects' members, each terminated */
    struct buf *path;
    size_t best; /* steps of the path found; none yet: more than there can be */
    size_t documents;
    struct err fault;
};

/* A value begins. */
static int enter_value(struct finder *finder, bool is_object)
{
    struct level *level = &finder->levels[finder->depth];

    if (!finder->depth) {
        finder->documents++;
        return 0;
    }
    if (level->is_array) {
        level->index++;
        level->has_others = level->has_others || !is_object;
    }
    return 0;
}

static int on_start(struct finder *finder, bool is_array)
{
    enter_value(finder, !is_array);
    finder->levels[++finder->depth] =
        (struct level){.is_array = is_array, .index = -1, .name_start = finder->names.length};
    return 0;
}

/* An array below a name that is not UTF-8 is passed over: no path can say where it is. */
static int write_path(struct finder *finder)
{
    struct json_step steps[JSON_DEPTH_MAX];
    struct json_path path = {.steps = steps, .count = finder->depth - 1};

    for (size_t i = 0; i < path.count; i++) {
        const struct level *level = &finder->levels[i + 1];

        if (level->is_array) {
            steps[i] = (struct json_step){.kind = STEP_INDEX, .index = level->index};
        } else {
            char *name = finder->names.bytes + level->name_start;

            if (utf8_valid(name, level->name_length) != level->name_length)
                return 0;
            steps[i] =
                (struct json_step){.kind = STEP_NAME, .name = name, .length = level->name_length};
        }
    }
    buf_reset(finder->path);
    finder->best = path.count;
    return json_path_write(&path, finder->path) ? err_memory(&finder->fault) : 0;
}

static int on_end(struct finder *finder)
{
    const struct level *level = &finder->levels[finder->depth];
    int status = 0;

    if (level->is_array && level->index >= 0 && !level->has_others &&
        finder->depth - 1 < finder->best)
        status = write_path(finder);
    finder->names.length = level->name_start;
    finder->depth--;
    return status;
}

static int on_key(void *cookie, const char *text, size_t length)
{
    struct finder *finder = cookie;
    struct level *level = &finder->levels[finder->depth];

    if (finder->depth >= finder->best)
        return 0;
    finder->names.length = level->name_start;
    level->name_length = length;
    if (buf_append(&finder->names, text, length) || buf_append_char(&finder->names, '\0'))
        return err_memory(&finder->fault);
    return 0;
}

static int on_null(void *cookie)
{
    return enter_value(cookie, false);
}

static int on_bool(void *cookie, bool is_true)
{
    (void)is_true;
    return enter_value(cookie, false);
}

static int on_text(void *cookie, const char *text, size_t length)
{
    (void)text;
    (void)length;
    return enter_value(cookie, false);
}

static int on_object_start(void *cookie)
{
    return on_start(cookie, false);
}

static int on_array_start(void *cookie)
{
    return on_start(cookie, true);
}

static int on_container_end(void *cookie)
{
    return on_end(cookie);
}

static const struct json_events events = {
    .on_null = on_null,
    .on_bool = on_bool,
    .on_number = on_text,
    .on_string = on_text,
    .on_object_start = on_object_start,
    .on_key = on_key,
    .on_object_end = on_container_end,
    .on_array_start = on_array_start,
    .on_array_end = on_container_end,
};

int rows_find_path(const char *bytes, size_t length, struct buf *path, struct err *err)
{
    struct finder finder = {.path = path, .best = JSON_DEPTH_MAX + 1};
    struct err streamed = {.kind = ERR_NONE};
    int status;

    buf_init(&finder.names, NAMES_MAX_BYTES);
    status = json_stream(bytes, length, true, &events, &finder, &streamed);
    buf_release(&finder.names);
    if (!status && finder.documents == 1 && finder.best <= JSON_DEPTH_MAX)
        return 0;
    buf_reset(path);
    if (!status)
        return 1;
    if (err)
        *err = finder.fault.kind != ERR_NONE ? finder.fault : streamed;
    return -1;
}
