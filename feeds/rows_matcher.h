/* Where in a stream of JSON events the values lie that a path means.
 *
 * Told of every key, value and container outside a match (a match is passed over whole by the
 * caller), it answers whether the value at hand is one. Any thread, one at a time. */
#ifndef FEEDS_ROWS_MATCHER_H
#define FEEDS_ROWS_MATCHER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "base/json_path.h"

struct rows_matcher {
    const struct json_path *path; /* borrowed */
    size_t depth;                 /* containers open */
    size_t on_path;               /* the outermost of them that lie on the path */
    bool is_next;                 /* the value at hand, or the one after the key, lies on it */
    struct {
        bool is_array;
        long long index; /* of the next element */
    } levels[JSON_DEPTH_MAX + 1];
};

/* Before each document. */
void rows_matcher_start(struct rows_matcher *matcher, const struct json_path *path);
void rows_matcher_key(struct rows_matcher *matcher, const char *key, size_t length);
/* Before each value. True: it is one that the path means. */
bool rows_matcher_value(struct rows_matcher *matcher);
/* The value was a container and no match: its content comes next. */
void rows_matcher_push(struct rows_matcher *matcher, bool is_array);
void rows_matcher_pop(struct rows_matcher *matcher);

/* The step that chooses among the children of the container at hand; NULL: it is off the path. */
static inline const struct json_step *rows_matcher_step(const struct rows_matcher *matcher)
{
    if (!matcher->depth || matcher->depth != matcher->on_path)
        return NULL;
    return &matcher->path->steps[matcher->depth - 1];
}

#endif
