/* Work that several threads do ahead, handed in and collected in order.
 *
 * Jobs lie in a ring of places that the owner has for them. One thread, the owner, fills the next
 * place and puts it, and collects the oldest; the others take jobs in between, oldest first, and so
 * does the owner while the oldest is under way. With one thread nothing is done ahead, and every
 * job is the owner's when it is collected. Threads start when the first job would wait; one that
 * cannot be had is done without. */
#ifndef EXPORT_CREW_H
#define EXPORT_CREW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { CREW_THREADS_MAX = 4 };

struct crew_plan {
    unsigned threads; /* the owner's is one of them */
    size_t places;
    /* Does the job in `place`; `hand` is the thread's number, 0 the owner's. Each hand does one at
     * a time. */
    void (*work)(void *cookie, unsigned hand, size_t place);
    void *cookie;
};

struct crew;

int crew_new(struct crew **crew, const struct crew_plan *plan, struct err *err); /* returns owned */
/* Waits for what is under way. NULL is fine. */
void crew_free(struct crew *crew);

/* All these are the owner's. */
bool crew_is_empty(const struct crew *crew);
bool crew_has_room(const struct crew *crew);
/* The place to fill; there is room. Then crew_put. */
size_t crew_place(const struct crew *crew);
void crew_put(struct crew *crew, bool has_work);
/* The oldest job, of which there is one. `is_done` false: nobody did it, and nobody will but the
 * owner. It keeps its place until crew_drop. */
size_t crew_collect(struct crew *crew, bool *is_done);
void crew_drop(struct crew *crew);
/* Waits for what is under way and forgets all jobs. */
void crew_abandon(struct crew *crew);

#endif
