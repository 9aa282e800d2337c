#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "companion/lines.h"
#include "companion/now.h"
#include "companion/open.h"
#include "feeds/template.h"
#include "scheduler/plan.h"

enum { CELL_MAX = 64 * 1024, COLUMNS = 4 };

static const struct option_row options[] = {OPTION_CONFIG, OPTION_STORE, {0}};

static int write_interval(const struct schedule *schedule, struct buf *out)
{
    char text[CLOCK_DURATION_MAX];
    size_t i;

    if (schedule->interval_ms) {
        clock_format_duration(schedule->interval_ms, text);
        return buf_append_text(out, text);
    }
    for (i = 0; i < schedule->time_count; i++) {
        unsigned second = schedule->times[i];

        if (buf_printf(out, "%s%02u:%02u", i ? "," : "at ", second / 3600, second / 60 % 60) ||
            (second % 60 && buf_printf(out, ":%02u", second % 60)))
            return -1;
    }
    return 0;
}

static int write_next(const struct feed *feed, int64_t now_at, struct buf *out)
{
    struct plan plan = {&feed->schedule, AT_NEVER};
    int64_t slot_at = feed->enabled ? plan_slot_from(&plan, now_at) : AT_NEVER;
    char text[ZONE_ISO_MAX];

    if (!feed->enabled)
        return buf_append_text(out, "disabled");
    if (slot_at == AT_NEVER)
        return buf_append_text(out, "none");
    zone_format_iso(feed->schedule.zone, slot_at, 3, text);
    return buf_append_text(out, text);
}

static int write_cell(const struct feed *feed, size_t column, int64_t now_at, struct buf *out)
{
    switch (column) {
    case 0:
        return buf_append_text(out, feed->name);
    case 1:
        return write_interval(&feed->schedule, out);
    case 2:
        return write_next(feed, now_at, out);
    default:
        return template_display_url(feed, now_at, out);
    }
}

static int add_feed(struct lines *lines, const struct feed *feed, int64_t now_at)
{
    const char *cells[COLUMNS];
    struct buf texts[COLUMNS];
    int result = 0;

    for (size_t i = 0; i < COLUMNS; i++) {
        buf_init(&texts[i], CELL_MAX);
        cells[i] = write_cell(feed, i, now_at, &texts[i]) ? NULL : buf_text(&texts[i]);
        if (!cells[i])
            result = -1;
    }
    if (!result)
        result = lines_add(lines, cells);
    for (size_t i = 0; i < COLUMNS; i++)
        buf_release(&texts[i]);
    return result;
}

static int check_words(const struct arguments *arguments, const bool *has_matched, struct err *err)
{
    size_t i;

    for (i = 0; i < arguments->feed_count; i++) {
        if (!has_matched[i])
            return err_set(err, ERR_ABSENT, "no feed \"%s\" in the configuration",
                           arguments->feeds[i]);
    }
    return 0;
}

static int collect(const struct arguments *arguments, const struct feed_set *set,
                   struct lines *lines, struct err *err)
{
    static const char *const header[COLUMNS] = {"name", "interval", "next slot", "url"};
    bool *has_matched = calloc(arguments->feed_count + 1, sizeof *has_matched);
    int64_t now_at = now_wall();
    int result = -1;
    size_t i;

    if (!has_matched || lines_add(lines, header)) {
        err_memory(err);
        goto fail;
    }
    for (i = 0; i < set->count; i++) {
        if (feed_is_meant(arguments, set->feeds[i]->name, has_matched) &&
            add_feed(lines, set->feeds[i], now_at)) {
            err_memory(err);
            goto fail;
        }
    }
    /* A feed whose file is broken is not there, and that is the mistake to tell. */
    result = set->mistake_count ? 0 : check_words(arguments, has_matched, err);
fail:
    free(has_matched);
    return result;
}

static int print_feeds(const struct arguments *arguments, const struct feed_set *set,
                       struct err *err)
{
    struct lines lines;
    int result;

    lines_init(&lines, COLUMNS);
    result = collect(arguments, set, &lines, err);
    if (!result)
        lines_print(&lines);
    lines_release(&lines);
    return result ? -1 : feeds_verdict(set, err);
}

static int run(const struct arguments *arguments, struct err *err)
{
    struct feed_set *set;
    int result;

    if (open_feeds(&set, arguments, err))
        return -1;
    result = print_feeds(arguments, set, err);
    feed_set_free(set);
    return result;
}

const struct command command_feeds = {
    .name = "feeds",
    .operands = "[FEED…]",
    .operands_most = SIZE_MAX,
    .help = "the feeds as pollardd sees them: name, interval, next slot, url",
    .options = options,
    .run = run,
};
