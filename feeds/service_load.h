/* pollard.json → the service's settings and the defaults of feeds. See feed_load.h. */
#ifndef FEEDS_SERVICE_LOAD_H
#define FEEDS_SERVICE_LOAD_H

#include "feeds/mistakes.h"

struct service_load {
    const struct json *defaults; /* for the feeds, borrowed; NULL: none */
    bool has_unknown_defaults;   /* the file is not JSON: nobody knows what it held */
    struct json *broken;         /* owned: a file with mistakes, read for its defaults alone */
};

/* Fills the service's part of `set`. Mistakes go to `mistakes`. -1: no memory. */
int service_load(struct service_load *load, struct feed_set *set, const struct feed_set *previous,
                 int dir_fd, struct mistakes *mistakes);
void service_load_release(struct service_load *load);

#endif
