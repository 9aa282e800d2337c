#include "feeds/rows_columns.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

void rows_columns_release(struct rows_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++)
        free(columns->items[i].name);
    free(columns->items);
    free(columns->slots);
    *columns = (struct rows_columns){0};
}

/* The slot that holds the name, or the free one where it belongs. */
static uint32_t *slot_of(const struct rows_columns *columns, const char *name, size_t length)
{
    size_t mask = columns->slot_count - 1;
    size_t at = (size_t)hash64(name, length, 0) & mask;

    for (;; at = (at + 1) & mask) {
        const struct rows_column *item;

        if (!columns->slots[at])
            return &columns->slots[at];
        item = &columns->items[columns->slots[at] - 1];
        if (item->length == length && memcmp(item->name, name, length) == 0)
            return &columns->slots[at];
    }
}

static int grow(struct rows_columns *columns)
{
    size_t capacity = columns->capacity ? columns->capacity * 2 : 32;
    struct rows_column *items = realloc(columns->items, capacity * sizeof *items);
    uint32_t *slots;

    if (!items)
        return -1;
    columns->items = items;
    slots = calloc(capacity * 2, sizeof *slots);
    if (!slots)
        return -1;
    free(columns->slots);
    columns->slots = slots;
    columns->slot_count = capacity * 2;
    columns->capacity = capacity;
    for (size_t i = 0; i < columns->count; i++)
        *slot_of(columns, items[i].name, items[i].length) = (uint32_t)i + 1;
    return 0;
}

static int add(struct rows_columns *columns, const char *name, size_t length, struct err *err)
{
    struct rows_column *item;
    char *copy;

    if (columns->count >= ROWS_COLUMNS_MAX)
        return err_set(err, ERR_FULL, "more than %d columns", ROWS_COLUMNS_MAX);
    if (columns->name_bytes + length > ROWS_COLUMN_NAMES_MAX_BYTES)
        return err_set(err, ERR_FULL, "the columns' names are longer than %d MiB in all",
                       ROWS_COLUMN_NAMES_MAX_BYTES >> 20);
    if (columns->count == columns->capacity && grow(columns))
        return err_memory(err);
    copy = malloc(length + 1);
    if (!copy)
        return err_memory(err);
    if (length)
        memcpy(copy, name, length);
    copy[length] = '\0';
    item = &columns->items[columns->count];
    *item = (struct rows_column){.name = copy, .length = length};
    *slot_of(columns, name, length) = (uint32_t)++columns->count;
    columns->name_bytes += length + 1;
    return 0;
}

int rows_columns_find(struct rows_columns *columns, const char *name, size_t length,
                      uint32_t *column, struct err *err)
{
    uint32_t found = columns->slot_count ? *slot_of(columns, name, length) : 0;

    *column = ROWS_NO_COLUMN;
    if (!found && columns->is_fixed)
        return 0;
    if (!found && add(columns, name, length, err))
        return -1;
    *column = found ? found - 1 : (uint32_t)columns->count - 1;
    return 0;
}
