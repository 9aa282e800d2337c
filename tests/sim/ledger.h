/* Which slots each feed owes an account of: kept beside the service from the configuration alone,
 * by the rules of the product's contract, to be compared with what the service stored.
 *
 * A feed has claims: spans in which one version of it was in force. They begin when the service
 * first runs with it (with catch_up one slot earlier), and end when it is removed, disabled, or
 * replaced by another version. Down time belongs to the version that ran before it. */
#ifndef TESTS_SIM_LEDGER_H
#define TESTS_SIM_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "feeds/feed.h"
#include "scheduler/plan.h"

struct ledger;

struct ledger *ledger_new(const char *config_dir);
void ledger_free(struct ledger *ledger);
/* The service has read the configuration at this instant. `is_start`: it begins to run. */
void ledger_note(struct ledger *ledger, int64_t wall_at, bool is_start);
void ledger_each(const struct ledger *ledger, void (*on_feed)(void *cookie, const char *name),
                 void *cookie);

/* The feed has run in one version all the time. */
bool ledger_is_plain(const struct ledger *ledger, const char *name);
/* The slots of a feed in order. */
struct ledger_walk {
    const struct ledger_feed *feed; /* NULL: there is no such feed */
    size_t claim;
    int64_t from_at;
    int64_t end_at; /* of `for` */
};
void ledger_begin(const struct ledger *ledger, const char *name, struct ledger_walk *walk);
int64_t ledger_next(struct ledger_walk *walk); /* AT_NEVER: no more */
/* The slot given by ledger_next last belongs to a claim that has ended. */
bool ledger_is_closed(const struct ledger_walk *walk);

#endif
