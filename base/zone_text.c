/* Instants of a zone as text, and what a user may write for one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/zone_table.h"

static char *put_digits(char *out, uint32_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return out + digits;
}

/* ISO 8601: more than four digits need a sign. */
static char *put_year(char *out, int year)
{
    if (year >= 0 && year <= 9999)
        return put_digits(out, (uint32_t)year, 4);
    *out++ = year < 0 ? '-' : '+';
    return put_digits(out, (uint32_t)(year < 0 ? -year : year), 6);
}

static char *put_two(char *out, char separator, int value)
{
    *out++ = separator;
    return put_digits(out, (uint32_t)value, 2);
}

size_t zone_format_iso(const struct zone *zone, int64_t at, int digits, char out[ZONE_ISO_MAX])
{
    struct civil civil;
    char *end = out;
    int32_t offset_s;

    zone_civil(zone, at, &civil);
    offset_s = civil.offset_s;
    if (offset_s % 60) {
        /* The text has no place for an offset's seconds (Liberia had some until 1972): give the
         * wall time of whole minutes, so that the text still names this very instant. */
        struct zone_span span = {.starts_at = AT_NONE, .offset_s = offset_s - offset_s % 60};
        struct zone whole = {.spans = &span, .count = 1};

        zone_civil(&whole, at, &civil);
        offset_s = civil.offset_s;
    }
    end = put_year(end, civil.year);
    end = put_two(end, '-', civil.month);
    end = put_two(end, '-', civil.day);
    end = put_two(end, 'T', civil.hour);
    end = put_two(end, ':', civil.minute);
    end = put_two(end, ':', civil.second);
    if (digits > 0) {
        *end++ = '.';
        end = digits > 3 ? put_digits(end, (uint32_t)civil.microsecond, 6)
                         : put_digits(end, (uint32_t)civil.microsecond / 1000, 3);
    }
    end = put_two(end, offset_s < 0 ? '-' : '+', (offset_s < 0 ? -offset_s : offset_s) / 3600);
    end = put_two(end, ':', (offset_s < 0 ? -offset_s : offset_s) / 60 % 60);
    *end = '\0';
    return (size_t)(end - out);
}

/* Puts the seconds since 1970 for each %s: strftime() would find them with the process's TZ. */
static int expand_seconds(const char *format, int64_t second, char *out, size_t size)
{
    size_t used = 0;

    while (*format) {
        size_t length = 1;
        int written;

        if (*format == '%') {
            length += strspn(format + 1, "_-0^#+123456789EO");
            length += format[length] != '\0';
        }
        if (length > 1 && format[length - 1] == 's')
            written = snprintf(out + used, size - used, "%" PRId64, second);
        else
            written = snprintf(out + used, size - used, "%.*s", (int)length, format);
        if (written < 0 || (size_t)written >= size - used)
            return -1;
        used += (size_t)written;
        format += length;
    }
    out[used] = '\0';
    return 0;
}

size_t zone_strftime(const struct zone *zone, int64_t at, const char *format, char *out,
                     size_t size)
{
    char expanded[1024];
    struct civil civil;
    struct tm tm = {0};
    size_t length = 0;

    zone_civil(zone, at, &civil);
    tm.tm_year = civil.year - 1900;
    tm.tm_mon = civil.month - 1;
    tm.tm_mday = civil.day;
    tm.tm_hour = civil.hour;
    tm.tm_min = civil.minute;
    tm.tm_sec = civil.second;
    tm.tm_wday = civil.weekday;
    tm.tm_yday = (int)(clock_days_from_date(civil.year, civil.month, civil.day) -
                       clock_days_from_date(civil.year, 1, 1));
    tm.tm_gmtoff = civil.offset_s;
    tm.tm_zone = zone_span_at(zone, at)->abbreviation;
    if (expand_seconds(format, clock_floor_div(at, US_PER_SECOND), expanded, sizeof expanded) == 0)
        length = strftime(out, size, expanded, &tm);
    if (!length && size)
        out[0] = '\0';
    return length;
}

/* A wall time without zone is RFC 3339 that lacks its end: completed, it is read as if in UTC. */
static int parse_wall(const char *text, bool *is_date, int64_t *wall_us)
{
    size_t length = strlen(text);
    const char *rest = length == 10 ? "T00:00:00Z" : length == 16 ? ":00Z" : "Z";
    char completed[48];

    if (length > 32)
        return -1;
    *is_date = length == 10;
    snprintf(completed, sizeof completed, "%s%s", text, rest);
    return clock_parse_rfc3339(completed, wall_us);
}

int zone_parse_instant(const struct zone *zone, const char *text, int64_t now_at, int64_t *at,
                       bool *is_date, struct err *err)
{
    bool is_day = false;
    int64_t value;

    if (is_date)
        *is_date = false;
    if (text[0] == '-' && clock_parse_duration(text + 1, strlen(text + 1), &value) == 0) {
        *at = now_at - value * US_PER_MS;
        return 0;
    }
    if (clock_parse_rfc3339(text, at) == 0)
        return 0;
    if (parse_wall(text, &is_day, &value))
        return err_set(err, ERR_USAGE,
                       "\"%.80s\" is not a time: use RFC 3339 such as 2026-11-23T06:00:00Z, "
                       "2026-11-23, \"2026-11-23 06:00\", or -24h",
                       text);
    *at = zone_instant_of_wall(zone, value, false);
    if (is_date)
        *is_date = is_day;
    return 0;
}
