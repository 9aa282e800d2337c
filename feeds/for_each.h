/* One feed file for many feeds: every combination of the arrays of `for_each`. */
#ifndef FEEDS_FOR_EACH_H
#define FEEDS_FOR_EACH_H

#include "feeds/mistakes.h"

enum { FEEDS_MAX = 100000 };

/* Calls `on_file` with the file as it stands for each combination, {var}s replaced, the last name
 * turning fastest; with the file itself if it has no `for_each`. `room`: how many feeds may come.
 * A mistake in `for_each`: once, for its mistakes only, with mistakes->is_sketch set.
 * on_file returns 1 to stop. -1: no memory, or on_file returned -1; mistakes are not failures. */
int for_each_file(const struct json *tree, size_t room, struct mistakes *mistakes,
                  int (*on_file)(void *cookie, const struct json *file, struct err *err),
                  void *cookie, struct err *err);

#endif
