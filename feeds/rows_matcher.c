#include "feeds/rows_matcher.h"

#include <string.h>

void rows_matcher_start(struct rows_matcher *matcher, const struct json_path *path)
{
    matcher->path = path;
    matcher->depth = matcher->on_path = 0;
    matcher->is_next = false;
}

void rows_matcher_key(struct rows_matcher *matcher, const char *key, size_t length)
{
    const struct json_step *step = rows_matcher_step(matcher);

    if (!step)
        return;
    switch (step->kind) {
    case STEP_NAME:
        matcher->is_next =
            step->length == length && (length == 0 || memcmp(step->name, key, length) == 0);
        break;
    case STEP_INDEX:
        matcher->is_next = false;
        break;
    case STEP_ANY_INDEX:
    case STEP_ANY_NAME:
        matcher->is_next = true;
        break;
    }
}

static bool takes_index(const struct json_step *step, long long index)
{
    switch (step->kind) {
    case STEP_NAME:
        return false;
    case STEP_INDEX:
        return step->index == index;
    case STEP_ANY_INDEX:
    case STEP_ANY_NAME:
        return true;
    }
    return false;
}

bool rows_matcher_value(struct rows_matcher *matcher)
{
    const struct json_step *step = rows_matcher_step(matcher);

    if (matcher->depth == 0)
        matcher->is_next = true;
    else if (!step)
        matcher->is_next = false;
    else if (matcher->levels[matcher->depth].is_array)
        matcher->is_next = takes_index(step, matcher->levels[matcher->depth].index++);
    return matcher->is_next && matcher->depth == matcher->path->count;
}

void rows_matcher_push(struct rows_matcher *matcher, bool is_array)
{
    matcher->depth++;
    if (matcher->is_next)
        matcher->on_path = matcher->depth;
    matcher->levels[matcher->depth].is_array = is_array;
    matcher->levels[matcher->depth].index = 0;
}

void rows_matcher_pop(struct rows_matcher *matcher)
{
    if (matcher->on_path == matcher->depth)
        matcher->on_path--;
    matcher->depth--;
}
