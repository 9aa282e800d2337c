#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/zone.h"
#include "companion/open.h"

static const struct option_row options[] = {
    OPTION_CONFIG,
    OPTION_STORE,
    {OPTION_FLAG, 0, "json", ARGUMENT(words.is_json), NULL, "one JSON object, each feed in it"},
    {0},
};

/* Of a shorter time most is what an empty store takes, too. */
#define RATE_LEAST_US (US_PER_DAY / 24)

/* Bytes on disk that a day takes; 0: nobody can say yet. */
static uint64_t day_bytes(const struct store_stat *stat)
{
    int64_t span_us = stat->oldest_at == AT_NONE ? 0 : stat->newest_at - stat->oldest_at;

    if (span_us < RATE_LEAST_US)
        return 0;
    return (uint64_t)((double)stat->used_bytes / ((double)span_us / (double)US_PER_DAY));
}

static double ratio_of(const struct store_stat *stat)
{
    uint64_t bytes = stat->file_bytes ? stat->file_bytes : stat->used_bytes;

    return bytes ? (double)stat->raw_bytes / (double)bytes : 0;
}

static void print_count(const char *name, uint64_t count)
{
    printf("%-19s %" PRIu64 "\n", name, count);
}

/* "": there is none. */
static void format_instant(int64_t at, char text[ZONE_ISO_MAX])
{
    text[0] = '\0';
    if (at != AT_NONE)
        zone_format_iso(zone_utc(), at, 3, text);
}

static void print_instant(const char *name, int64_t at)
{
    char text[ZONE_ISO_MAX];

    format_instant(at, text);
    printf("%-19s %s\n", name, text);
}

static void print_sum(const struct store_stat *stat)
{
    print_count("feeds", stat->feeds);
    print_count("polls", stat->polls);
    print_count("missed", stat->missed);
    print_count("bodies", stat->bodies);
    print_count("raw_bytes", stat->raw_bytes);
    print_count("disk_bytes", stat->file_bytes);
    print_count("used_bytes", stat->used_bytes);
    printf("%-19s %.2f\n", "ratio", ratio_of(stat));
    print_instant("oldest", stat->oldest_at);
    print_instant("newest", stat->newest_at);
    if (day_bytes(stat))
        print_count("disk_bytes_per_day", day_bytes(stat));
}

static void print_json_instant(const char *name, int64_t at)
{
    char text[ZONE_ISO_MAX];

    format_instant(at, text);
    printf(text[0] ? "\"%s\":\"%s\"," : "\"%s\":null,", name, text);
}

/* What the sum and a feed have in common. */
static void print_json_figures(const struct store_stat *stat)
{
    printf("\"polls\":%" PRIu64 ",\"missed\":%" PRIu64 ",\"bodies\":%" PRIu64
           ",\"raw_bytes\":%" PRIu64 ",\"used_bytes\":%" PRIu64 ",\"ratio\":%.2f,",
           stat->polls, stat->missed, stat->bodies, stat->raw_bytes, stat->used_bytes,
           ratio_of(stat));
    print_json_instant("oldest", stat->oldest_at);
    print_json_instant("newest", stat->newest_at);
    if (day_bytes(stat))
        printf("\"disk_bytes_per_day\":%" PRIu64, day_bytes(stat));
    else
        fputs("\"disk_bytes_per_day\":null", stdout);
}

/* Names of feeds need no escapes: letters, digits and "._-". */
static void print_json(const struct store_stat *sum, const struct store_feed_stat *feeds,
                       size_t count)
{
    size_t i;

    printf("{\"feeds\":%" PRIu64 ",\"disk_bytes\":%" PRIu64 ",", sum->feeds, sum->file_bytes);
    print_json_figures(sum);
    fputs(",\"per_feed\":[", stdout);
    for (i = 0; i < count; i++) {
        printf("%s\n{\"feed\":\"%s\",", i ? "," : "", feeds[i].feed.name);
        print_json_figures(&feeds[i].stat);
        putchar('}');
    }
    puts("]}");
}

static void print_feeds(const struct store_feed_stat *feeds, size_t count)
{
    size_t i;

    puts("feed,polls,missed,bodies,raw_bytes,used_bytes,ratio,oldest,newest,disk_bytes_per_day");
    for (i = 0; i < count; i++) {
        const struct store_stat *stat = &feeds[i].stat;
        char oldest[ZONE_ISO_MAX], newest[ZONE_ISO_MAX];

        format_instant(stat->oldest_at, oldest);
        format_instant(stat->newest_at, newest);
        printf("%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.2f,%s,%s,",
               feeds[i].feed.name, stat->polls, stat->missed, stat->bodies, stat->raw_bytes,
               stat->used_bytes, ratio_of(stat), oldest, newest);
        if (day_bytes(stat))
            printf("%" PRIu64, day_bytes(stat));
        putchar('\n');
    }
}

/* Leaves those that FEED… means, in front. ERR_ABSENT: a word means none. */
static int choose(const struct arguments *arguments, struct store_feed_stat *feeds, size_t *count,
                  struct err *err)
{
    bool *has_matched = calloc(arguments->feed_count + 1, sizeof *has_matched);
    size_t i, chosen = 0;
    int result = 0;

    if (!has_matched)
        return err_memory(err);
    for (i = 0; i < *count; i++) {
        if (feed_is_meant(arguments, feeds[i].feed.name, has_matched))
            feeds[chosen++] = feeds[i];
    }
    *count = chosen;
    for (i = 0; i < arguments->feed_count && !result; i++) {
        if (!has_matched[i])
            result = err_set(err, ERR_ABSENT, "no feed \"%s\" in the store", arguments->feeds[i]);
    }
    free(has_matched);
    return result;
}

static int run(const struct arguments *arguments, struct err *err)
{
    struct store *store = NULL;
    struct store_feed_stat *feeds = NULL;
    struct store_stat sum;
    size_t count;
    int result = -1;

    if (open_store(&store, arguments, err) || store_stat_feeds(store, &sum, &feeds, &count, err) ||
        choose(arguments, feeds, &count, err))
        goto fail;
    if (arguments->words.is_json)
        print_json(&sum, feeds, count);
    else if (arguments->feed_count)
        print_feeds(feeds, count);
    else
        print_sum(&sum);
    result = 0;
fail:
    free(feeds);
    store_close(store);
    return result;
}

const struct command command_stat = {
    .name = "stat",
    .operands = "[FEED…]",
    .operands_most = SIZE_MAX,
    .help = "how much is stored, and on how much disk",
    .details =
        "A name and a value a line; with FEED… a CSV row for each of these feeds. Of the polls so\n"
        "many are missed ones; disk_bytes is the file's size, used_bytes what of it is in use (a\n"
        "feed's part of it); ratio is raw_bytes / disk_bytes, of a feed / used_bytes;\n"
        "disk_bytes_per_day is used_bytes over the time from oldest to newest, from an hour on.",
    .options = options,
    .run = run,
};
