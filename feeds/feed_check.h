/* From the keys of a feed file to a whole feed: what is required, the checks across keys, what
 * follows from the other keys. Main thread. */
#ifndef FEEDS_FEED_CHECK_H
#define FEEDS_FEED_CHECK_H

#include "feeds/template_check.h"

/* What a feed is made from. All borrowed for the call. */
struct feed_source {
    const char *file;            /* "feeds/bus.json" */
    const char *name;            /* if the file names none */
    const struct json *tree;     /* an object, {var}s replaced */
    const struct json *defaults; /* NULL: none */
    bool has_unknown_defaults;   /* pollard.json could not be read: it may have held `interval` */
    const char *dir;             /* NULL: files are not looked at */
    struct secrets *secrets;     /* NULL: secrets are not looked up */
    struct mistakes *mistakes;
};

/* Returns owned, even with mistakes, then without a definition; NULL: no memory. */
struct feed *feed_make(const struct feed_source *source);
/* The mistakes of `defaults` that can be seen there; loads its secrets. */
void feed_check_defaults(const struct json *defaults, const struct template_place *place);

#endif
