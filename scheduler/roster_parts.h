/* struct roster, for roster.c (who is there), roster_begin.c (how a feed comes in) and recall.c
 * (what was before). Not for others. */
#ifndef SCHEDULER_ROSTER_PARTS_H
#define SCHEDULER_ROSTER_PARTS_H

#include "scheduler/roster.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* One feed by name, whether it runs or not. Never removed: its id and definitions stay in the
 * store. */
struct known {
    struct stored_feed stored;
    struct poll *poll;  /* NULL: does not run */
    char *definition;   /* the last one's text, read when first asked for; NULL: none */
    uint32_t url_epoch; /* of the last definition */
    struct roster_age age;
    UT_hash_handle hh;
};

struct roster {
    struct service *service;
    struct store *store;
    struct reader *reader;
    struct known *known;
    struct poll **polls; /* all that exist, retired ones too */
    size_t count, capacity;
    uint32_t last_id;
    int64_t started_at;
    bool is_whole;    /* every feed of the store is in `known` */
    bool is_starting; /* the feeds come in for the first time: nobody needs to be told of each */
};

/* A record that belongs to no poll. Takes it; NULL is logged as lost. */
int roster_append(struct roster *roster, struct record *record);
/* Makes the poll of a known feed whose definition is settled; what the store remembers goes into
 * `resume`. NULL: logged, and left out. */
struct poll *roster_make_poll(struct roster *roster, struct known *known, struct feed *feed,
                              struct resume *resume, const struct loop_time *now);
/* A poll that covers exactly this slot is in the store. */
bool roster_has_poll(struct roster *roster, uint32_t feed_id, int64_t slot_at);
/* The poll begins with a new account, or goes on with the one that ran under `old`. */
void roster_open_account(struct roster *roster, struct known *known, const struct resume *resume,
                         const struct loop_time *now);
void roster_reopen_account(struct roster *roster, struct known *known, const struct resume *resume,
                           const struct feed *old, const struct loop_time *now);

#endif
