#include "export/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define PREFIX "payload." /* before names that are taken */

void columns_init(struct columns *columns)
{
    *columns = (struct columns){0};
}

void columns_release(struct columns *columns)
{
    size_t i;

    for (i = 0; i < columns->count; i++) {
        free(columns->columns[i].payload_name);
        free(columns->columns[i].name);
    }
    free(columns->columns);
    free(columns->slots);
    columns_init(columns);
}

/* Where the payload column of that name is, or the free slot where it belongs. */
static size_t find_slot(const struct columns *columns, const char *payload_name)
{
    size_t mask = columns->slot_count - 1;
    size_t slot = (size_t)hash64(payload_name, strlen(payload_name), 0) & mask;

    while (columns->slots[slot]) {
        const struct column *column = &columns->columns[columns->slots[slot] - 1];

        if (strcmp(column->payload_name, payload_name) == 0)
            break;
        slot = (slot + 1) & mask;
    }
    return slot;
}

/* At most half of the slots are in use, or one search could go round for ever. */
static int grow_slots(struct columns *columns)
{
    size_t count = columns->slot_count ? columns->slot_count : 64;
    uint32_t *slots;
    size_t i;

    while (count < 2 * (columns->count + 1))
        count *= 2;
    if (count == columns->slot_count)
        return 0;
    slots = calloc(count, sizeof *slots);
    if (!slots)
        return -1;
    free(columns->slots);
    columns->slots = slots;
    columns->slot_count = count;
    for (i = columns->own_count; i < columns->count; i++)
        slots[find_slot(columns, columns->columns[i].payload_name)] = (uint32_t)i + 1;
    return 0;
}

static int grow_columns(struct columns *columns)
{
    size_t capacity = columns->capacity ? 2 * columns->capacity : 32;
    struct column *grown;

    if (columns->count < columns->capacity)
        return 0;
    grown = realloc(columns->columns, capacity * sizeof *grown);
    if (!grown)
        return -1;
    columns->columns = grown;
    columns->capacity = capacity;
    return 0;
}

/* Takes both names, also on failure. */
static int append(struct columns *columns, char *payload_name, char *name, struct err *err)
{
    if (!name || grow_columns(columns)) {
        free(payload_name);
        free(name);
        return err_memory(err);
    }
    columns->columns[columns->count++] = (struct column){payload_name, name};
    return 0;
}

int columns_add_own(struct columns *columns, const char *name, struct err *err)
{
    if (append(columns, NULL, strdup(name), err))
        return -1;
    columns->own_count++;
    return 0;
}

static bool is_own(const struct columns *columns, const char *name)
{
    size_t i;

    for (i = 0; i < columns->own_count; i++) {
        if (strcmp(columns->columns[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Does the header have that name? Only names like ours are ever changed, so only those are looked
 * for among the others. */
static bool is_taken(const struct columns *columns, const char *name)
{
    size_t length = strlen(PREFIX), i;
    const char *rest = name;

    while (strncmp(rest, PREFIX, length) == 0)
        rest += length;
    if (!is_own(columns, rest))
        return false;
    for (i = 0; i < columns->count; i++) {
        if (strcmp(columns->columns[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Owned; NULL: no memory. */
static char *header_name(const struct columns *columns, const char *payload_name)
{
    char *name = strdup(payload_name), *longer;

    while (name && is_taken(columns, name)) {
        if (asprintf(&longer, PREFIX "%s", name) < 0)
            longer = NULL;
        free(name);
        name = longer;
    }
    return name;
}

static int add_payload(struct columns *columns, const char *payload_name, struct err *err)
{
    char *kept = strdup(payload_name);

    if (columns->count >= COLUMNS_MAX) {
        free(kept);
        return err_set(err, ERR_FULL, "more than %d columns: choose some with --columns",
                       COLUMNS_MAX);
    }
    if (!kept)
        return err_memory(err);
    return append(columns, kept, header_name(columns, payload_name), err);
}

int columns_place(struct columns *columns, const char *payload_name, uint32_t *place,
                  struct err *err)
{
    size_t slot;

    if (grow_slots(columns))
        return err_memory(err);
    slot = find_slot(columns, payload_name);
    if (!columns->slots[slot]) {
        *place = COLUMN_NONE;
        if (columns->is_fixed) {
            if (columns->on_late)
                columns->on_late(columns->cookie, payload_name);
            return 0;
        }
        if (add_payload(columns, payload_name, err))
            return -1;
        columns->slots[slot] = (uint32_t)columns->count;
    }
    *place = columns->slots[slot] - 1 - (uint32_t)columns->own_count;
    return 0;
}

int columns_fix(struct columns *columns, struct err *err)
{
    if (grow_slots(columns))
        return err_memory(err);
    columns->is_fixed = true;
    return 0;
}

size_t columns_payload_count(const struct columns *columns)
{
    return columns->count - columns->own_count;
}

const char *columns_payload_name(const struct columns *columns, size_t place)
{
    return columns->columns[columns->own_count + place].name;
}

int columns_write(const struct columns *columns, const struct csv_form *form, struct buf *out)
{
    size_t i;

    for (i = 0; i < columns->count; i++) {
        const char *name = columns->columns[i].name;

        if ((i && buf_append_char(out, form->separator)) ||
            csv_cell_as(out, form, name, strlen(name), NULL))
            return -1;
    }
    return buf_append_char(out, '\n');
}
