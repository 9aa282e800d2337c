/* pollard polls: one row per slot, runs of missed slots written out. */
#ifndef EXPORT_POLLS_H
#define EXPORT_POLLS_H

#include "export/dump.h"
#include "storage/poll_record.h"

/* The columns of polls, in order, NULL at the end. */
extern const char *const polls_columns[];
/* Is the column one of numbers? */
bool polls_is_number(size_t index);
/* Appends the text of column `index` for a poll (for one slot of a run: `slot_at`). -1: buf is
 * full. */
int polls_cell(struct buf *out, size_t index, const char *feed, const struct poll_record *poll,
               int64_t slot_at, const struct zone *zone);
/* CSV, or with `is_json` one JSON array of objects with the same keys. `until_at` (may be NULL):
 * the last slot stored of any feed chosen; AT_NONE: nothing. */
int polls_run(struct store *store, const struct export_range *range, bool is_json,
              const struct sink *sink, int64_t *until_at, struct err *err);

#endif
