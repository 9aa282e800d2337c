/* Which file gave a feed its name: a name belongs to the first file that uses it. */
#ifndef FEEDS_FEED_CLAIMS_H
#define FEEDS_FEED_CLAIMS_H

struct feed_claims {
    void *root; /* tsearch(3) */
};

/* The file that holds `name` from now on, borrowed: `file` itself (kept by the caller until
 * release) if nobody had it before. NULL: no memory. */
const char *feed_claims_take(struct feed_claims *claims, const char *name, const char *file,
                             int *is_new);
void feed_claims_release(struct feed_claims *claims);

#endif
