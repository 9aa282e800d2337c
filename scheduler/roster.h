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

/* What is known of the oldest poll of a feed, for those who forget. */
struct roster_age {
    int64_t oldest_at; /* when last asked; AT_NONE: it had none */
    int64_t asked_at;  /* AT_NONE: never */
    bool is_asked;     /* the writer is at it */
};
/* NULL: the store does not know the feed. The feed need not run. */
const struct roster_age *roster_age(const struct roster *roster, const char *name);
/* Asks the writer to forget what the feed has from before `before_at`. Nothing, while it is at it
 * for that feed. */
void roster_forget(struct roster *roster, const char *name, int64_t before_at);

/* A record is back from the writer: finds its poll, frees what has retired. */
void roster_on_committed(struct roster *roster, const struct record *record);
void roster_each(struct roster *roster, void (*on_poll)(void *cookie, struct poll *poll),
                 void *cookie);
size_t roster_count(const struct roster *roster); /* polls */

#endif
