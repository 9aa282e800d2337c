/* One entity of a GTFS-Realtime feed as rows: one, or one for each stop_time_update of a trip
 * update, each informed_entity of an alert. Any thread, one at a time. */
#ifndef FEEDS_ROWS_ENTITY_H
#define FEEDS_ROWS_ENTITY_H

#include "feeds/rows_branch.h"
#include "feeds/rows_row.h"

/* Of a body that fits, like all here. */
struct rows_header {
    struct wire_field timestamp, incrementality;
    bool has_version, has_timestamp;
    bool is_differential; /* or what else is no full data set */
    uint64_t unknown;
};

struct rows_entity {
    struct rows_row *row;       /* borrowed */
    struct rows_branch *header; /* of FeedHeader: feed_timestamp … */
    struct rows_branch *entity; /* of FeedEntity: id, is_deleted, and a branch for each kind */
    struct rows_field *id, *is_deleted, *timestamp, *incrementality; /* of these two */
    struct rows_field *kind; /* whose entities are rows; NULL: of no kind */
    uint64_t rows;           /* how many there were; also counted while learning */
};

int rows_entity_init(struct rows_entity *rows, struct rows_row *row, struct err *err);
void rows_entity_release(struct rows_entity *rows); /* safe on a zeroed one */

/* Adds what one of a body's headers says: of several the last counts. */
void rows_entity_read_header(const struct rows_entity *rows, struct wire message,
                             struct rows_header *header);
/* A bit for each kind that the entity is of, by its place in FeedEntity. */
uint64_t rows_entity_kinds(const struct rows_entity *rows, struct wire message);
/* The kind of that name or NULL. */
struct rows_field *rows_entity_find_kind(const struct rows_entity *rows, const char *name);
void rows_entity_choose(struct rows_entity *rows, struct rows_field *kind);

/* The rows of an entity. One of no kind at all (in a DIFFERENTIAL feed often all that is left of a
 * deleted one) is a row too; one of other kinds only is none. `err` stays empty if on_row said
 * stop. */
int rows_entity_put(struct rows_entity *rows, const struct rows_header *header, struct wire message,
                    struct err *err);

#endif
