/* One entity of a GTFS-Realtime feed as rows: one, or one for each stop_time_update of a trip
 * update, each informed_entity of an alert. Any thread, one at a time. */
#ifndef FEEDS_ROWS_ENTITY_H
#define FEEDS_ROWS_ENTITY_H

#include <gtfs-realtime.pb-c.h>

#include "feeds/rows_branch.h"
#include "feeds/rows_row.h"

enum { ROWS_NO_KIND = -1, ROWS_KINDS_MAX = 32 };

struct rows_entity {
    struct rows_row *row;                      /* borrowed */
    struct rows_branch *header;                /* feed_timestamp … */
    struct rows_branch *entity;                /* id, is_deleted */
    struct rows_branch *kinds[ROWS_KINDS_MAX]; /* by place in FeedEntity; NULL until met */
    bool has_rows;                             /* one was given since this was last cleared */
};

int rows_entity_init(struct rows_entity *rows, struct rows_row *row, struct err *err);
void rows_entity_release(struct rows_entity *rows); /* safe on a zeroed one */

/* Is that field of FeedEntity a message? Then it is a kind, by its name. */
bool rows_entity_is_kind(unsigned index);
/* A bit for each kind that the entity is of. */
uint32_t rows_entity_kinds(const TransitRealtime__FeedEntity *entity);

/* The rows of an entity of that kind. One of no kind at all (in a DIFFERENTIAL feed often all that
 * is left of a deleted one) is a row too; one of other kinds is none. `err` stays empty if on_row
 * said stop. */
int rows_entity_put(struct rows_entity *rows, const TransitRealtime__FeedHeader *header,
                    const TransitRealtime__FeedEntity *entity, int kind, struct err *err);

#endif
