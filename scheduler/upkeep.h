/* Forgets what is too old (`keep`) and what is too much (`store_limit`): looks now and then at the
 * feeds and at the space, asks retention (the decider) and hands the writer its chores. Sets
 * is_store_full of the service. Loop thread; reads the store's figures only. */
#ifndef SCHEDULER_UPKEEP_H
#define SCHEDULER_UPKEEP_H

#include "feeds/feed.h"
#include "scheduler/roster.h"

struct upkeep;

/* Borrows all. Returns owned; NULL: no memory. */
struct upkeep *upkeep_new(struct service *service, struct store *store, struct roster *roster);
void upkeep_free(struct upkeep *upkeep); /* NULL is fine */
/* From now on as this set says; borrows it until the next call. Begins the first look. */
void upkeep_use(struct upkeep *upkeep, const struct feed_set *set);
/* --once: forgets what is too old, once. */
void upkeep_once(struct upkeep *upkeep, const struct feed_set *set);
/* Before the service ends. */
void upkeep_stop(struct upkeep *upkeep);

#endif
