#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/zone.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static uint64_t dice = 0x9E3779B97F4A7C15;

static uint64_t roll(uint64_t sides)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice % sides;
}

static const struct zone *zone_of(const char *name)
{
    const struct zone *zone = NULL;
    struct err err;

    if (zone_find(&zone, name, &err))
        fail_msg("%s", err.text);
    return zone;
}

static int64_t at_of(const char *text)
{
    int64_t at = 0;

    if (clock_parse_rfc3339(text, &at))
        fail_msg("\"%s\"", text);
    return at;
}

static void check_iso(const struct zone *zone, int64_t at, const char *expected)
{
    char out[ZONE_ISO_MAX];

    assert_int_equal(zone_format_iso(zone, at, 0, out), strlen(expected));
    assert_string_equal(out, expected);
}

static const char *const many[] = {
    "America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu",
    "Africa/Casablanca",   "Asia/Gaza",     "America/Boa_Vista",   "Pacific/Apia",
    "Africa/Monrovia",     "Asia/Tehran",   "America/St_Johns",    "Etc/GMT+12",
};

static void check_against_glibc(const struct zone *zone, int64_t at)
{
    time_t second = (time_t)clock_floor_div(at, US_PER_SECOND);
    struct civil civil;
    struct tm tm;
    char ours[64], theirs[64];

    assert_non_null(localtime_r(&second, &tm));
    zone_civil(zone, at, &civil);
    if (civil.year != tm.tm_year + 1900 || civil.month != tm.tm_mon + 1 ||
        civil.day != tm.tm_mday || civil.hour != tm.tm_hour || civil.minute != tm.tm_min ||
        civil.second != tm.tm_sec || civil.weekday != tm.tm_wday ||
        civil.offset_s != tm.tm_gmtoff || civil.microsecond != at - (int64_t)second * US_PER_SECOND)
        fail_msg("%s at %lld", zone_name(zone), (long long)at);
    assert_int_equal(zone_offset_s(zone, at), tm.tm_gmtoff);
    assert_int_not_equal(strftime(theirs, sizeof theirs, "%F %T %j %U %G-%V %a %Z %z", &tm), 0);
    assert_int_equal(zone_strftime(zone, at, "%F %T %j %U %G-%V %a %Z %z", ours, sizeof ours),
                     strlen(theirs));
    assert_string_equal(ours, theirs);
}

static const char *const far[] = {
    "1970-01-01T00:00:00Z",        "2038-01-19T03:14:07.999999Z", "2038-01-19T03:14:08Z",
    "2038-07-01T00:00:00Z",        "2090-01-01T00:00:00Z",        "2090-07-01T00:00:00Z",
    "2100-12-31T23:59:59.999999Z",
};

static void civil_times_are_glibcs_at_thousands_of_instants(void **state)
{
    const int64_t end = at_of("2101-01-01T00:00:00Z");

    (void)state;
    for (size_t i = 0; i < COUNT(many); i++) {
        const struct zone *zone = zone_of(many[i]);
        int64_t at = 0;

        setenv("TZ", many[i], 1);
        tzset();
        for (size_t k = 0; k < COUNT(far); k++)
            check_against_glibc(zone, at_of(far[k]));
        for (int k = 0; k < 4000; k++)
            check_against_glibc(zone, (int64_t)roll((uint64_t)end));
        while ((at = zone_next_change(zone, at)) != AT_NEVER) {
            check_against_glibc(zone, at - 1);
            check_against_glibc(zone, at);
        }
    }
}

/* Also proves that zone_find() gets at TZ again after somebody else has set it. */
static void the_process_is_left_in_utc(void **state)
{
    time_t now = 0;
    struct tm tm;

    (void)state;
    zones_release();
    setenv("TZ", "Asia/Tokyo", 1);
    tzset();
    assert_int_equal(zone_offset_s(zone_of("Asia/Kolkata"), 0), 19800);
    assert_string_equal(getenv("TZ"), "UTC");
    localtime_r(&now, &tm);
    assert_int_equal(tm.tm_gmtoff, 0);
    assert_ptr_equal(zone_of("Asia/Kolkata"), zone_of("Asia/Kolkata"));
}

static void a_civil_time_leads_back_to_its_instant(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(many); i++) {
        const struct zone *zone = zone_of(many[i]);

        for (int k = 0; k < 3000; k++) {
            int64_t at = (int64_t)roll(UINT64_C(4133980800000000));
            int64_t change = zone_next_change(zone, at), first, second;
            struct civil civil;

            if (k % 2 && change != AT_NEVER) /* within the hours around a change */
                at = change + (int64_t)roll(14400000000) - 7200000000;
            zone_civil(zone, at, &civil);
            first = zone_instant(zone, &civil, false);
            second = zone_instant(zone, &civil, true);
            assert_true(first <= second);
            assert_true(at == first || at == second);
        }
    }
}

/* What becomes of a wall time on the days when clocks are moved. Past days only: parliaments change
 * the others (Havana's clocks were to go back in 2026, too). */
static const struct {
    const char *zone, *wall, *first, *second;
} walls[] = {
    {"America/Los_Angeles", "2026-03-08T01:59:59Z", "2026-03-08T09:59:59Z", NULL},
    {"America/Los_Angeles", "2026-03-08T02:00:00Z", "2026-03-08T10:00:00Z", NULL},
    {"America/Los_Angeles", "2026-03-08T02:30:00.5Z", "2026-03-08T10:00:00Z", NULL},
    {"America/Los_Angeles", "2026-03-08T03:00:00Z", "2026-03-08T10:00:00Z", NULL},
    {"America/Los_Angeles", "2026-11-01T00:59:59Z", "2026-11-01T07:59:59Z", NULL},
    {"America/Los_Angeles", "2026-11-01T01:30:00Z", "2026-11-01T08:30:00Z", "2026-11-01T09:30:00Z"},
    {"America/Los_Angeles", "2026-11-01T02:00:00Z", "2026-11-01T10:00:00Z", NULL},
    {"Europe/Berlin", "2026-03-29T02:15:00Z", "2026-03-29T01:00:00Z", NULL},
    {"Europe/Berlin", "2026-10-25T02:15:00Z", "2026-10-25T00:15:00Z", "2026-10-25T01:15:00Z"},
    {"Australia/Lord_Howe", "2026-10-04T02:10:00Z", "2026-10-03T15:30:00Z", NULL},
    {"Australia/Lord_Howe", "2026-04-05T01:45:00Z", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"},
    {"Asia/Kathmandu", "2026-11-23T06:00:00Z", "2026-11-23T00:15:00Z", NULL},
    {"Asia/Kathmandu", "1986-01-01T00:10:00Z", "1985-12-31T18:30:00Z", NULL},
    {"Africa/Casablanca", "2024-03-10T02:30:00Z", "2024-03-10T01:30:00Z", "2024-03-10T02:30:00Z"},
    {"Africa/Casablanca", "2024-04-14T02:30:00Z", "2024-04-14T02:00:00Z", NULL},
    {"America/Sao_Paulo", "2018-11-04T00:00:00Z", "2018-11-04T03:00:00Z", NULL},
    {"America/Havana", "2024-11-03T00:00:00Z", "2024-11-03T04:00:00Z", "2024-11-03T05:00:00Z"},
    {"Pacific/Apia", "2011-12-30T12:00:00Z", "2011-12-30T10:00:00Z", NULL}, /* a day that was not */
    {"UTC", "2026-03-08T02:30:00Z", "2026-03-08T02:30:00Z", NULL},
};

static void skipped_times_are_the_jump_and_repeated_ones_are_two(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(walls); i++) {
        const struct zone *zone = zone_of(walls[i].zone);
        int64_t first = at_of(walls[i].first);
        int64_t second = walls[i].second ? at_of(walls[i].second) : first;
        struct civil civil;

        zone_civil(zone_utc(), at_of(walls[i].wall), &civil);
        if (zone_instant(zone, &civil, false) != first ||
            zone_instant(zone, &civil, true) != second)
            fail_msg("%s %s", walls[i].zone, walls[i].wall);
    }
}

static void fields_of_a_civil_time_may_overflow(void **state)
{
    const struct zone *zone = zone_of("Europe/Berlin");
    struct civil civil = {.year = 2026, .month = 13, .day = 32, .hour = 25, .minute = -1};

    (void)state;
    assert_int_equal(zone_instant(zone, &civil, false), at_of("2027-02-02T00:59:00+01:00"));
    civil = (struct civil){.year = INT32_MAX, .month = 1, .day = 1};
    assert_true(zone_instant(zone, &civil, false) > at_of("9999-01-01T00:00:00Z"));
    civil.year = INT32_MIN;
    assert_true(zone_instant(zone, &civil, false) < at_of("0000-01-01T00:00:00Z"));
}

static void changes_are_found_on_both_sides(void **state)
{
    const struct zone *zone = zone_of("America/Los_Angeles");
    int64_t spring = at_of("2026-03-08T10:00:00Z"), autumn = at_of("2026-11-01T09:00:00Z");
    char name[8];

    (void)state;
    assert_int_equal(zone_next_change(zone, at_of("2026-01-01T00:00:00Z")), spring);
    assert_int_equal(zone_next_change(zone, spring - 1), spring);
    assert_int_equal(zone_next_change(zone, spring), autumn);
    assert_int_equal(zone_last_change(zone, spring), spring);
    assert_int_equal(zone_last_change(zone, autumn - 1), spring);
    assert_int_equal(zone_next_change(zone, at_of("2100-12-31T00:00:00Z")), AT_NEVER);
    assert_int_equal(zone_last_change(zone, 0), AT_NONE);
    assert_int_equal(zone_next_change(zone_utc(), 0), AT_NEVER);
    assert_int_equal(zone_last_change(zone_utc(), AT_NEVER), AT_NONE);
    /* Alaska 1983: AHDT, YST and AKST were one offset under three names. */
    zone = zone_of("America/Anchorage");
    assert_int_equal(zone_next_change(zone, at_of("1983-06-01T00:00:00Z")),
                     at_of("1984-04-29T11:00:00Z"));
    assert_int_equal(zone_last_change(zone, at_of("1984-01-01T00:00:00Z")),
                     at_of("1983-04-24T12:00:00Z"));
    zone_strftime(zone, at_of("1983-11-15T00:00:00Z"), "%Z", name, sizeof name);
    assert_string_equal(name, "YST");
    zone_strftime(zone, at_of("1983-12-15T00:00:00Z"), "%Z", name, sizeof name);
    assert_string_equal(name, "AKST");
}

static void iso_texts_name_their_instant(void **state)
{
    char out[ZONE_ISO_MAX];
    int64_t at = at_of("2026-11-23T22:15:00.123456Z"), back;

    (void)state;
    check_iso(zone_of("America/Los_Angeles"), at, "2026-11-23T14:15:00-08:00");
    check_iso(zone_of("Asia/Kathmandu"), at, "2026-11-24T04:00:00+05:45");
    check_iso(zone_of("Australia/Lord_Howe"), at, "2026-11-24T09:15:00+11:00");
    check_iso(zone_of("America/St_Johns"), at, "2026-11-23T18:45:00-03:30");
    check_iso(zone_utc(), at_of("2038-01-19T03:14:08Z"), "2038-01-19T03:14:08+00:00");
    check_iso(zone_of("Etc/GMT+12"), at_of("2090-07-01T00:00:00Z"), "2090-06-30T12:00:00-12:00");
    check_iso(zone_utc(), -1, "1969-12-31T23:59:59+00:00");
    /* Liberia was at -00:44:30 until 1972: a text of whole minutes must still be the instant. */
    check_iso(zone_of("Africa/Monrovia"), 0, "1969-12-31T23:16:00-00:44");
    assert_int_equal(zone_format_iso(zone_utc(), at, 3, out), 29);
    assert_string_equal(out, "2026-11-23T22:15:00.123+00:00");
    assert_int_equal(zone_format_iso(zone_of("America/Los_Angeles"), at, 6, out), 32);
    assert_string_equal(out, "2026-11-23T14:15:00.123456-08:00");
    for (int i = 0; i < 5000; i++) {
        at = (int64_t)roll(UINT64_C(4133980800000000));
        zone_format_iso(zone_of(many[i % COUNT(many)]), at, 6, out);
        assert_int_equal(clock_parse_rfc3339(out, &back), 0);
        assert_int_equal(back, at);
    }
    zone_format_iso(zone_utc(), AT_NEVER, 6, out);
    assert_string_equal(out, "+294247-01-10T04:00:54.775807+00:00");
    zone_format_iso(zone_of("Europe/Berlin"), AT_NONE, 6, out);
    assert_int_equal(out[0], '-');
}

static void strftime_is_right_about_zone_and_seconds(void **state)
{
    const struct zone *zone = zone_of("America/Los_Angeles");
    int64_t at = at_of("2026-07-04T12:00:00Z");
    char out[64], most[2000];

    (void)state;
    assert_int_equal(zone_strftime(zone, at, "%s|%Es|%010s|%%s|%%%s", out, sizeof out), 47);
    assert_string_equal(out, "1783166400|1783166400|1783166400|%s|%1783166400");
    zone_strftime(zone, at, "%H:%M %Z%z", out, sizeof out);
    assert_string_equal(out, "05:00 PDT-0700");
    assert_int_equal(zone_strftime(zone, at, "%Y-%m-%d", out, 11), 10);
    assert_int_equal(zone_strftime(zone, at, "%Y-%m-%d", out, 10), 0);
    assert_string_equal(out, "");
    assert_int_equal(zone_strftime(zone, at, "", out, sizeof out), 0);
    memset(most, 'x', sizeof most - 1);
    most[sizeof most - 1] = '\0';
    assert_int_equal(zone_strftime(zone, at, most, out, sizeof out), 0);
}

static const char *const unknown[] = {
    "",
    "America/Nowhere",
    "America",
    "../zoneinfo/UTC",
    "/usr/share/zoneinfo/UTC",
    "America//Los_Angeles",
    "America/Los_Angeles/",
    "america/los_angeles",
    "UTC0",
    "EST5EDT,M3.2.0,M11.1.0",
    ":UTC",
    "Europe/Berlin ",
    "Europe/Berlin\n",
    "zone.tab",
    "leapseconds",
    "utc\xC3\xA9",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
};

static void unknown_zones_are_refused_and_never_taken_for_utc(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(unknown); i++) {
        const struct zone *zone = NULL;
        struct err err = {0};

        if (zone_find(&zone, unknown[i], &err) != -1)
            fail_msg("\"%s\" was found", unknown[i]);
        assert_int_equal(err.kind, ERR_INPUT);
        assert_non_null(strstr(err.text, "unknown time zone \""));
        assert_null(zone);
    }
}

static void only_zone_files_of_tzdir_are_zones_and_utc_needs_none(void **state)
{
    char folder[] = "/tmp/test-zone-XXXXXX", path[64];
    const struct zone *zone;
    struct err err;
    int fd;

    (void)state;
    zones_release();
    assert_non_null(mkdtemp(folder));
    setenv("TZDIR", folder, 1);
    snprintf(path, sizeof path, "%s/Text", folder);
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "not a zone", 10), 10);
    close(fd);
    assert_int_equal(zone_find(&zone, "Text", &err), -1);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0); /* must not hang */
    assert_int_equal(zone_find(&zone, "Text", &err), -1);
    unlink(path);
    assert_int_equal(zone_find(&zone, "Europe/Berlin", &err), -1);
    assert_int_equal(zone_find(&zone, "UTC", &err), 0);
    assert_ptr_equal(zone, zone_utc());
    assert_string_equal(zone_name(zone), "UTC");
    unsetenv("TZDIR");
    rmdir(folder);
    assert_int_equal(zone_find(&zone, "Europe/Berlin", &err), 0);
}

static const struct {
    const char *text, *expected; /* NULL: refused */
    bool is_date;
} times[] = {
    {"2026-11-23T06:00:00Z", "2026-11-23T06:00:00Z", false},
    {"2026-11-23 06:00:00.25+01:00", "2026-11-23T05:00:00.25Z", false},
    {"2026-11-23", "2026-11-23T08:00:00Z", true},
    {"2026-07-04", "2026-07-04T07:00:00Z", true},
    {"2026-11-23T06:00", "2026-11-23T14:00:00Z", false},
    {"2026-11-23 06:00", "2026-11-23T14:00:00Z", false},
    {"2026-11-23T06:00:30", "2026-11-23T14:00:30Z", false},
    {"2026-11-23 06:00:30.123456789", "2026-11-23T14:00:30.123456Z", false},
    {"2026-03-08T02:30", "2026-03-08T10:00:00Z", false}, /* skipped */
    {"2026-11-01T01:30", "2026-11-01T08:30:00Z", false}, /* repeated */
    {"-24h", "2026-12-30T12:00:00Z", false},
    {"-1h30m", "2026-12-31T10:30:00Z", false},
    {"-0s", "2026-12-31T12:00:00Z", false},
    {"-250ms", "2026-12-31T11:59:59.75Z", false},
    {"2026-13-01", NULL, false},
    {"2026-02-29", NULL, false},
    {"2026-2-9", NULL, false},
    {"2026-11-23T06", NULL, false},
    {"2026-11-23T24:00", NULL, false},
    {"2026-11-23T06:00:00.", NULL, false},
    {"2026-11-23T06:00:00+01", NULL, false},
    {"2026-11-23Z", NULL, false},
    {"2026-11-23T06:00Z", NULL, false},
    {"20261123", NULL, false},
    {"24h", NULL, false},
    {"+24h", NULL, false},
    {"-", NULL, false},
    {"-24", NULL, false},
    {"-2000000d", NULL, false},
    {"now", NULL, false},
    {"", NULL, false},
};

static void what_a_user_may_write_for_a_time(void **state)
{
    const struct zone *zone = zone_of("America/Los_Angeles");
    int64_t now_at = at_of("2026-12-31T12:00:00Z");

    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        int64_t at = AT_NONE;
        bool is_date = !times[i].is_date;
        struct err err = {0};
        int status = zone_parse_instant(zone, times[i].text, now_at, &at, &is_date, &err);

        if (status != (times[i].expected ? 0 : -1))
            fail_msg("\"%s\": %d %s", times[i].text, status, err.text);
        if (status)
            assert_int_equal(err.kind, ERR_USAGE);
        else
            assert_true(at == at_of(times[i].expected) && is_date == times[i].is_date);
    }
}

static void the_refusal_of_a_time_names_the_remedy(void **state)
{
    struct err err;
    int64_t at;

    (void)state;
    assert_int_equal(zone_parse_instant(zone_utc(), "2026-13-01", 0, &at, NULL, &err), -1);
    assert_string_equal(err.text,
                        "\"2026-13-01\" is not a time: use RFC 3339 such as "
                        "2026-11-23T06:00:00Z, 2026-11-23, \"2026-11-23 06:00\", or -24h");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(civil_times_are_glibcs_at_thousands_of_instants),
        cmocka_unit_test(the_process_is_left_in_utc),
        cmocka_unit_test(a_civil_time_leads_back_to_its_instant),
        cmocka_unit_test(skipped_times_are_the_jump_and_repeated_ones_are_two),
        cmocka_unit_test(fields_of_a_civil_time_may_overflow),
        cmocka_unit_test(changes_are_found_on_both_sides),
        cmocka_unit_test(iso_texts_name_their_instant),
        cmocka_unit_test(strftime_is_right_about_zone_and_seconds),
        cmocka_unit_test(unknown_zones_are_refused_and_never_taken_for_utc),
        cmocka_unit_test(only_zone_files_of_tzdir_are_zones_and_utc_needs_none),
        cmocka_unit_test(what_a_user_may_write_for_a_time),
        cmocka_unit_test(the_refusal_of_a_time_names_the_remedy),
    };
    int failures = cmocka_run_group_tests(tests, NULL, NULL);

    zones_release();
    return failures;
}
