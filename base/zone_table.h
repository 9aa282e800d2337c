/* What zone.c, zone_probe.c and zone_text.c share: a zone is its changes in order of time. For
 * nobody else. */
#ifndef BASE_ZONE_TABLE_H
#define BASE_ZONE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/zone.h"

enum { ZONE_NAME_MAX = 64, ZONE_SPANS_MAX = 4096, ZONE_ABBREVIATION_MAX = 12 };

struct zone_span {
    int64_t starts_at; /* of the first: AT_NONE; each span ends where the next starts */
    int32_t offset_s;
    char abbreviation[ZONE_ABBREVIATION_MAX];
};

struct zone {
    struct zone *next;
    struct zone_span *spans; /* neighbours differ in offset, abbreviation or both */
    size_t count;            /* ≥ 1 */
    char name[ZONE_NAME_MAX];
};

/* Returns an owned zone as glibc knows it. ERR_INPUT: unknown name. One thread at a time. */
struct zone *zone_probe(const char *name, struct err *err);
void zone_free(struct zone *zone);
const struct zone_span *zone_span_at(const struct zone *zone, int64_t at);
/* zone_instant() of a wall time counted as if the zone were UTC. */
int64_t zone_instant_of_wall(const struct zone *zone, int64_t wall_us, bool is_second);

#endif
