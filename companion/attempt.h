/* One request of one feed, now, its redirects included: what `pollard try` does. Main thread. */
#ifndef COMPANION_ATTEMPT_H
#define COMPANION_ATTEMPT_H

#include "scheduler/fetch.h"

struct attempt {
    const struct feed *feed;
    int64_t started_at;
    unsigned redirects;
    struct verdict verdict;
    struct response response; /* the last; its body is ours */
    char reason[1024];        /* of a failure, in words; "": none */
};

/* 0 also if the feed failed: see `verdict`. ERR_ABSENT: a secret is missing. Release it also after
 * a failure. */
int attempt_run(struct attempt *attempt, const struct feed *feed, const struct secrets *secrets,
                struct err *err);
void attempt_release(struct attempt *attempt);

#endif
