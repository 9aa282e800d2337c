/* pollard gaps: how complete each feed is, and every gap with its reason. */
#ifndef EXPORT_GAPS_H
#define EXPORT_GAPS_H

#include "export/dump.h"

/* A row per feed:
 * feed,from,to,slots,new,same,invalid,failed,missed,complete_percent,longest_gap_slots. With
 * `is_list` a row per gap and detail: feed,from,to,slots,outcome,detail. An invalid poll counts in
 * `invalid` only and is not complete. `until_at` as in polls_run. */
int gaps_run(struct store *store, const struct export_range *range, bool is_list, bool is_json,
             const struct sink *sink, int64_t *until_at, struct err *err);

#endif
