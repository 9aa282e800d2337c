/* Instants, durations, sizes and Retry-After as servers and people write them: each reader reads
 * the text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "feeds/feed_read.h"
#include "scheduler/fetch.h"
#include "tests/fuzz/input.h"

/* Years 0 to 10000: all that four digits and an offset may mean. */
static const int64_t first_at = INT64_C(-62167392000) * US_PER_SECOND,
                     last_at = INT64_C(253402387200) * US_PER_SECOND;

static void read_duration(const char *text)
{
    char written[CLOCK_DURATION_MAX];
    int64_t ms, again;

    if (clock_parse_duration(text, strlen(text), &ms))
        return;
    must(ms >= 0);
    clock_format_duration(ms, written);
    must(clock_parse_duration(written, strlen(written), &again) == 0 && again == ms);
}

static void read_size(const char *text)
{
    char written[CLOCK_SIZE_MAX];
    int64_t bytes, again;

    if (clock_parse_size(text, strlen(text), &bytes))
        return;
    must(bytes >= 0);
    clock_format_size(bytes, written);
    must(clock_parse_size(written, strlen(written), &again) == 0 && again == bytes);
}

static void read_rfc3339(const char *text)
{
    int64_t at, again;
    int year, month, day;
    char written[64];

    if (clock_parse_rfc3339(text, &at))
        return;
    must(at >= first_at && at < last_at);
    clock_date_from_days(clock_floor_div(at, US_PER_DAY), &year, &month, &day);
    must(clock_days_from_date(year, month, day) == clock_floor_div(at, US_PER_DAY));
    if (year < 0 || year > 9999)
        return;
    snprintf(written, sizeof written, "%04d-%02d-%02dT00:00:00Z", year, month, day);
    must(clock_parse_rfc3339(written, &again) == 0);
    must(again == clock_floor_div(at, US_PER_DAY) * US_PER_DAY);
}

static void read_http(const char *text)
{
    static const int64_t nows[] = {0, INT64_C(1700000000000000), INT64_C(-1)};
    int64_t at;

    if (clock_parse_http_date(text, &at) == 0)
        must(at >= first_at && at < last_at && at % US_PER_SECOND == 0);
    for (size_t i = 0; i < sizeof nows / sizeof nows[0]; i++) {
        int64_t ms = fetch_retry_after_ms(text, nows[i]);

        must(ms >= -1 && ms <= MS_PER_DAY);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = size ? strndup((const char *)data, size) : strdup("");
    int64_t from_at, until_at;

    must(text);
    read_duration(text);
    read_size(text);
    read_rfc3339(text);
    read_http(text);
    if (read_instant_text(text, zone_utc(), false, &from_at) == 0) {
        must(read_instant_text(text, zone_utc(), true, &until_at) == 0);
        must(until_at == from_at || until_at == from_at + US_PER_DAY);
    }
    free(text);
    return 0;
}
