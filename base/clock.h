/* Instants and durations as numbers and as text. Pure, but for clock_mono_…(); any thread.
 *
 * An instant is int64_t microseconds since 1970-01-01T00:00:00Z without leap seconds; its name ends
 * in _at. A duration is int64_t milliseconds in names ending in _ms (microseconds: _us). */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AT_NEVER      INT64_MAX /* later than every instant */
#define AT_NONE       INT64_MIN /* earlier than every instant; "there is none" */
#define US_PER_MS     INT64_C(1000)
#define US_PER_SECOND INT64_C(1000000)
#define US_PER_MINUTE (60 * US_PER_SECOND)
#define US_PER_HOUR   (60 * US_PER_MINUTE)
#define US_PER_DAY    (24 * US_PER_HOUR)
#define MS_PER_DAY    (INT64_C(86400) * 1000)

enum { CLOCK_DURATION_MAX = 48, CLOCK_SIZE_MAX = 32 };

/* Only goes forward, from no instant in particular. What runs on the loop asks loop_now(), whose
 * clock tests can turn. */
int64_t clock_mono_us(void);
int64_t clock_mono_ms(void);

/* "250ms" "30s" "2m" "1h30m" "7d": whole numbers with units d h m s ms, each unit once, largest
 * first. "0s" is fine. -1: not a duration, or more than 1000 years. */
int clock_parse_duration(const char *text, size_t length, int64_t *ms);
/* The shortest text that parses back: 90000 → "1m30s". */
void clock_format_duration(int64_t ms, char out[CLOCK_DURATION_MAX]);
/* "512B" "64KiB" "16MiB" "2GiB" "1TiB". -1: not a size. */
int clock_parse_size(const char *text, size_t length, int64_t *bytes);
void clock_format_size(int64_t bytes, char out[CLOCK_SIZE_MAX]);
/* RFC 3339: 2026-11-23T22:15:00Z, fraction up to 9 digits (cut to µs), offset required;
 * 't', 'z' and a blank for the T are allowed, a second of 60 is the next minute. */
int clock_parse_rfc3339(const char *text, int64_t *at);
/* RFC 9110 5.6.7: IMF-fixdate, RFC 850 and asctime forms. */
int clock_parse_http_date(const char *text, int64_t *at);
/* Retry-After of RFC 9110 10.2.3, seconds or a date, at the instant `now_at` → ms clamped to
 * 0 … 24 h; -1: neither. */
int64_t clock_parse_retry_after(const char *text, int64_t now_at);
/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back. */
int64_t clock_days_from_date(int year, int month, int day);
void clock_date_from_days(int64_t days, int *year, int *month, int *day);
/* Floor division for instants before 1970. */
int64_t clock_floor_div(int64_t value, int64_t divisor);

#endif
