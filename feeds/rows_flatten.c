#include "feeds/rows_flatten.h"

int rows_flatten_init(struct rows_flatten *flatten, struct rows_row *row, bool has_key,
                      struct err *err)
{
    *flatten = (struct rows_flatten){.row = row};
    return rows_names_init(&flatten->names, has_key, err);
}

void rows_flatten_release(struct rows_flatten *flatten)
{
    rows_names_release(&flatten->names);
}

void rows_flatten_begin(struct rows_flatten *flatten)
{
    rows_names_tidy(&flatten->names);
    flatten->depth = flatten->array_depth = 0;
    flatten->is_array = false;
    flatten->levels[0].name = flatten->levels[0].last = ROWS_NAMES_ROOT;
}

static int enter_member(struct rows_flatten *flatten, const char *key, size_t length,
                        struct err *err)
{
    size_t top = flatten->depth ? flatten->depth - 1 : 0;

    flatten->name = rows_names_next(&flatten->names, flatten->levels[top].name,
                                    flatten->levels[top].last, key, length, err);
    flatten->levels[top].last = flatten->name;
    return flatten->name == ROWS_NAMES_ROOT ? -1 : 0;
}

static int enter_element(struct rows_flatten *flatten, struct err *err)
{
    char digits[24], *end = digits + sizeof digits, *at = end;
    unsigned long rest = flatten->index++;

    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    return enter_member(flatten, at, (size_t)(end - at), err);
}

/* The member at hand, where no key says so. */
static int enter_unnamed(struct rows_flatten *flatten, struct err *err)
{
    if (!flatten->depth)
        return enter_member(flatten, "value", 5, err);
    if (flatten->depth == 1 && flatten->is_array)
        return enter_element(flatten, err);
    return 0;
}

int rows_flatten_key(struct rows_flatten *flatten, const char *key, size_t length, struct err *err)
{
    if (!flatten->array_depth)
        return enter_member(flatten, key, length, err);
    if (flatten->is_passed_over)
        return 0;
    return rows_text_key(&flatten->text, key, length) ? err_memory(err) : 0;
}

int rows_flatten_scalar(struct rows_flatten *flatten, const struct rows_scalar *scalar,
                        struct err *err)
{
    struct rows_row *row = flatten->row;
    uint32_t column;

    if (flatten->array_depth) {
        if (flatten->is_passed_over)
            return 0;
        return rows_text_scalar(&flatten->text, scalar) ? err_memory(err) : 0;
    }
    if (enter_unnamed(flatten, err) ||
        rows_names_column(&flatten->names, flatten->name, row->columns, &column, err))
        return -1;
    if (rows_row_is_learning(row))
        return 0;
    if (rows_row_put(row, column, scalar->text, scalar->is_null ? 0 : scalar->length,
                     scalar->is_string))
        return err_memory(err);
    return 0;
}

static int start_array(struct rows_flatten *flatten, struct err *err)
{
    struct rows_row *row = flatten->row;

    if (rows_names_column(&flatten->names, flatten->name, row->columns, &flatten->column, err))
        return -1;
    flatten->array_depth = 1;
    flatten->is_passed_over = rows_row_is_learning(row) || flatten->column == ROWS_NO_COLUMN;
    if (flatten->is_passed_over)
        return 0;
    flatten->start = row->text.length;
    flatten->text = (struct rows_text){.out = &row->text, .replaced = &row->counts->replaced_bytes};
    return rows_text_start(&flatten->text, true) ? err_memory(err) : 0;
}

int rows_flatten_start(struct rows_flatten *flatten, bool is_array, struct err *err)
{
    if (flatten->array_depth) {
        flatten->array_depth++;
        if (flatten->is_passed_over)
            return 0;
        return rows_text_start(&flatten->text, is_array) ? err_memory(err) : 0;
    }
    if (!flatten->depth) {
        flatten->is_array = is_array;
        flatten->index = 0;
        flatten->depth = 1;
        return 0;
    }
    if (enter_unnamed(flatten, err))
        return -1;
    if (is_array)
        return start_array(flatten, err);
    flatten->levels[flatten->depth].name = flatten->name;
    flatten->levels[flatten->depth].last = ROWS_NAMES_ROOT;
    flatten->depth++;
    return 0;
}

int rows_flatten_end(struct rows_flatten *flatten, bool is_array, struct err *err)
{
    if (!flatten->array_depth) {
        flatten->depth--;
        return 0;
    }
    flatten->array_depth--;
    if (flatten->is_passed_over)
        return 0;
    if (rows_text_end(&flatten->text, is_array))
        return err_memory(err);
    if (!flatten->array_depth && rows_row_put_json(flatten->row, flatten->column, flatten->start))
        return err_memory(err);
    return 0;
}
