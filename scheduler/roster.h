/* Every feed that the store or the configuration knows, by name, and the poll of each that runs.
 * Brings a feed into the service: its identity and definition in the store, its account over the
 * time when nobody ran, its poll. Loop thread; reads the store in short transactions. */
#ifndef SCHEDULER_ROSTER_H
#define SCHEDULER_ROSTER_H

#include "scheduler/poll.h"

struct roster;

/* Reads the feeds of the store. Borrows all three. Returns owned. */
int roster_new(struct roster **roster, struct service *service, struct store *store,
               struct err *err);
void roster_free(struct roster *roster); /* and every poll */

/* Makes the roster agree with a set: feeds come, change and leave. `is_start`: the first call. A
 * feed that cannot be brought in is logged and left out. */
void roster_apply(struct roster *roster, const struct feed_set *set, bool is_start);
/* The poll of a feed that runs; NULL: none of that name does. */
struct poll *roster_find(const struct roster *roster, const char *name);
/* --once: every enabled feed of the set, once. */
void roster_poll_once(struct roster *roster, const struct feed_set *set);

/* A record is back from the writer: finds its poll, frees what has retired. */
void roster_on_committed(struct roster *roster, const struct record *record);
void roster_each(struct roster *roster, void (*on_poll)(void *cookie, struct poll *poll),
                 void *cookie);
size_t roster_count(const struct roster *roster); /* polls */

#endif
