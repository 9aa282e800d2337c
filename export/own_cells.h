/* Our own cells of a dump's row: feed, call_time, and the columns of polls that --with names. */
#ifndef EXPORT_OWN_CELLS_H
#define EXPORT_OWN_CELLS_H

#include "export/dump.h"
#include "export/row_text.h"
#include "storage/poll_record.h"

enum { OWN_WITH_MAX = 32 };

struct own_cells {
    const struct dump_options *options;
    const struct zone *zone; /* set it before own_cells_make */
    struct row_form form;
    size_t with[OWN_WITH_MAX]; /* indexes into polls_columns */
    size_t with_count;
    struct buf prefix; /* the cells of one poll: what stands before each of its rows */
    struct buf cell;
};

/* Reads --with: ERR_USAGE. Release it also after a failure. */
int own_cells_init(struct own_cells *own, const struct dump_options *options,
                   const struct row_form *form, struct err *err);
void own_cells_release(struct own_cells *own); /* safe on a zeroed one */
/* Puts our columns into an empty header. */
int own_cells_name(const struct own_cells *own, struct columns *columns, struct err *err);
/* Fills `prefix`. Adds to `replaced`. */
int own_cells_make(struct own_cells *own, const char *feed, const struct poll_record *poll,
                   uint64_t *replaced, struct err *err);

#endif
