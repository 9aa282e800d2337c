/* A config directory → a feed_set, or every mistake in it with file:line:column.
 *
 * Reads DIR/pollard.json (may be absent), DIR/feeds/NAME.json in order of name (other names and
 * dot-files are left alone; no feeds directory at all is fine and means no feeds), DIR/secrets/ and
 * $CREDENTIALS_DIRECTORY. Main thread; blocks on the file system, so the service reads small files.
 *
 * A feed file with a mistake is broken: none of its feeds are loaded, the others are. With
 * `previous` (a reload) a broken file keeps the feeds that it gave before, and a broken
 * pollard.json the service settings and defaults that held before. A feed whose definition did not
 * change is the very same struct feed as in `previous`. */
#ifndef FEEDS_FEED_LOAD_H
#define FEEDS_FEED_LOAD_H

#include "feeds/feed.h"

/* Returns an owned set in `*set` even when there are mistakes. -1: the directory cannot be read
 * (ERR_CONFIG), or no memory. */
int feed_set_load(struct feed_set **set, const char *dir, const struct feed_set *previous,
                  struct err *err);

/* A feed from its definition text, as kept in the store; secrets are not needed and not looked up.
 * Returns owned (feed_drop), or NULL with `err`. `name` is taken as it is. Any thread: the feed is
 * for that one alone. */
struct feed *feed_from_definition(const char *name, const char *definition, struct err *err);

/* Adds "file:line:column: text" lines for every mistake to `out`. -1: buf is full. */
int feed_set_print_mistakes(const struct feed_set *set, struct buf *out);

#endif
