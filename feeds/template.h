/* Templates: {var} of for_each once at load; ${secret:NAME} and ${slot:FORMAT} for each request.
 * Main thread. */
#ifndef FEEDS_TEMPLATE_H
#define FEEDS_TEMPLATE_H

#include "feeds/feed.h"
#include "feeds/secret.h"

/* Replaces {var} for every var of `values` (an object of scalars) in every string value of `file`,
 * in place, percent-encoded (RFC 3986 unreserved stay) in the member `url`. ERR_FULL: more than
 * TEMPLATE_APPLIED_MAX bytes come of it, or no memory. */
enum { TEMPLATE_APPLIED_MAX = 2 << 20 };
int template_apply(struct json *file, const struct json *values, struct err *err);
/* The first {var} left in `text` that is not ${…}: its place and length, or NULL. */
const char *template_find_var(const char *text, size_t *length);
/* Is every ${…} well-formed and known? ERR_CONFIG with the text of the mistake. Calls
 * `on_secret(cookie, name)` for each secret, which may return -1 with `err` filled. */
int template_check(const char *text, int (*on_secret)(void *, const char *, struct err *),
                   void *cookie, struct err *err);
bool template_has_secret(const char *text);
/* Expands for a request. `secrets` NULL: every secret becomes "***" (for display). Slots are told
 * in the feed's zone. ERR_ABSENT: a secret is missing; ERR_FULL: longer than out's maximum. */
int template_expand(const char *text, const struct feed *feed, int64_t slot_at,
                    const struct secrets *secrets, struct buf *out, struct err *err);
/* A URL for people: secrets and a password in user:password@ masked. */
int template_display_url(const struct feed *feed, int64_t slot_at, struct buf *out);

#endif
