/* A row's JSON as cells: nested objects become a.b, an array compact JSON text, null an empty cell.
 *
 * The row itself is an object, an array (members 0, 1, …) or a scalar (one member, value). Told of
 * the row's events in order; puts cells into rows_row. Any thread, one at a time. */
#ifndef FEEDS_ROWS_FLATTEN_H
#define FEEDS_ROWS_FLATTEN_H

#include "base/json.h"
#include "feeds/rows_names.h"
#include "feeds/rows_row.h"
#include "feeds/rows_text.h"

struct rows_flatten {
    struct rows_row *row; /* borrowed */
    struct rows_names names;
    struct {
        uint32_t name; /* of the object; ROWS_NAMES_ROOT: the row */
        uint32_t last; /* its last member so far */
    } levels[JSON_DEPTH_MAX + 1];
    size_t depth;        /* levels in use; 0: before or after the row's own container */
    bool is_array;       /* the row is one */
    unsigned long index; /* then: of the next element */
    uint32_t name;       /* of the member at hand */
    uint32_t column;     /* of the array at hand */
    size_t array_depth;  /* > 0: inside an array in the row, which is written as text */
    bool is_passed_over; /* nobody wants that array */
    size_t start;        /* of its text in row->text */
    struct rows_text text;
};

int rows_flatten_init(struct rows_flatten *flatten, struct rows_row *row, bool has_key,
                      struct err *err);
void rows_flatten_release(struct rows_flatten *flatten); /* safe on a zeroed one */
void rows_flatten_begin(struct rows_flatten *flatten);
int rows_flatten_key(struct rows_flatten *flatten, const char *key, size_t length, struct err *err);
int rows_flatten_scalar(struct rows_flatten *flatten, const struct rows_scalar *scalar,
                        struct err *err);
int rows_flatten_start(struct rows_flatten *flatten, bool is_array, struct err *err);
int rows_flatten_end(struct rows_flatten *flatten, bool is_array, struct err *err);

#endif
