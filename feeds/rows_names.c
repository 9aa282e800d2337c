#include "feeds/rows_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"

enum { AHEAD = 3 }; /* how many absent members may be skipped before we hash */

static void forget(struct rows_names *names)
{
    names->count = 1;
    names->items[ROWS_NAMES_ROOT] = (struct rows_name){.column = ROWS_NAMES_UNSETTLED};
    buf_reset(&names->keys);
    if (names->slots)
        memset(names->slots, 0, names->slot_count * sizeof *names->slots);
}

int rows_names_init(struct rows_names *names, bool has_key, struct err *err)
{
    *names = (struct rows_names){.capacity = 64, .has_key = has_key};
    buf_init(&names->keys, ROWS_NAME_BYTES_MAX);
    buf_init(&names->flat, ROWS_COLUMN_NAMES_MAX_BYTES);
    names->items = malloc(names->capacity * sizeof *names->items);
    names->slot_count = names->capacity * 2;
    names->slots = malloc(names->slot_count * sizeof *names->slots);
    if (!names->items || !names->slots)
        return err_memory(err);
    forget(names);
    return 0;
}

void rows_names_release(struct rows_names *names)
{
    free(names->items);
    free(names->slots);
    buf_release(&names->keys);
    buf_release(&names->flat);
    *names = (struct rows_names){0};
}

void rows_names_tidy(struct rows_names *names)
{
    if (names->count > ROWS_NAMES_KEEP || names->keys.length > ROWS_NAME_BYTES_KEEP)
        forget(names);
}

static bool is_called(const struct rows_names *names, uint32_t name, const char *key, size_t length)
{
    const struct rows_name *item = &names->items[name];

    return item->key_length == length &&
           (length == 0 || memcmp(names->keys.bytes + item->key_start, key, length) == 0);
}

static uint32_t *slot_of(const struct rows_names *names, uint32_t parent, const char *key,
                         size_t length)
{
    size_t mask = names->slot_count - 1;
    size_t at = (size_t)hash64(key, length, parent) & mask;

    for (;; at = (at + 1) & mask) {
        uint32_t name = names->slots[at];

        if (!name || (names->items[name].parent == parent && is_called(names, name, key, length)))
            return &names->slots[at];
    }
}

static int grow(struct rows_names *names)
{
    size_t capacity = names->capacity * 2;
    struct rows_name *items = realloc(names->items, capacity * sizeof *items);
    uint32_t *slots;

    if (!items)
        return -1;
    names->items = items;
    slots = calloc(capacity * 2, sizeof *slots);
    if (!slots)
        return -1;
    free(names->slots);
    names->slots = slots;
    names->slot_count = capacity * 2;
    names->capacity = capacity;
    for (uint32_t i = 1; i < names->count; i++)
        *slot_of(names, items[i].parent, names->keys.bytes + items[i].key_start,
                 items[i].key_length) = i;
    return 0;
}

static uint32_t add(struct rows_names *names, uint32_t parent, const char *key, size_t length,
                    struct err *err)
{
    size_t start = names->keys.length;
    uint32_t name = (uint32_t)names->count;

    if (names->count >= ROWS_NAMES_MAX || start + length >= ROWS_NAME_BYTES_MAX) {
        err_set(err, ERR_FULL, "more than %d names, or %d MiB of them, in one row", ROWS_NAMES_MAX,
                ROWS_NAME_BYTES_MAX >> 20);
        return ROWS_NAMES_ROOT;
    }
    if ((names->count == names->capacity && grow(names)) || buf_append(&names->keys, key, length) ||
        buf_append_char(&names->keys, '\0')) {
        err_memory(err);
        return ROWS_NAMES_ROOT;
    }
    names->items[name] = (struct rows_name){.parent = parent,
                                            .key_start = (uint32_t)start,
                                            .key_length = (uint32_t)length,
                                            .column = ROWS_NAMES_UNSETTLED};
    names->count++;
    *slot_of(names, parent, key, length) = name;
    return name;
}

uint32_t rows_names_child(struct rows_names *names, uint32_t parent, uint32_t last, const char *key,
                          size_t length, struct err *err)
{
    uint32_t guess = last ? names->items[last].next : names->items[parent].first;
    uint32_t name;

    for (int i = 0; i < AHEAD && guess; i++) {
        if (is_called(names, guess, key, length))
            return guess;
        guess = names->items[guess].next;
    }
    name = *slot_of(names, parent, key, length);
    if (!name)
        name = add(names, parent, key, length, err);
    if (last)
        names->items[last].next = name;
    else
        names->items[parent].first = name;
    return name;
}

/* A column's name is a C string everywhere else, so NUL is shown as what cannot be shown. */
static int append_key(struct buf *flat, const char *key, size_t length)
{
    const char *nul;

    while ((nul = memchr(key, '\0', length))) {
        size_t before = (size_t)(nul - key);

        if (buf_append(flat, key, before) || buf_append_text(flat, "\xEF\xBF\xBD"))
            return -1;
        key += before + 1;
        length -= before + 1;
    }
    return buf_append(flat, key, length);
}

static int flatten(struct rows_names *names, uint32_t name)
{
    uint32_t way[JSON_DEPTH_MAX + 1];
    size_t count = 0;

    for (; name != ROWS_NAMES_ROOT; name = names->items[name].parent)
        way[count++] = name;
    buf_reset(&names->flat);
    while (count--) {
        const struct rows_name *item = &names->items[way[count]];

        if (append_key(&names->flat, names->keys.bytes + item->key_start, item->key_length))
            return -1;
        if (count && buf_append_char(&names->flat, '.'))
            return -1;
    }
    if (names->has_key && names->flat.length == 3 && memcmp(names->flat.bytes, "key", 3) == 0) {
        buf_reset(&names->flat);
        return buf_append_text(&names->flat, "payload.key");
    }
    return 0;
}

int rows_names_settle(struct rows_names *names, uint32_t name, struct rows_columns *columns,
                      struct err *err)
{
    uint32_t column;

    if (flatten(names, name))
        return err_memory(err);
    if (rows_columns_find(columns, names->flat.length ? names->flat.bytes : "", names->flat.length,
                          &column, err))
        return -1;
    names->items[name].column = column;
    return 0;
}
