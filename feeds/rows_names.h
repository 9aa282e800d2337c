/* Which column a member of a row belongs to: a tree of the members' names as they are nested.
 *
 * A cache over the columns, built to be fast where rows look alike: each name remembers the one
 * that followed it, so that a lookup is mostly one comparison; only what is out of turn is hashed.
 * It forgets everything between rows when it has grown large (rows keyed by ever new ids). Any
 * thread, one at a time. */
#ifndef FEEDS_ROWS_NAMES_H
#define FEEDS_ROWS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "feeds/rows_columns.h"

enum { ROWS_NAMES_ROOT = 0 }; /* the row itself; stands for "none" where a child is meant */
enum { ROWS_NAMES_KEEP = 1 << 16, ROWS_NAMES_MAX = 1 << 18 }; /* between, in a row */
enum { ROWS_NAME_BYTES_KEEP = 4 << 20, ROWS_NAME_BYTES_MAX = 64 << 20 };

#define ROWS_NAMES_UNSETTLED (UINT32_MAX - 1)

struct rows_name {
    uint32_t parent;
    uint32_t key_start, key_length; /* in `keys` */
    uint32_t column;                /* ROWS_NAMES_UNSETTLED until it is asked for */
    uint32_t first;                 /* child that came first, last time */
    uint32_t next;                  /* sibling that followed, last time */
};

struct rows_names {
    struct rows_name *items;
    size_t count, capacity;
    struct buf keys;
    uint32_t *slots; /* open addressing: index, 0 is free; at most half are taken */
    size_t slot_count;
    struct buf flat; /* a flattened name while it is put together */
    bool has_key;    /* `key` is our own column, the payload's is payload.key */
};

int rows_names_init(struct rows_names *names, bool has_key, struct err *err);
void rows_names_release(struct rows_names *names); /* safe on a zeroed one */
/* Before each row: ids got earlier may be void afterwards. */
void rows_names_tidy(struct rows_names *names);
/* The child `key` of `parent`; `last` is the child before it in this row, or ROWS_NAMES_ROOT.
 * Returns ROWS_NAMES_ROOT on failure. ERR_FULL: too many names in one row. */
uint32_t rows_names_child(struct rows_names *names, uint32_t parent, uint32_t last, const char *key,
                          size_t length, struct err *err);
/* The same, but fast where the row looks like the one before. */
static inline uint32_t rows_names_next(struct rows_names *names, uint32_t parent, uint32_t last,
                                       const char *key, size_t length, struct err *err)
{
    uint32_t guess = last ? names->items[last].next : names->items[parent].first;
    const struct rows_name *item = &names->items[guess];

    if (guess && item->key_length == length &&
        memcmp(names->keys.bytes + item->key_start, key, length) == 0)
        return guess;
    return rows_names_child(names, parent, last, key, length, err);
}

/* Finds the column and keeps it in the name. */
int rows_names_settle(struct rows_names *names, uint32_t name, struct rows_columns *columns,
                      struct err *err);
/* ROWS_NO_COLUMN: no column of the (fixed) table. */
static inline int rows_names_column(struct rows_names *names, uint32_t name,
                                    struct rows_columns *columns, uint32_t *column, struct err *err)
{
    if (names->items[name].column == ROWS_NAMES_UNSETTLED &&
        rows_names_settle(names, name, columns, err))
        return -1;
    *column = names->items[name].column;
    return 0;
}

#endif
