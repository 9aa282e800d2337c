/* Asks glibc for a zone: where its localtime_r() changes, by steps and then by halving. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/zone_table.h"

/* Gaza (2040) and Cambridge Bay (2000) have changes less than seven days apart. After the last
 * change that a zone's file lists there is one yearly rule, of summer and winter: longer steps do,
 * and glibc is ten times slower there. */
static const int64_t listed_step_s = 6 * INT64_C(86400);
static const int64_t ruled_step_s = 30 * INT64_C(86400);
static const int64_t first_s = 0;
static const int64_t last_s = INT64_C(4133980800); /* 2101-01-01 */

/* The process's TZ from the first use on. setenv() would move the environment under other threads'
 * getenv() (libcurl's resolvers call it), so this one buffer is put there once and changed in
 * place; its last byte is always zero, so that whoever reads it stays inside. It is left at UTC, as
 * putting an earlier value back would need setenv() again. */
static char tz_variable[3 + ZONE_NAME_MAX] = "TZ=UTC";

static int set_tz(const char *name)
{
    const char *present = getenv("TZ");

    if (present != tz_variable + 3 && putenv(tz_variable))
        return -1;
    strncpy(tz_variable + 3, name, ZONE_NAME_MAX - 1);
    tzset();
    return 0;
}

/* No dots at all: there is no such zone, and "..", "zone.tab" and the like are out with them. */
static bool is_zone_name(const char *name)
{
    size_t length = strlen(name);

    return length && length < ZONE_NAME_MAX &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
               length &&
           name[0] != '/' && name[length - 1] != '/' && !strstr(name, "//");
}

static int64_t big_endian(const unsigned char *bytes, int count)
{
    uint64_t value = 0;

    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return (int64_t)value;
}

/* The last change that a file (RFC 8536, its second part) lists; INT64_MAX: cannot be told. */
static int64_t last_listed(const unsigned char *bytes, int64_t length)
{
    /* What one of each of a header's six counts takes up in the first part. */
    static const int sizes[] = {1, 1, 8, 5, 6, 1};
    const int64_t header = 44;
    const unsigned char *counts = bytes + 20;
    int64_t second = header, count;

    if (length < header || bytes[4] < '2')
        return INT64_MAX;
    for (int i = 0; i < 6; i++, counts += 4)
        second += big_endian(counts, 4) * sizes[i];
    if (length < second + header)
        return INT64_MAX;
    count = big_endian(bytes + second + 32, 4);
    if (length < second + header + count * 8)
        return INT64_MAX;
    return count ? big_endian(bytes + second + header + (count - 1) * 8, 8) : first_s;
}

/* glibc takes a name that it does not know for UTC and says nothing: look first. */
static bool has_zone_file(const char *name, int64_t *listed_s)
{
    const char *folder = getenv("TZDIR");
    unsigned char bytes[8192];
    struct stat status;
    ssize_t got = -1;
    char path[1024];
    int length, fd;

    length = snprintf(path, sizeof path, "%s/%s",
                      folder && *folder ? folder : "/usr/share/zoneinfo", name);
    if (length < 0 || (size_t)length >= sizeof path)
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return false;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        got = read(fd, bytes, sizeof bytes);
    close(fd);
    if (got < 4 || memcmp(bytes, "TZif", 4) != 0)
        return false;
    *listed_s = last_listed(bytes, got);
    return true;
}

static void look(int64_t second, struct zone_span *span)
{
    time_t instant = (time_t)second;
    struct tm tm;

    *span = (struct zone_span){0};
    if (!localtime_r(&instant, &tm))
        return;
    span->offset_s = (int32_t)tm.tm_gmtoff;
    snprintf(span->abbreviation, sizeof span->abbreviation, "%s", tm.tm_zone);
}

static bool is_same(const struct zone_span *a, const struct zone_span *b)
{
    return a->offset_s == b->offset_s && strcmp(a->abbreviation, b->abbreviation) == 0;
}

static bool holds(const struct zone_span *before, int64_t second)
{
    struct zone_span span;

    look(second, &span);
    return is_same(&span, before);
}

/* The first second that differs from `before`, which holds at `low` and no longer at `high`. */
static int64_t halve(int64_t low, int64_t high, int64_t grain, const struct zone_span *before)
{
    while (high - low > grain) {
        int64_t middle = low + (high - low) / grain / 2 * grain;

        if (holds(before, middle))
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* Nearly every change is on a quarter of an hour: halving those costs half as many questions. */
static int64_t find_change(int64_t low, int64_t high, const struct zone_span *before)
{
    int64_t quarter = halve(low, high, 900, before);

    return holds(before, quarter - 1) ? quarter : halve(quarter - 900, quarter, 1, before);
}

static int add_span(struct zone *zone, const struct zone_span *span)
{
    /* Doubles at every power of two. */
    if ((zone->count & (zone->count - 1)) == 0) {
        struct zone_span *spans;

        if (zone->count >= ZONE_SPANS_MAX)
            return -1;
        spans = realloc(zone->spans, (zone->count ? zone->count * 2 : 1) * sizeof *spans);
        if (!spans)
            return -1;
        zone->spans = spans;
    }
    zone->spans[zone->count++] = *span;
    return 0;
}

static int collect(struct zone *zone, int64_t listed_s)
{
    struct zone_span before, span;
    int64_t at = first_s;

    look(at, &before);
    before.starts_at = AT_NONE;
    if (add_span(zone, &before))
        return -1;
    while (at < last_s) {
        int64_t from = at, changed;

        at += at <= listed_s ? listed_step_s : ruled_step_s;
        look(at, &span);
        if (is_same(&span, &before))
            continue;
        changed = find_change(from, at, &before);
        look(changed, &before);
        before.starts_at = changed * US_PER_SECOND;
        if (add_span(zone, &before))
            return -1;
    }
    return 0;
}

struct zone *zone_probe(const char *name, struct err *err)
{
    struct zone *zone;
    int64_t listed_s;
    int status;

    if (!is_zone_name(name) || !has_zone_file(name, &listed_s)) {
        err_set(err, ERR_INPUT,
                "unknown time zone \"%.80s\", must be an IANA name such as \"America/Los_Angeles\"",
                name);
        return NULL;
    }
    zone = calloc(1, sizeof *zone);
    if (!zone || set_tz(name))
        goto fail;
    memcpy(zone->name, name, strlen(name) + 1);
    status = collect(zone, listed_s);
    set_tz("UTC");
    if (status)
        goto fail;
    return zone;
fail:
    zone_free(zone);
    err_memory(err);
    return NULL;
}

void zone_free(struct zone *zone)
{
    if (zone)
        free(zone->spans);
    free(zone);
}
