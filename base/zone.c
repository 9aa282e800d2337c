#include "base/zone.h"

#include <pthread.h>
#include <string.h>

#include "base/zone_table.h"

/* Names are bounded by the files of the zone directory; this is some 600 of them, and slack. */
enum { ZONES_MAX = 1024 };

/* No zone is this far from UTC, and no jump this wide (Samoa's lost a day). */
static const int64_t widest_us = INT64_C(30) * 3600 * US_PER_SECOND;

static struct zone_span utc_span = {.starts_at = AT_NONE, .abbreviation = "UTC"};
static const struct zone utc = {.spans = &utc_span, .count = 1, .name = "UTC"};
static struct zone *known;
static size_t known_count;
/* Over the two above, and over the process's TZ while glibc is asked. */
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;

static struct zone *find_or_probe(const char *name, struct err *err)
{
    struct zone *found = known;

    while (found && strcmp(found->name, name) != 0)
        found = found->next;
    if (found)
        return found;
    if (known_count == ZONES_MAX) {
        err_set(err, ERR_FULL, "more than %d time zones", ZONES_MAX);
        return NULL;
    }
    found = zone_probe(name, err);
    if (!found)
        return NULL;
    found->next = known;
    known = found;
    known_count++;
    return found;
}

int zone_find(const struct zone **zone, const char *name, struct err *err)
{
    const struct zone *found;

    if (strcmp(name, utc.name) == 0) {
        *zone = &utc;
        return 0;
    }
    (void)pthread_mutex_lock(&known_lock);
    found = find_or_probe(name, err);
    (void)pthread_mutex_unlock(&known_lock);
    if (!found)
        return -1;
    *zone = found;
    return 0;
}

const struct zone *zone_utc(void)
{
    return &utc;
}

const char *zone_name(const struct zone *zone)
{
    return zone->name;
}

void zones_release(void)
{
    while (known) {
        struct zone *zone = known;

        known = zone->next;
        zone_free(zone);
    }
    known_count = 0;
}

const struct zone_span *zone_span_at(const struct zone *zone, int64_t at)
{
    const struct zone_span *low = zone->spans;
    size_t count = zone->count;

    /* Written so that compilers choose the half without a branch. */
    while (count > 1) {
        size_t half = count / 2;

        low += low[half].starts_at <= at ? half : 0;
        count -= half;
    }
    return low;
}

void zone_civil(const struct zone *zone, int64_t at, struct civil *civil)
{
    int32_t offset_s = zone_span_at(zone, at)->offset_s;
    int64_t second = clock_floor_div(at, US_PER_SECOND);
    int64_t days = clock_floor_div(second + offset_s, 86400);
    int32_t of_day = (int32_t)(second + offset_s - days * 86400);
    int32_t weekday = (int32_t)((days + 4) % 7); /* 1970-01-01 was a Thursday */

    clock_date_from_days(days, &civil->year, &civil->month, &civil->day);
    civil->hour = of_day / 3600;
    civil->minute = of_day / 60 % 60;
    civil->second = of_day % 60;
    civil->microsecond = (int)(at % US_PER_SECOND);
    if (civil->microsecond < 0)
        civil->microsecond += US_PER_SECOND;
    civil->weekday = weekday < 0 ? weekday + 7 : weekday;
    civil->offset_s = offset_s;
}

int32_t zone_offset_s(const struct zone *zone, int64_t at)
{
    return zone_span_at(zone, at)->offset_s;
}

/* Spans near the wall time, in order: the wall time lies in one (plain), in two (repeated), or
 * behind one and before the next (skipped). */
int64_t zone_instant_of_wall(const struct zone *zone, int64_t wall_us, bool is_second)
{
    const struct zone_span *span = zone_span_at(zone, wall_us - widest_us);
    const struct zone_span *end = zone->spans + zone->count;
    int64_t found = AT_NONE;

    for (; span < end; span++) {
        int64_t at = wall_us - span->offset_s * US_PER_SECOND;

        if (at < span->starts_at)
            return found == AT_NONE ? span->starts_at : found;
        if (span + 1 < end && at >= span[1].starts_at)
            continue;
        if (!is_second)
            return at;
        found = at;
    }
    return found;
}

int64_t zone_instant(const struct zone *zone, const struct civil *civil, bool is_second)
{
    /* Days enough for the widest offset are left to the ends of int64_t. */
    const int64_t most_s = INT64_MAX / US_PER_SECOND - INT64_C(100) * 86400;
    int64_t second = clock_days_from_date(civil->year, civil->month, 1) * 86400 +
                     (civil->day - INT64_C(1)) * 86400 + civil->hour * INT64_C(3600) +
                     civil->minute * INT64_C(60) + civil->second;

    if (second > most_s)
        second = most_s;
    if (second < -most_s)
        second = -most_s;
    return zone_instant_of_wall(zone, second * US_PER_SECOND + civil->microsecond, is_second);
}

int64_t zone_next_change(const struct zone *zone, int64_t at)
{
    const struct zone_span *span = zone_span_at(zone, at) + 1;

    for (; span < zone->spans + zone->count; span++) {
        if (span->offset_s != span[-1].offset_s)
            return span->starts_at;
    }
    return AT_NEVER;
}

int64_t zone_last_change(const struct zone *zone, int64_t at)
{
    const struct zone_span *span = zone_span_at(zone, at);

    for (; span > zone->spans; span--) {
        if (span->offset_s != span[-1].offset_s)
            return span->starts_at;
    }
    return AT_NONE;
}
