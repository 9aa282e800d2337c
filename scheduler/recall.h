/* What the store knows of the polls before the start goes into each feed's health, a little at a
 * time: the service does not wait for it. Loop thread. */
#ifndef SCHEDULER_RECALL_H
#define SCHEDULER_RECALL_H

#include "scheduler/roster.h"

struct recall;

/* Borrows all. Returns owned. */
int recall_new(struct recall **recall, struct roster *roster, struct loop *loop,
               struct store *store, struct err *err);
void recall_free(struct recall *recall); /* NULL is fine */
/* Goes on soon, if some feed is not recalled yet. */
void recall_go_on(struct recall *recall);

#endif
