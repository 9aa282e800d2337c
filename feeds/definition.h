/* A feed as text: what is kept in the store of how it was asked (see struct feed). Main thread. */
#ifndef FEEDS_DEFINITION_H
#define FEEDS_DEFINITION_H

#include "feeds/feed.h"
#include "feeds/secret.h"

enum { DEFINITION_MAX = 2 << 20 };

/* Appends the definition; `is_masked`: what looks like a secret is "***". -1: buf is full. */
int definition_write(const struct feed *feed, bool is_masked, struct buf *out);
/* Fills `definition` and `fingerprint`. Secrets that are not loaded, or `secrets` NULL, count as
 * empty. -1: no memory. */
int definition_fill(struct feed *feed, const struct secrets *secrets);

#endif
