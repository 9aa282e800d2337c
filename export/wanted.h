/* The columns that somebody asked for by name or path, and which of them any row had: a name spelt
 * wrongly gives a column of empty cells, which is no error but must be told. One thread, but for
 * wanted_meet. */
#ifndef EXPORT_WANTED_H
#define EXPORT_WANTED_H

#include <stdatomic.h>

#include "base/json.h"
#include "feeds/rows.h"

struct wanted {
    struct json *list;   /* of names, or an object of name → path; NULL: nothing is asked for */
    atomic_bool *is_met; /* by place in it; threads with a decoder each may mark them */
};

/* `columns` as for rows_new, and well-formed. Release it also after a failure. */
int wanted_init(struct wanted *wanted, const char *columns, struct err *err);
void wanted_release(struct wanted *wanted); /* safe on a zeroed one */
/* Marks the columns of which the decoder, made with the same columns, has given cells. */
void wanted_meet(struct wanted *wanted, const struct rows *rows);

/* `feed` NULL: of all feeds; `path` NULL: it was asked for by its name. */
typedef void wanted_fn(void *cookie, const char *feed, const char *column, const char *path);
void wanted_tell(const struct wanted *wanted, const char *feed, wanted_fn *on_unmet, void *cookie);

#endif
