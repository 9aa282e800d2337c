#include "feeds/rows_picks.h"

#include <stdlib.h>
#include <string.h>

static int pick_init(struct rows_pick *pick, struct rows_columns *columns,
                     const struct json_member *member, struct err *err)
{
    size_t known = columns->count;

    buf_init(&pick->scalar, ROWS_TEXT_MAX_BYTES);
    buf_init(&pick->json, ROWS_TEXT_MAX_BYTES);
    if (member->value->type != JSON_STRING)
        return err_set(err, ERR_INPUT, "column \"%s\": expected a path as a string", member->key);
    if (json_path_parse(&pick->path, member->value->text, err))
        return err_within(err, "column \"%s\": path \"%s\"", member->key, member->value->text);
    for (size_t i = 0; i < pick->path.count; i++)
        if (pick->path.steps[i].kind == STEP_ANY_INDEX || pick->path.steps[i].kind == STEP_ANY_NAME)
            pick->has_wildcard = true;
    if (rows_columns_find(columns, member->key, strlen(member->key), &pick->column, err))
        return -1;
    if (columns->count == known)
        return err_set(err, ERR_INPUT, "column \"%s\" is named twice", member->key);
    return 0;
}

int rows_picks_init(struct rows_picks *picks, struct rows_row *row, const struct json *object,
                    struct err *err)
{
    *picks = (struct rows_picks){.row = row};
    buf_init(&picks->found_text, ROWS_TEXT_MAX_BYTES);
    buf_init(&picks->result, ROWS_TEXT_MAX_BYTES);
    picks->items = calloc(object->count, sizeof *picks->items);
    if (!picks->items)
        return err_memory(err);
    for (; picks->count < object->count; picks->count++) {
        struct rows_pick *pick = &picks->items[picks->count];

        if (pick_init(pick, row->columns, &object->members[picks->count], err)) {
            picks->count++;
            return -1;
        }
        if (!pick->path.is_relative)
            picks->has_absolute = true;
    }
    return 0;
}

void rows_picks_release(struct rows_picks *picks)
{
    for (size_t i = 0; i < picks->count; i++) {
        json_path_release(&picks->items[i].path);
        buf_release(&picks->items[i].scalar);
        buf_release(&picks->items[i].json);
    }
    free(picks->items);
    free(picks->found);
    buf_release(&picks->found_text);
    buf_release(&picks->result);
    *picks = (struct rows_picks){0};
}

void rows_picks_forget(struct rows_picks *picks)
{
    picks->found_count = 0;
    buf_reset(&picks->found_text);
}

static void pick_forget(struct rows_pick *pick)
{
    pick->nest = pick->matches = 0;
    pick->is_string = pick->is_json = false;
    pick->bad_bytes = 0;
    buf_reset(&pick->scalar);
    buf_reset(&pick->json);
    pick->text = (struct rows_text){.out = &pick->json, .replaced = &pick->bad_bytes};
}

void rows_picks_begin(struct rows_picks *picks, bool is_relative)
{
    picks->is_relative = is_relative;
    for (size_t i = 0; i < picks->count; i++) {
        struct rows_pick *pick = &picks->items[i];

        if (pick->path.is_relative != is_relative)
            continue;
        rows_matcher_start(&pick->matcher, &pick->path);
        pick_forget(pick);
    }
}

/* A match begins. */
static int pick_match(struct rows_picks *picks, struct rows_pick *pick)
{
    if (pick->matches && !pick->has_wildcard) {
        picks->row->counts->duplicate_cells++;
        pick_forget(pick);
    }
    return pick->matches++ == 0 && pick->has_wildcard ? buf_append_char(&pick->json, '[') : 0;
}

static int pick_scalar(struct rows_picks *picks, struct rows_pick *pick,
                       const struct rows_scalar *scalar)
{
    if (pick->nest)
        return rows_text_scalar(&pick->text, scalar);
    if (!rows_matcher_value(&pick->matcher))
        return 0;
    if (pick_match(picks, pick))
        return -1;
    if (pick->matches == 1) {
        pick->is_string = scalar->is_string;
        if (!scalar->is_null && buf_append(&pick->scalar, scalar->text, scalar->length))
            return -1;
    }
    return pick->has_wildcard ? rows_text_scalar(&pick->text, scalar) : 0;
}

static int pick_start(struct rows_picks *picks, struct rows_pick *pick, bool is_array)
{
    if (!pick->nest) {
        if (!rows_matcher_value(&pick->matcher)) {
            rows_matcher_push(&pick->matcher, is_array);
            return 0;
        }
        if (pick_match(picks, pick))
            return -1;
        if (pick->matches == 1)
            pick->is_json = true;
    }
    pick->nest++;
    return rows_text_start(&pick->text, is_array);
}

static int pick_end(struct rows_pick *pick, bool is_array)
{
    if (!pick->nest) {
        rows_matcher_pop(&pick->matcher);
        return 0;
    }
    pick->nest--;
    return rows_text_end(&pick->text, is_array);
}

static int pick_key(struct rows_pick *pick, const char *key, size_t length)
{
    if (pick->nest)
        return rows_text_key(&pick->text, key, length);
    rows_matcher_key(&pick->matcher, key, length);
    return 0;
}

int rows_picks_key(struct rows_picks *picks, const char *key, size_t length)
{
    for (size_t i = 0; i < picks->count; i++)
        if (picks->items[i].path.is_relative == picks->is_relative &&
            pick_key(&picks->items[i], key, length))
            return -1;
    return 0;
}

int rows_picks_scalar(struct rows_picks *picks, const struct rows_scalar *scalar)
{
    for (size_t i = 0; i < picks->count; i++)
        if (picks->items[i].path.is_relative == picks->is_relative &&
            pick_scalar(picks, &picks->items[i], scalar))
            return -1;
    return 0;
}

int rows_picks_start(struct rows_picks *picks, bool is_array)
{
    for (size_t i = 0; i < picks->count; i++)
        if (picks->items[i].path.is_relative == picks->is_relative &&
            pick_start(picks, &picks->items[i], is_array))
            return -1;
    return 0;
}

int rows_picks_end(struct rows_picks *picks, bool is_array)
{
    for (size_t i = 0; i < picks->count; i++)
        if (picks->items[i].path.is_relative == picks->is_relative &&
            pick_end(&picks->items[i], is_array))
            return -1;
    return 0;
}

/* What the path meant, appended to `out`. Once a row or document: it closes the array. */
static int pick_result(struct rows_picks *picks, struct rows_pick *pick, struct buf *out,
                       struct rows_found *found)
{
    bool is_list = pick->matches > 1;
    size_t skipped = pick->has_wildcard && !is_list ? 1 : 0;

    *found = (struct rows_found){.start = out->length, .is_present = pick->matches > 0};
    if (!found->is_present)
        return 0;
    found->is_json = is_list || pick->is_json;
    found->is_string = pick->is_string && !is_list;
    if (!found->is_json) {
        found->length = pick->scalar.length;
        return buf_append(out, pick->scalar.bytes, pick->scalar.length);
    }
    picks->row->counts->replaced_bytes += pick->bad_bytes;
    if (is_list && buf_append_char(&pick->json, ']'))
        return -1;
    found->length = pick->json.length - skipped;
    return buf_append(out, pick->json.bytes + skipped, found->length);
}

int rows_picks_keep(struct rows_picks *picks)
{
    if (picks->found_count + picks->count > picks->found_capacity) {
        size_t capacity = 2 * picks->found_capacity + picks->count;
        struct rows_found *found = realloc(picks->found, capacity * sizeof *found);

        if (!found)
            return -1;
        picks->found = found;
        picks->found_capacity = capacity;
    }
    for (size_t i = 0; i < picks->count; i++) {
        struct rows_found *found = &picks->found[picks->found_count++];

        if (picks->items[i].path.is_relative)
            *found = (struct rows_found){0};
        else if (pick_result(picks, &picks->items[i], &picks->found_text, found))
            return -1;
    }
    return 0;
}

static int put_found(struct rows_row *row, uint32_t column, const struct rows_found *found,
                     const struct buf *texts)
{
    const char *text = found->length ? texts->bytes + found->start : "";
    size_t start = row->text.length;

    if (!found->is_present)
        return 0;
    if (!found->is_json)
        return rows_row_put(row, column, text, found->length, found->is_string);
    if (buf_append(&row->text, text, found->length))
        return -1;
    return rows_row_put_json(row, column, start);
}

int rows_picks_put(struct rows_picks *picks, size_t document)
{
    for (size_t i = 0; i < picks->count; i++) {
        struct rows_pick *pick = &picks->items[i];
        struct rows_found fresh;
        const struct rows_found *found = &fresh;

        buf_reset(&picks->result);
        if (!pick->path.is_relative)
            found = &picks->found[document * picks->count + i];
        else if (pick_result(picks, pick, &picks->result, &fresh))
            return -1;
        if (put_found(picks->row, pick->column, found,
                      pick->path.is_relative ? &picks->result : &picks->found_text))
            return -1;
    }
    return 0;
}
