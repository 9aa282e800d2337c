/* Time zones: IANA names → offsets, both ways.
 *
 * glibc knows the rules; zone_find() asks it once per zone and keeps a table of offset changes from
 * 1970 to 2100. Everything else is a look-up in that table. All but zones_release() is for any
 * thread. To ask, TZ is set for the moment of the call; from the first such call on the process's
 * TZ is UTC (why not what it was: zone_probe.c), so make that call before other threads start.
 * Zones are interned and live until zones_release(). */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include "base/clock.h"
#include "base/err.h"

struct zone;

struct civil {
    int year, month, day; /* month 1…12, day 1…31 */
    int hour, minute, second, microsecond;
    int weekday;      /* 0 Sunday … 6 Saturday */
    int32_t offset_s; /* seconds east of UTC */
};

enum { ZONE_ISO_MAX = 48 };

/* ERR_INPUT: unknown zone. "UTC" always works. Names with "..", a leading "/" or odd characters are
 * unknown. */
int zone_find(const struct zone **zone, const char *name, struct err *err);
const struct zone *zone_utc(void);
const char *zone_name(const struct zone *zone);
void zones_release(void);

void zone_civil(const struct zone *zone, int64_t at, struct civil *civil);
int32_t zone_offset_s(const struct zone *zone, int64_t at);
/* The instant of a wall time (offset and weekday of `civil` are not read; fields may overflow, as
 * day 32). A skipped time gives the instant of the jump; of a repeated one the first occurrence, or
 * the second if `is_second`. */
int64_t zone_instant(const struct zone *zone, const struct civil *civil, bool is_second);
/* The nearest change of the offset after `at` / at or before `at`; AT_NEVER / AT_NONE if none. */
int64_t zone_next_change(const struct zone *zone, int64_t at);
int64_t zone_last_change(const struct zone *zone, int64_t at);

/* 2026-11-23T14:15:00.123456-08:00 with `digits` of 0, 3 or 6; returns the length. Fast. */
size_t zone_format_iso(const struct zone *zone, int64_t at, int digits, char out[ZONE_ISO_MAX]);
/* strftime(3) in the zone, %z %Z %s right. Returns the length, 0 if it does not fit in `size`. */
size_t zone_strftime(const struct zone *zone, int64_t at, const char *format, char *out,
                     size_t size);
/* What a user may write for T: RFC 3339; a local date "2026-11-23" or time
 * "2026-11-23T06:00[:00[.f]]" (blank or T) in `zone`; "-24h", that long before `now_at`. `is_date`
 * (may be NULL) tells that it was a date alone. ERR_USAGE with the remedy in the text. */
int zone_parse_instant(const struct zone *zone, const char *text, int64_t now_at, int64_t *at,
                       bool *is_date, struct err *err);

#endif
