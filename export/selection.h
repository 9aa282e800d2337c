/* Which feeds of a store an export is about, and what is known of each: shared by dump, polls,
 * gaps. */
#ifndef EXPORT_SELECTION_H
#define EXPORT_SELECTION_H

#include "export/dump.h"
#include "feeds/feed.h"

struct selected {
    struct stored_feed stored;
    struct feed *feed;    /* its latest definition; NULL: it has none */
    int64_t last_slot_at; /* fixed when selected; AT_NONE: no poll */
    int64_t done_slot_at; /* up to here an earlier reading got; AT_NONE: there was none */
};

struct selection {
    struct selected *feeds; /* by name */
    size_t count;
    const struct zone *zone; /* for everything written */
};

/* ERR_ABSENT: a glob without wildcard names no feed of the store, or a glob matches none. */
int selection_make(struct selection *selection, struct store *store,
                   const struct export_range *range, struct err *err);
void selection_release(struct selection *selection);
/* The same feeds, perhaps more or changed ones, as the store has them now; what was done is kept.
 * After a failure it is as it was. */
int selection_renew(struct selection *selection, struct store *store,
                    const struct export_range *range, struct err *err);
/* The last slot stored of any of its feeds; AT_NONE: none has a poll. */
int64_t selection_until(const struct selection *selection);

#endif
