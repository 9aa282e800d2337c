#include <inttypes.h>
#include <stdio.h>

#include "companion/open.h"

static const struct option_row options[] = {OPTION_CONFIG, OPTION_STORE, {0}};

static void print_count(const char *name, uint64_t count)
{
    printf("%-19s %" PRIu64 "\n", name, count);
}

static void print_instant(const char *name, int64_t at)
{
    char text[ZONE_ISO_MAX] = "";

    if (at != AT_NONE)
        zone_format_iso(zone_utc(), at, 3, text);
    printf("%-19s %s\n", name, text);
}

static void print_rate(const struct store_stat *stat)
{
    double days;

    if (stat->oldest_at == AT_NONE)
        return;
    /* Of a few minutes most is what an empty store takes, too. */
    days = ((double)stat->newest_at - (double)stat->oldest_at) / (double)US_PER_DAY;
    if (days < 1.0 / 24)
        return;
    print_count("disk_bytes_per_day", (uint64_t)((double)stat->used_bytes / days));
}

static int run(const struct arguments *arguments, struct err *err)
{
    struct store *store = NULL;
    struct store_stat stat;
    int result = -1;

    if (open_store(&store, arguments, err) || store_stat(store, &stat, err))
        goto fail;
    print_count("feeds", stat.feeds);
    print_count("polls", stat.polls);
    print_count("missed", stat.missed);
    print_count("bodies", stat.bodies);
    print_count("raw_bytes", stat.raw_bytes);
    print_count("disk_bytes", stat.file_bytes);
    print_count("used_bytes", stat.used_bytes);
    printf("%-19s %.2f\n", "ratio",
           stat.file_bytes ? (double)stat.raw_bytes / (double)stat.file_bytes : 0);
    print_instant("oldest", stat.oldest_at);
    print_instant("newest", stat.newest_at);
    print_rate(&stat);
    result = 0;
fail:
    store_close(store);
    return result;
}

const struct command command_stat = {
    .name = "stat",
    .operands = "",
    .help = "how much is stored, and on how much disk",
    .details =
        "A name and a value a line. Of these polls so many are missed ones; disk_bytes is the\n"
        "file's size, used_bytes what of it is in use; ratio is raw_bytes / disk_bytes.",
    .options = options,
    .run = run,
};
