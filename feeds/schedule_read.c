/* The keys of a feed that say when: at offset from until hours days. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/feed_read.h"

enum { SECONDS_A_MINUTE = 60, MINUTES_AN_HOUR = 60, MINUTES_A_DAY = 1440 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Two digits, at most `most`; -1. */
static int two_digits(const char *text, int most)
{
    int number = 0;

    if (!is_digit(text[0]) || !is_digit(text[1]))
        return -1;
    number = (text[0] - '0') * 10 + (text[1] - '0');
    return number <= most ? number : -1;
}

/* "HH:MM", up to 24:00; minutes of the day, -1. */
static int parse_minutes(const char *text)
{
    int hour = two_digits(text, 24);
    int minute = hour >= 0 && text[2] == ':' ? two_digits(text + 3, 59) : -1;

    if (minute < 0 || (hour == 24 && minute > 0))
        return -1;
    return hour * MINUTES_AN_HOUR + minute;
}

/* "HH:MM" or "HH:MM:SS", before 24:00; seconds of the day, -1. */
static int parse_seconds(const char *text)
{
    int minutes = parse_minutes(text);
    int seconds = 0;

    if (minutes < 0 || minutes == MINUTES_A_DAY)
        return -1;
    if (text[5] == ':')
        seconds = two_digits(text + 6, 59);
    if (seconds < 0 || strlen(text) != (text[5] == ':' ? 8U : 5U))
        return -1;
    return minutes * SECONDS_A_MINUTE + seconds;
}

static int compare_times(const void *left, const void *right)
{
    unsigned a = *(const unsigned *)left;
    unsigned b = *(const unsigned *)right;

    return a < b ? -1 : a > b;
}

static size_t drop_repeated(unsigned *times, size_t count)
{
    size_t kept = 0;

    qsort(times, count, sizeof *times, compare_times);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || times[kept - 1] != times[i])
            times[kept++] = times[i];
    }
    return kept;
}

void read_at(void *object, const char *key, const struct json *value,
             struct settings_report *report)
{
    struct feed *feed = object;
    unsigned *times = NULL;
    bool is_right = true;

    if (value->type != JSON_ARRAY || value->count == 0 || value->count > FEED_TIMES_MAX) {
        read_refuse(key, value, "a list of 1 to 1440 times of day, such as [\"06:00\"]", report);
        return;
    }
    times = calloc(value->count, sizeof *times);
    if (!times) {
        settings_mistake(report, value, "out of memory");
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        const struct json *item = value->items[i];
        int seconds = item->type == JSON_STRING ? parse_seconds(item->text) : -1;

        if (seconds < 0) {
            read_refuse(key, item, "times of day such as \"06:00\" or \"18:30:15\"", report);
            is_right = false;
        } else {
            times[i] = (unsigned)seconds;
        }
    }
    if (!is_right) {
        free(times);
        return;
    }
    free(feed->schedule.times);
    feed->schedule.times = times;
    feed->schedule.time_count = drop_repeated(times, value->count);
}

void read_offset(void *object, const char *key, const struct json *value,
                 struct settings_report *report)
{
    struct feed *feed = object;
    int64_t offset_ms = 0;

    if (value->type == JSON_STRING && strcmp(value->text, "auto") == 0) {
        feed->has_own_offset = false;
    } else if (value->type == JSON_STRING &&
               clock_parse_duration(value->text, value->length, &offset_ms) == 0) {
        feed->has_own_offset = true;
        feed->schedule.offset_ms = offset_ms;
    } else {
        read_refuse(key, value, "\"auto\" or a duration such as \"30s\"", report);
    }
}

void read_hours(void *object, const char *key, const struct json *value,
                struct settings_report *report)
{
    struct feed *feed = object;
    const char *text = value->type == JSON_STRING && value->length == 11 ? value->text : NULL;
    int from_min = text ? parse_minutes(text) : -1;
    int to_min = from_min >= 0 && text[5] == '-' ? parse_minutes(text + 6) : -1;

    if (to_min < 0 || from_min == MINUTES_A_DAY || strlen(text) != 11) {
        read_refuse(key, value, "a window such as \"05:00-01:30\"", report);
        return;
    }
    if (from_min == to_min) {
        read_refuse(key, value, "a window whose two ends differ (all day: leave it out)", report);
        return;
    }
    feed->schedule.has_hours = true;
    feed->schedule.hours_from_min = from_min;
    feed->schedule.hours_to_min = to_min;
}

static int parse_day(const struct json *item)
{
    static const char *const names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

    for (int i = 0; i < 7; i++) {
        if (item->type == JSON_STRING && strcmp(item->text, names[i]) == 0)
            return i;
    }
    return -1;
}

void read_days(void *object, const char *key, const struct json *value,
               struct settings_report *report)
{
    struct feed *feed = object;
    unsigned days = 0;
    bool is_right = true;

    if (value->type != JSON_ARRAY || value->count == 0) {
        read_refuse(key, value, "a list of mon tue wed thu fri sat sun", report);
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        int day = parse_day(value->items[i]);

        if (day < 0) {
            read_refuse(key, value->items[i], "a list of mon tue wed thu fri sat sun", report);
            is_right = false;
        } else {
            days |= 1U << day;
        }
    }
    if (is_right)
        feed->schedule.days = days;
}

/* "2026-11-23". */
static int parse_date(const char *text, struct civil *civil)
{
    int century = strlen(text) == 10 ? two_digits(text, 99) : -1;
    int year = century >= 0 ? two_digits(text + 2, 99) : -1;
    int64_t days = 0;
    struct civil real = {0};

    if (year < 0 || text[4] != '-' || text[7] != '-')
        return -1;
    *civil = (struct civil){.year = century * 100 + year,
                            .month = two_digits(text + 5, 12),
                            .day = two_digits(text + 8, 31)};
    if (civil->month < 1 || civil->day < 1)
        return -1;
    days = clock_days_from_date(civil->year, civil->month, civil->day);
    clock_date_from_days(days, &real.year, &real.month, &real.day);
    return real.month == civil->month && real.day == civil->day ? 0 : -1;
}

int read_instant_text(const char *text, const struct zone *zone, bool is_end, int64_t *at)
{
    struct civil civil = {0};

    if (parse_date(text, &civil) != 0)
        return clock_parse_rfc3339(text, at);
    if (is_end)
        civil.day++;
    *at = zone_instant(zone, &civil, false);
    return 0;
}

/* Only its form: a date waits for the time zone, which may come later in the file. */
void read_instant(void *object, const char *key, const struct json *value,
                  struct settings_report *report)
{
    int64_t at = 0;

    (void)object;
    if (value->type != JSON_STRING || strlen(value->text) != value->length ||
        read_instant_text(value->text, zone_utc(), false, &at) != 0)
        read_refuse(key, value,
                    "a date such as \"2026-11-23\" or an instant such as \"2026-11-23T06:00:00Z\"",
                    report);
}
