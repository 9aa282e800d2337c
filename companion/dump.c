#include "export/dump.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "companion/open.h"
#include "companion/output.h"
#include "companion/progress.h"
#include "companion/range.h"

enum { COLUMNS_TEXT_MAX = 1024 * 1024 };

static const struct option_row options[] = {
    OPTION_CONFIG,
    OPTION_STORE,
    {OPTION_TEXT, 0, "from", ARGUMENT(from), "T", "calls at or after T"},
    {OPTION_TEXT, 0, "to", ARGUMENT(to), "T", "calls before T"},
    OPTION_ZONE,
    {OPTION_TEXT, 0, "time-format", ARGUMENT(time_format), "FORMAT",
     "of call_time: iso, unix, unix-ms, or for strftime such as \"%d.%m. %H:%M\""},
    {OPTION_TEXT, 0, "rows", ARGUMENT(rows), "PATH", "where the rows are: \"$.features\""},
    {OPTION_TEXT, 0, "columns", ARGUMENT(columns), "LIST",
     "names with commas between, or JSON as in the feed's \"columns\""},
    {OPTION_TEXT, 0, "last", ARGUMENT(last), "N",
     "of each feed only the last N polls that were answered"},
    {OPTION_TEXT, 0, "with", ARGUMENT(with), "LIST",
     "columns of \"pollard polls\" after call_time: slot,status"},
    {OPTION_FLAG, 0, "changes-only", ARGUMENT(is_changes_only), NULL,
     "leave out what was the same as before"},
    {OPTION_TEXT, 'o', "output", ARGUMENT(output), "FILE",
     "write FILE, whole or not at all, and not to stdout"},
    {OPTION_LATER, 0, "kind", 0, "KIND", NULL},
    {OPTION_LATER, 0, "format", 0, "FORMAT", NULL},
    {OPTION_LATER, 0, "split", 0, "BY", NULL},
    {OPTION_LATER, 0, "follow", 0, NULL, NULL},
    {OPTION_LATER, 0, "spreadsheet-safe", 0, NULL, NULL},
    {0},
};

static int read_time_format(const char *text, struct dump_options *dump, struct err *err)
{
    if (!text || strcmp(text, "iso") == 0) {
        dump->time_format = TIME_ISO;
    } else if (strcmp(text, "unix") == 0) {
        dump->time_format = TIME_UNIX;
    } else if (strcmp(text, "unix-ms") == 0) {
        dump->time_format = TIME_UNIX_MS;
    } else if (strchr(text, '%')) {
        dump->time_format = TIME_STRFTIME;
        dump->strftime_format = text;
    } else {
        return err_set(err, ERR_USAGE,
                       "--time-format \"%s\" must be iso, unix, unix-ms or hold a %% for strftime",
                       text);
    }
    return 0;
}

static int read_last(const char *text, uint64_t *last, struct err *err)
{
    char *end;

    if (!text)
        return 0;
    errno = 0;
    *last = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || !*last)
        return err_set(err, ERR_USAGE, "--last \"%s\" must be a number from 1", text);
    return 0;
}

/* `a,b` → `["a","b"]`; JSON stays as it is. */
static int read_columns(const char *text, struct buf *json, struct err *err)
{
    const char *before = "[";

    if (*text == '[' || *text == '{')
        return buf_append_text(json, text) ? err_memory(err) : 0;
    for (;;) {
        size_t length = strcspn(text, ",");

        if (!length)
            return err_set(err, ERR_USAGE, "--columns has an empty name");
        if (buf_append_text(json, before) || json_write_string(json, text, length))
            return err_memory(err);
        if (!text[length])
            break;
        text += length + 1;
        before = ",";
    }
    return buf_append_char(json, ']') ? err_memory(err) : 0;
}

static int read_options(const struct arguments *arguments, struct dump_options *dump,
                        struct buf *columns, struct err *err)
{
    dump->rows = arguments->rows;
    dump->with = arguments->with;
    dump->is_changes_only = arguments->is_changes_only;
    if (read_time_format(arguments->time_format, dump, err) ||
        read_last(arguments->last, &dump->last, err))
        return -1;
    if (!arguments->columns)
        return 0;
    if (read_columns(arguments->columns, columns, err))
        return -1;
    dump->columns = buf_text(columns);
    return dump->columns ? 0 : err_memory(err);
}

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
    tell(feed, counts->undecoded, "body has a format without rows",
         "bodies have a format without rows");
    tell(feed, counts->bodies_without_rows, "body had no rows", "bodies had no rows");
    tell(feed, counts->duplicate_cells, "cell was there twice: the last was taken",
         "cells were there twice: the last was taken");
    tell(feed, counts->replaced_bytes, "byte was not UTF-8 and was replaced",
         "bytes were not UTF-8 and were replaced");
}

static void on_progress(void *cookie, double share)
{
    progress_draw(cookie, share);
}

static int dump_into(const struct arguments *arguments, struct dump_options *dump,
                     struct output *output, struct err *err)
{
    struct store *store = NULL;
    struct dump_counts counts;
    struct progress progress;
    const struct dump_watcher watcher = {on_feed, on_progress, &progress};
    int result = -1;

    progress_init(&progress, arguments->output != NULL);
    dump->watcher = &watcher;
    if (open_store(&store, arguments, err) || range_read(arguments, store, &dump->range, err) ||
        output_open(output, arguments->output, err) ||
        dump_run(store, dump, &output->sink, &counts, err) || output_commit(output, err))
        goto fail;
    if (!counts.polls)
        fputs("pollard: no answered polls in this range\n", stderr);
    result = 0;
fail:
    dump->watcher = NULL;
    progress_clear(&progress);
    store_close(store);
    return result;
}

static int run(const struct arguments *arguments, struct err *err)
{
    struct dump_options dump = {0};
    struct output output = {.fd = -1};
    struct buf columns;
    int result = -1;

    buf_init(&columns, COLUMNS_TEXT_MAX);
    if (!range_check(arguments, err) && !read_options(arguments, &dump, &columns, err))
        result = dump_into(arguments, &dump, &output, err);
    output_close(&output);
    buf_release(&columns);
    return result;
}

const struct command command_dump = {
    .name = "dump",
    .operands = "[FEED…]",
    .operands_most = SIZE_MAX,
    .help = "the stored answers' rows as CSV",
    .details = "T is 2026-11-23T22:15:00Z, a date or time of the zone (2026-11-23,\n"
               "\"2026-11-23 06:00\"), or that long ago: -24h.",
    .options = options,
    .run = run,
};
