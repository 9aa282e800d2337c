/* The store and the configuration that a command's arguments mean. Main thread. */
#ifndef COMPANION_OPEN_H
#define COMPANION_OPEN_H

#include "companion/command.h"
#include "feeds/feed_load.h"
#include "storage/store.h"

/* The store's directory; returns owned, NULL with `err`. */
char *open_store_dir(const struct arguments *arguments, struct err *err);
/* Opens it to read, and from now on a crash is told as damage. Returns owned. */
int open_store(struct store **store, const struct arguments *arguments, struct err *err);
/* The same, to change it beside a service that runs. */
int open_store_to_change(struct store **store, const struct arguments *arguments, struct err *err);
/* Loads the configuration; its mistakes are printed on stderr, and the set is given all the same.
 * Returns owned. */
int open_feeds(struct feed_set **set, const struct arguments *arguments, struct err *err);
/* Is the feed meant by FEED…? `has_matched` (one for each, may be NULL) remembers which word met
 * one. */
bool feed_is_meant(const struct arguments *arguments, const char *name, bool *has_matched);
/* ERR_CONFIG if there were mistakes. */
int feeds_verdict(const struct feed_set *set, struct err *err);

#endif
