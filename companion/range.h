/* Which feeds and which time a command is about: FEED…, --from, --to and --tz. Main thread. */
#ifndef COMPANION_RANGE_H
#define COMPANION_RANGE_H

#include "companion/command.h"
#include "export/dump.h"

/* Are --tz, --from and --to well-formed? ERR_USAGE. Before a store is opened for them. */
int range_check(const struct arguments *arguments, struct err *err);
/* What they and FEED… mean in this store. Borrows from `arguments`. */
int range_read(const struct arguments *arguments, struct store *store, struct export_range *range,
               struct err *err);
/* --before of `pollard prune`: a T in the zone of the feeds chosen. */
int range_check_before(const struct arguments *arguments, struct err *err);
int range_read_before(const struct arguments *arguments, struct store *store,
                      struct export_range *range, int64_t *before_at, struct err *err);
/* Tells on stderr until when there is anything stored, and if no poll at all lies in the range. */
int range_tell(const struct export_range *range, struct store *store, int64_t until_at,
               struct err *err);

#endif
