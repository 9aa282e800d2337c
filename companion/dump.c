#include "export/dump.h"

#include <inttypes.h>
#include <stdio.h>

#include "companion/dump_words.h"
#include "companion/following.h"
#include "companion/open.h"
#include "companion/output_dir.h"
#include "companion/progress.h"
#include "companion/range.h"

enum { COLUMNS_TEXT_MAX = 1024 * 1024 };

static const struct option_row options[] = {
    OPTION_CONFIG,
    OPTION_STORE,
    DUMP_WORDS(OPTION_WORD),
    {OPTION_TEXT, 0, "split", ARGUMENT(split), "BY",
     "feed, day or hour: DIR/FEED.csv, DIR/2026-11-23.csv, DIR/2026-11-23T22.csv"},
    {OPTION_FLAG, 0, "follow", ARGUMENT(is_following), NULL,
     "go on with the rows of every poll to come"},
    {OPTION_TEXT, 'o', "output", ARGUMENT(output), "FILE|DIR",
     "write FILE, or files into DIR, whole or not at all, and not to stdout"},
    {0},
};

static void tell(const char *feed, uint64_t count, const char *one, const char *many)
{
    if (count)
        fprintf(stderr, "pollard: %s: %" PRIu64 " %s\n", feed, count, count == 1 ? one : many);
}

static void on_feed(void *cookie, const char *feed, const struct dump_counts *counts)
{
    struct progress *progress = cookie;

    progress_clear(progress);
    tell(feed, counts->invalid, "invalid body gave no rows", "invalid bodies gave no rows");
    tell(feed, counts->bodies_without_rows, "body had no rows", "bodies had no rows");
    tell(feed, counts->duplicate_cells, "cell was there twice: the last was taken",
         "cells were there twice: the last was taken");
    tell(feed, counts->replaced_bytes, "byte was not UTF-8 and was replaced",
         "bytes were not UTF-8 and were replaced");
}

static void on_unmet(void *cookie, const char *feed, const char *column, const char *path)
{
    progress_clear(cookie);
    fprintf(stderr, "pollard: %s%scolumn \"%s\"%s%s%s: no row has it\n", feed ? feed : "",
            feed ? ": " : "", column, path ? " (" : "", path ? path : "", path ? ")" : "");
}

static void on_progress(void *cookie, double share, uint64_t bytes)
{
    progress_draw(cookie, share, bytes);
}

/* Where a dump goes: one of the two. */
struct goal {
    struct output output;
    struct output_dir dir;
};

static int goal_open(struct goal *goal, const struct arguments *arguments,
                     struct dump_options *dump, struct err *err)
{
    if (dump->split == SPLIT_NONE && dump->format != DUMP_RAW)
        return output_open(&goal->output, arguments->output, err);
    dump->files = &goal->dir.files;
    return output_dir_open(&goal->dir, arguments->output, err);
}

static int goal_commit(struct goal *goal, struct err *err)
{
    return goal->dir.path ? output_dir_commit(&goal->dir, err) : output_commit(&goal->output, err);
}

static int dump_store(const struct arguments *arguments, struct dump_options *dump,
                      struct store *store, struct err *err)
{
    struct goal goal = {.output = {.fd = -1}};
    struct dump_counts counts;
    int result = goal_open(&goal, arguments, dump, err);

    if (!result && arguments->is_following)
        result = following_run(store, dump, &goal.output, err);
    else if (!result)
        result = dump_run(store, dump, &goal.output.sink, &counts, err);
    if (!result)
        result = goal_commit(&goal, err);
    if (!result && !arguments->is_following && !counts.polls)
        fputs("pollard: no answered polls in this range\n", stderr);
    dump->files = NULL;
    output_close(&goal.output);
    output_dir_close(&goal.dir);
    return result;
}

static int dump_into(const struct arguments *arguments, struct dump_options *dump, struct err *err)
{
    struct progress progress;
    const struct dump_watcher watcher = {
        .on_feed = on_feed, .on_progress = on_progress, .on_unmet = on_unmet, .cookie = &progress};
    struct store *store = NULL;
    int result = -1;

    progress_init(&progress, arguments->output != NULL);
    progress.is_shown = progress.is_shown && !arguments->is_following;
    dump->watcher = &watcher;
    if (!open_store(&store, arguments, err) && !range_read(arguments, store, &dump->range, err))
        result = dump_store(arguments, dump, store, err);
    dump->watcher = NULL;
    progress_clear(&progress);
    store_close(store);
    return result;
}

static int run(const struct arguments *arguments, struct err *err)
{
    struct dump_options dump = {0};
    struct buf columns;
    int result = -1;

    buf_init(&columns, COLUMNS_TEXT_MAX);
    if (!range_check(arguments, err) && !dump_words(arguments, &dump, &columns, err))
        result = dump_into(arguments, &dump, err);
    buf_release(&columns);
    return result;
}

const struct command command_dump = {
    .name = "dump",
    .operands = "[FEED…]",
    .operands_most = SIZE_MAX,
    .help = "the stored answers' rows as CSV",
    .details = "T is 2026-11-23T22:15:00Z, a date or time of the zone (2026-11-23,\n"
               "\"2026-11-23 06:00\"), or that long ago: -24h.\n"
               "Files split by feed have the columns of their feed; split by day or hour (of\n"
               "call_time) all have the same. SLOT is in UTC: 2026-11-23T221500.000000Z.\n"
               "--follow writes the range first, and has the columns of the range; it ends with\n"
               "Ctrl-C.",
    .options = options,
    .run = run,
};
