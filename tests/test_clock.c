#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
    const char *text;
    int64_t ms;           /* -1: refused */
    const char *shortest; /* NULL: the text itself */
} durations[] = {
    {"0s", 0, NULL},
    {"250ms", 250, NULL},
    {"30s", 30000, NULL},
    {"2m", 120000, NULL},
    {"1h30m", 5400000, NULL},
    {"7d", 7 * MS_PER_DAY, NULL},
    {"90s", 90000, "1m30s"},
    {"0d", 0, "0s"},
    {"007s", 7000, "7s"},
    {"48h", 2 * MS_PER_DAY, "2d"},
    {"1d2h3m4s5ms", 93784005, NULL},
    {"1500ms", 1500, "1s500ms"},
    {"365242d", 365242 * MS_PER_DAY, NULL},
    {"365243d", -1, NULL}, /* more than 1000 years */
    {"365242d13h", -1, NULL},
    {"", -1, NULL},
    {"5", -1, NULL},
    {"s", -1, NULL},
    {"1h30", -1, NULL},
    {"1m1h", -1, NULL},
    {"1ms1s", -1, NULL},
    {"1h1h", -1, NULL},
    {"1.5h", -1, NULL},
    {"-1h", -1, NULL},
    {"+1h", -1, NULL},
    {" 1h", -1, NULL},
    {"1 h", -1, NULL},
    {"1h ", -1, NULL},
    {"1H", -1, NULL},
    {"1w", -1, NULL},
    {"1hour", -1, NULL},
    {"18446744073709551617s", -1, NULL}, /* 1 after 64 bits */
    {"9223372036854775807d", -1, NULL},
};

static void durations_are_read_and_written_in_their_shortest_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(durations); i++) {
        char out[CLOCK_DURATION_MAX];
        int64_t ms = -1;
        int status = clock_parse_duration(durations[i].text, strlen(durations[i].text), &ms);

        if (status != (durations[i].ms < 0 ? -1 : 0) || ms != durations[i].ms)
            fail_msg("\"%s\": %d, %lld", durations[i].text, status, (long long)ms);
        if (status)
            continue;
        clock_format_duration(ms, out);
        assert_string_equal(out, durations[i].shortest ? durations[i].shortest : durations[i].text);
    }
}

static void a_duration_ends_where_its_length_says(void **state)
{
    char out[CLOCK_DURATION_MAX];
    int64_t ms = 0;

    (void)state;
    assert_int_equal(clock_parse_duration("10ms", 3, &ms), 0);
    assert_int_equal(ms, 600000);
    assert_int_equal(clock_parse_duration("10s\0", 4, &ms), -1);
    clock_format_duration(INT64_MIN, out);
    assert_string_equal(out, "-106751991167d7h12m55s808ms");
}

static const struct {
    const char *text;
    int64_t bytes;
    const char *shortest;
} sizes[] = {
    {"0B", 0, NULL},
    {"512B", 512, NULL},
    {"64KiB", 65536, NULL},
    {"16MiB", 16777216, NULL},
    {"2GiB", INT64_C(2) << 30, NULL},
    {"1TiB", INT64_C(1) << 40, NULL},
    {"1024KiB", 1048576, "1MiB"},
    {"1000B", 1000, NULL},
    {"8388607TiB", INT64_C(8388607) << 40, NULL},
    {"8388608TiB", -1, NULL},
    {"", -1, NULL},
    {"64", -1, NULL},
    {"KiB", -1, NULL},
    {"64kib", -1, NULL},
    {"64KB", -1, NULL},
    {"64K", -1, NULL},
    {"1MiB512KiB", -1, NULL},
    {"1.5MiB", -1, NULL},
    {"-1B", -1, NULL},
    {"1 B", -1, NULL},
    {"1B ", -1, NULL},
};

static void sizes_are_read_and_written_in_their_shortest_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char out[CLOCK_SIZE_MAX];
        int64_t bytes = -1;
        int status = clock_parse_size(sizes[i].text, strlen(sizes[i].text), &bytes);

        if (status != (sizes[i].bytes < 0 ? -1 : 0) || bytes != sizes[i].bytes)
            fail_msg("\"%s\": %d, %lld", sizes[i].text, status, (long long)bytes);
        if (status)
            continue;
        clock_format_size(bytes, out);
        assert_string_equal(out, sizes[i].shortest ? sizes[i].shortest : sizes[i].text);
    }
}

struct instant {
    const char *text;
    int64_t at; /* AT_NONE: refused */
};

static const struct instant rfc3339_instants[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"2026-11-23T22:15:00Z", INT64_C(1795472100000000)},
    {"2026-11-23t22:15:00z", INT64_C(1795472100000000)},
    {"2026-11-23 22:15:00Z", INT64_C(1795472100000000)},
    {"2026-11-23T14:15:00-08:00", INT64_C(1795472100000000)},
    {"2026-11-24T04:00:00+05:45", INT64_C(1795472100000000)},
    {"2026-11-23T22:15:00-00:00", INT64_C(1795472100000000)},
    {"2026-11-23T22:15:00.5Z", INT64_C(1795472100500000)},
    {"2026-11-23T22:15:00.123456789Z", INT64_C(1795472100123456)},
    {"1969-12-31T23:59:59.999999Z", -1},
    {"1969-12-31T23:59:60Z", 0},
    {"2016-12-31T23:59:60.25Z", INT64_C(1483228800250000)},
    {"0000-01-01T00:00:00Z", INT64_C(-62167219200000000)},
    {"9999-12-31T23:59:59Z", INT64_C(253402300799000000)},
    {"2024-02-29T00:00:00Z", INT64_C(1709164800000000)},
    {"2000-02-29T00:00:00Z", INT64_C(951782400000000)},
    {"2023-02-29T00:00:00Z", AT_NONE},
    {"1900-02-29T00:00:00Z", AT_NONE},
    {"2026-04-31T00:00:00Z", AT_NONE},
    {"2026-12-32T00:00:00Z", AT_NONE},
    {"2026-13-01T00:00:00Z", AT_NONE},
    {"2026-00-01T00:00:00Z", AT_NONE},
    {"2026-01-00T00:00:00Z", AT_NONE},
    {"2026-11-23T24:00:00Z", AT_NONE},
    {"2026-11-23T22:60:00Z", AT_NONE},
    {"2026-11-23T22:15:61Z", AT_NONE},
    {"2026-11-23T22:15:00", AT_NONE}, /* no offset */
    {"2026-11-23T22:15Z", AT_NONE},
    {"2026-11-23", AT_NONE},
    {"2026-11-23T22:15:00.Z", AT_NONE},
    {"2026-11-23T22:15:00.1234567890Z", AT_NONE},
    {"2026-11-23T22:15:00,5Z", AT_NONE},
    {"2026-11-23T22:15:00+24:00", AT_NONE},
    {"2026-11-23T22:15:00+01:60", AT_NONE},
    {"2026-11-23T22:15:00+0100", AT_NONE},
    {"2026-11-23T22:15:00ZZ", AT_NONE},
    {"2026-11-23T22:15:00Z ", AT_NONE},
    {" 2026-11-23T22:15:00Z", AT_NONE},
    {"2026-11-23X22:15:00Z", AT_NONE},
    {"26-11-23T22:15:00Z", AT_NONE},
    {"+2026-11-23T22:15:00Z", AT_NONE},
    {"", AT_NONE},
};

static const struct instant http_dates[] = {
    {"Sun, 06 Nov 1994 08:49:37 GMT", INT64_C(784111777000000)},
    {"Sunday, 06-Nov-94 08:49:37 GMT", INT64_C(784111777000000)},
    {"Sun Nov  6 08:49:37 1994", INT64_C(784111777000000)},
    {"Sun Nov 16 08:49:37 1994", INT64_C(784975777000000)},
    {"Mon, 23 Nov 2026 22:15:00 GMT", INT64_C(1795472100000000)},
    {"Monday, 23-Nov-26 22:15:00 GMT", INT64_C(1795472100000000)},
    {"Wednesday, 01-Jan-69 00:00:00 GMT", INT64_C(-31536000000000)},
    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
    {"Tue, 06 Nov 1994 08:49:37 GMT", INT64_C(784111777000000)}, /* the wrong day's name */
    {"Sat, 31 Dec 2016 23:59:60 GMT", INT64_C(1483228800000000)},
    {"Thu, 29 Feb 2024 00:00:00 GMT", INT64_C(1709164800000000)},
    {"Wed, 29 Feb 2023 00:00:00 GMT", AT_NONE},
    {"Sun, 6 Nov 1994 08:49:37 GMT", AT_NONE},
    {"Sun, 06 Nov 1994 08:49:37 UTC", AT_NONE},
    {"Sun, 06 Nov 1994 08:49:37 +0000", AT_NONE},
    {"Sun, 06 Nov 1994 08:49:37", AT_NONE},
    {"Sun, 06 Nov 1994 08:49:37 GMT;", AT_NONE},
    {"Sun, 06 nov 1994 08:49:37 GMT", AT_NONE},
    {"Sun, 06 Nov 94 08:49:37 GMT", AT_NONE},
    {"Sunday, 06 Nov 1994 08:49:37 GMT", AT_NONE},
    {"Sun, 06-Nov-94 08:49:37 GMT", AT_NONE},
    {"Xxx, 06 Nov 1994 08:49:37 GMT", AT_NONE},
    {"Sun Nov 6 08:49:37 1994", AT_NONE},
    {"Sun Nov  6 08:49:37 1994 GMT", AT_NONE},
    {"Sun Nov 31 08:49:37 1994", AT_NONE},
    {"Sunday Nov  6 08:49:37 1994", AT_NONE},
    {"784111777", AT_NONE},
    {"0", AT_NONE},
    {"", AT_NONE},
};

static void check(const struct instant *instants, size_t count,
                  int (*parse)(const char *text, int64_t *at))
{
    for (size_t i = 0; i < count; i++) {
        int64_t at = AT_NONE;
        int status = parse(instants[i].text, &at);

        if (status != (instants[i].at == AT_NONE ? -1 : 0) || (!status && at != instants[i].at))
            fail_msg("\"%s\": %d, %lld", instants[i].text, status, (long long)at);
    }
}

static void rfc3339_is_read_strictly(void **state)
{
    (void)state;
    check(rfc3339_instants, COUNT(rfc3339_instants), clock_parse_rfc3339);
}

static void the_three_http_dates_are_read(void **state)
{
    (void)state;
    check(http_dates, COUNT(http_dates), clock_parse_http_date);
}

/* The year 0000-03-01 … some 6000 years, each day the follower of the one before. */
static void dates_and_days_agree_for_every_day_of_ages(void **state)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = -1000, month = 1, day = 1;

    (void)state;
    for (int64_t days = clock_days_from_date(-1000, 1, 1); year < 5000; days++) {
        bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        int y, m, d;

        clock_date_from_days(days, &y, &m, &d);
        if (y != year || m != month || d != day || clock_days_from_date(y, m, d) != days)
            fail_msg("day %lld is %d-%d-%d, not %d-%d-%d", (long long)days, y, m, d, year, month,
                     day);
        if (++day > lengths[month - 1] + (month == 2 && is_leap)) {
            day = 1;
            month++;
        }
        if (month > 12) {
            month = 1;
            year++;
        }
    }
    assert_int_equal(clock_days_from_date(1970, 1, 1), 0);
    assert_int_equal(clock_days_from_date(2000, 3, 1), 11017);
}

static void fields_of_a_date_may_overflow(void **state)
{
    (void)state;
    assert_int_equal(clock_days_from_date(2026, 13, 1), clock_days_from_date(2027, 1, 1));
    assert_int_equal(clock_days_from_date(2026, 0, 1), clock_days_from_date(2025, 12, 1));
    assert_int_equal(clock_days_from_date(2026, 11, 31), clock_days_from_date(2026, 12, 1));
    assert_int_equal(clock_days_from_date(2026, 1, 0), clock_days_from_date(2025, 12, 31));
}

static void floor_division_rounds_down(void **state)
{
    (void)state;
    assert_int_equal(clock_floor_div(7, 2), 3);
    assert_int_equal(clock_floor_div(-7, 2), -4);
    assert_int_equal(clock_floor_div(-8, 2), -4);
    assert_int_equal(clock_floor_div(-1, US_PER_DAY), -1);
    assert_int_equal(clock_floor_div(INT64_MIN, US_PER_SECOND), INT64_C(-9223372036855));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read_and_written_in_their_shortest_form),
        cmocka_unit_test(a_duration_ends_where_its_length_says),
        cmocka_unit_test(sizes_are_read_and_written_in_their_shortest_form),
        cmocka_unit_test(rfc3339_is_read_strictly),
        cmocka_unit_test(the_three_http_dates_are_read),
        cmocka_unit_test(dates_and_days_agree_for_every_day_of_ages),
        cmocka_unit_test(fields_of_a_date_may_overflow),
        cmocka_unit_test(floor_division_rounds_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
