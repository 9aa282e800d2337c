#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* 1000 years of 365.2425 days. */
static const int64_t duration_limit_ms = INT64_C(1000) * 31556952 * 1000;

int64_t clock_mono_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

int64_t clock_mono_ms(void)
{
    return clock_mono_us() / US_PER_MS;
}

struct unit {
    const char *name;
    int64_t worth;
};

static const struct unit duration_units[] = {
    {"d", MS_PER_DAY}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};
static const struct unit size_units[] = {
    {"TiB", INT64_C(1) << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1},
};
enum { UNITS = 5 };

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const weekdays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                       "Friday", "Saturday", "Sunday"};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Reads a whole number times a unit into `value`; returns which unit, or -1. */
static int take_amount(const char **text, const char *end, const struct unit *units, int64_t *value)
{
    const char *at = *text, *name;
    int64_t number = 0;

    for (; at < end && is_digit(*at); at++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, *at - '0', &number))
            return -1;
    }
    if (at == *text)
        return -1;
    name = at;
    while (at < end && is_letter(*at))
        at++;
    *text = at;
    for (int i = 0; i < UNITS; i++) {
        if (strlen(units[i].name) == (size_t)(at - name) &&
            memcmp(units[i].name, name, (size_t)(at - name)) == 0)
            return __builtin_mul_overflow(number, units[i].worth, value) ? -1 : i;
    }
    return -1;
}

int clock_parse_duration(const char *text, size_t length, int64_t *ms)
{
    const char *end = text + length;
    int64_t sum = 0, part;
    int last = -1;

    if (!length)
        return -1;
    while (text < end) {
        int unit = take_amount(&text, end, duration_units, &part);

        if (unit <= last || __builtin_add_overflow(sum, part, &sum) || sum > duration_limit_ms)
            return -1;
        last = unit;
    }
    *ms = sum;
    return 0;
}

void clock_format_duration(int64_t ms, char out[CLOCK_DURATION_MAX])
{
    uint64_t rest = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
    size_t length = 0;

    if (!ms) {
        memcpy(out, "0s", 3);
        return;
    }
    if (ms < 0)
        out[length++] = '-';
    for (int i = 0; i < UNITS && rest; i++) {
        uint64_t worth = (uint64_t)duration_units[i].worth, count = rest / worth;

        rest %= worth;
        if (count)
            length += (size_t)snprintf(out + length, CLOCK_DURATION_MAX - length, "%llu%s",
                                       (unsigned long long)count, duration_units[i].name);
    }
}

int clock_parse_size(const char *text, size_t length, int64_t *bytes)
{
    const char *end = text + length;
    int64_t value;

    if (take_amount(&text, end, size_units, &value) < 0 || text != end)
        return -1;
    *bytes = value;
    return 0;
}

void clock_format_size(int64_t bytes, char out[CLOCK_SIZE_MAX])
{
    int i = bytes ? 0 : UNITS - 1;

    while (bytes % size_units[i].worth)
        i++;
    snprintf(out, CLOCK_SIZE_MAX, "%lld%s", (long long)(bytes / size_units[i].worth),
             size_units[i].name);
}

int64_t clock_floor_div(int64_t value, int64_t divisor)
{
    int64_t quotient = value / divisor;

    return value % divisor < 0 ? quotient - 1 : quotient;
}

/* Years start in March, so that the leap day is the last of its year and months follow one rule. */
int64_t clock_days_from_date(int year, int month, int day)
{
    int64_t months_since = (int64_t)year * 12 + month - 3;
    int64_t march_year = clock_floor_div(months_since, 12);
    int64_t month_of_year = months_since - march_year * 12;
    int64_t era = clock_floor_div(march_year, 400);
    int64_t year_of_era = march_year - era * 400;
    int64_t day_of_year = (153 * month_of_year + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

void clock_date_from_days(int64_t days, int *year, int *month, int *day)
{
    int64_t era = clock_floor_div(days + 719468, 146097);
    uint32_t day_of_era = (uint32_t)(days + 719468 - era * 146097);
    uint32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t month_of_year = (5 * day_of_year + 2) / 153;

    *day = (int)(day_of_year - (153 * month_of_year + 2) / 5 + 1);
    *month = (int)(month_of_year < 10 ? month_of_year + 3 : month_of_year - 9);
    *year = (int)(year_of_era + era * 400) + (*month <= 2);
}

/* The texts of instants are read by small steps that move `text` on and say whether they fit. */

static bool take(const char **text, const char *expected)
{
    size_t length = strlen(expected);

    if (strncmp(*text, expected, length) != 0)
        return false;
    *text += length;
    return true;
}

static bool take_any(const char **text, const char *set)
{
    if (!**text || !strchr(set, **text))
        return false;
    ++*text;
    return true;
}

static bool take_number(const char **text, int digits, int most, int *value)
{
    *value = 0;
    while (digits-- > 0) {
        if (!is_digit(**text))
            return false;
        *value = *value * 10 + (*(*text)++ - '0');
    }
    return *value <= most;
}

/* hh:mm:ss as seconds of the day; second 60 is the next minute. */
static bool take_time(const char **text, int *seconds)
{
    int hour, minute, second;

    if (!take_number(text, 2, 23, &hour) || !take(text, ":") ||
        !take_number(text, 2, 59, &minute) || !take(text, ":") ||
        !take_number(text, 2, 60, &second))
        return false;
    *seconds = hour * 3600 + minute * 60 + second;
    return true;
}

static bool take_month_name(const char **text, int *month)
{
    for (int i = 0; i < 12; i++) {
        if (take(text, months[i])) {
            *month = i + 1;
            return true;
        }
    }
    return false;
}

/* -1: no such day in that month. */
static int instant_of(int year, int month, int day, int64_t seconds, int64_t *at)
{
    int64_t days;

    if (month < 1 || month > 12 || day < 1 || day > 31)
        return -1;
    days = clock_days_from_date(year, month, day);
    if (day > 28 && days >= clock_days_from_date(year, month + 1, 1))
        return -1;
    *at = (days * 86400 + seconds) * US_PER_SECOND;
    return 0;
}

static bool take_fraction(const char **text, int *us)
{
    int digits = 0;

    *us = 0;
    if (!take(text, "."))
        return true;
    for (; is_digit(**text); ++*text, digits++) {
        if (digits < 6)
            *us = *us * 10 + (**text - '0');
    }
    for (int i = digits; i < 6; i++)
        *us *= 10;
    return digits >= 1 && digits <= 9;
}

static bool take_offset(const char **text, int *seconds)
{
    int sign = **text == '-' ? -1 : 1, hour, minute;

    *seconds = 0;
    if (take_any(text, "Zz"))
        return true;
    if (!take_any(text, "+-") || !take_number(text, 2, 23, &hour) || !take(text, ":") ||
        !take_number(text, 2, 59, &minute))
        return false;
    *seconds = sign * (hour * 3600 + minute * 60);
    return true;
}

int clock_parse_rfc3339(const char *text, int64_t *at)
{
    int year, month, day, seconds, us, offset;

    if (!take_number(&text, 4, 9999, &year) || !take(&text, "-") ||
        !take_number(&text, 2, 12, &month) || !take(&text, "-") ||
        !take_number(&text, 2, 31, &day) || !take_any(&text, "Tt ") ||
        !take_time(&text, &seconds) || !take_fraction(&text, &us) || !take_offset(&text, &offset) ||
        *text)
        return -1;
    if (instant_of(year, month, day, (int64_t)seconds - offset, at))
        return -1;
    *at += us;
    return 0;
}

/* "06 Nov 1994 " */
static bool take_imf_date(const char **text, int *year, int *month, int *day)
{
    return take_number(text, 2, 31, day) && take(text, " ") && take_month_name(text, month) &&
           take(text, " ") && take_number(text, 4, 9999, year) && take(text, " ");
}

/* "06-Nov-94 ". RFC 9110 wants a year that seems more than 50 years ahead to be past; without
 * knowing the present we split where POSIX does: 69 is 1969, 68 is 2068. */
static bool take_rfc850_date(const char **text, int *year, int *month, int *day)
{
    if (!take_number(text, 2, 31, day) || !take(text, "-") || !take_month_name(text, month) ||
        !take(text, "-") || !take_number(text, 2, 99, year) || !take(text, " "))
        return false;
    *year += *year < 69 ? 2000 : 1900;
    return true;
}

/* "Nov  6 08:49:37 1994" */
static int parse_asctime(const char *text, int64_t *at)
{
    int year, month, day, seconds;

    if (!take_month_name(&text, &month) || !take(&text, " ") ||
        !take_number(&text, take(&text, " ") ? 1 : 2, 31, &day) || !take(&text, " ") ||
        !take_time(&text, &seconds) || !take(&text, " ") || !take_number(&text, 4, 9999, &year) ||
        *text)
        return -1;
    return instant_of(year, month, day, seconds, at);
}

/* The day's name must be one, but not the right one: a server's slip there costs nothing. */
int clock_parse_http_date(const char *text, int64_t *at)
{
    int year, month, day, seconds;
    bool is_long = false, is_known = false;

    for (int i = 0; i < 7 && !is_known; i++) {
        char three[4] = {weekdays[i][0], weekdays[i][1], weekdays[i][2], '\0'};

        is_long = take(&text, weekdays[i]);
        is_known = is_long || take(&text, three);
    }
    if (!is_known)
        return -1;
    if (!is_long && take(&text, " "))
        return parse_asctime(text, at);
    if (!take(&text, ", ") || !(is_long ? take_rfc850_date(&text, &year, &month, &day)
                                        : take_imf_date(&text, &year, &month, &day)))
        return -1;
    if (!take_time(&text, &seconds) || strcmp(text, " GMT") != 0)
        return -1;
    return instant_of(year, month, day, seconds, at);
}

int64_t clock_parse_retry_after(const char *text, int64_t now_at)
{
    int64_t ms = 0, at;
    const char *c = text;

    while (*c == ' ')
        c++;
    if (!*c)
        return -1;
    if (*c >= '0' && *c <= '9') {
        for (; *c >= '0' && *c <= '9'; c++)
            if (ms <= MS_PER_DAY)
                ms = ms * 10 + (*c - '0') * INT64_C(1000);
        while (*c == ' ')
            c++;
        if (*c)
            return -1;
    } else {
        if (clock_parse_http_date(c, &at) != 0)
            return -1;
        ms = at <= now_at ? 0 : (at - now_at + US_PER_MS - 1) / US_PER_MS;
    }
    return ms > MS_PER_DAY ? MS_PER_DAY : ms;
}
