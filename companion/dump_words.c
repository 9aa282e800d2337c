#include "companion/dump_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

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

static int read_format(const char *text, enum dump_format *format, struct err *err)
{
    static const char *const names[] = {
        [DUMP_CSV] = "csv", [DUMP_TSV] = "tsv", [DUMP_NDJSON] = "ndjson", [DUMP_RAW] = "raw"};
    size_t i;

    for (i = 0; text && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], text) != 0)
            continue;
        *format = (enum dump_format)i;
        return 0;
    }
    return text ? err_set(err, ERR_USAGE, "--format \"%s\" must be csv, tsv, ndjson or raw", text)
                : 0;
}

static int read_split(const char *text, enum dump_split *split, struct err *err)
{
    static const char *const names[] = {
        [SPLIT_NONE] = "", [SPLIT_FEED] = "feed", [SPLIT_DAY] = "day", [SPLIT_HOUR] = "hour"};
    size_t i;

    for (i = SPLIT_FEED; text && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], text) != 0)
            continue;
        *split = (enum dump_split)i;
        return 0;
    }
    return text ? err_set(err, ERR_USAGE, "--split \"%s\" must be feed, day or hour", text) : 0;
}

/* Words that contradict each other. */
static int check_together(const struct arguments *arguments, const struct dump_options *dump,
                          struct err *err)
{
    bool is_raw = dump->format == DUMP_RAW, is_split = dump->split != SPLIT_NONE;
    bool has_output = arguments->output != NULL;
    const struct {
        bool is_wrong;
        const char *text;
    } wrongs[] = {
        {arguments->is_following && has_output, "--follow writes to stdout: not with -o"},
        {arguments->is_following && is_split, "--follow writes to stdout: not with --split"},
        {is_split && is_raw, "--format raw has a file for each body: not with --split"},
        {is_split && !has_output, "--split writes files: say -o DIR"},
        {is_raw && !has_output, "--format raw writes files: say -o DIR"},
        {is_raw && (arguments->rows || arguments->columns || arguments->with || arguments->kind ||
                    arguments->time_format),
         "--format raw gives bodies as they are: not with --rows, --columns, --with, --kind or "
         "--time-format"},
        {arguments->is_spreadsheet_safe && (is_raw || dump->format == DUMP_NDJSON),
         "--spreadsheet-safe is for csv and tsv"},
    };
    size_t i;

    for (i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        if (wrongs[i].is_wrong)
            return err_set(err, ERR_USAGE, "%s", wrongs[i].text);
    }
    return 0;
}

int dump_words(const struct arguments *arguments, struct dump_options *dump, struct buf *columns,
               struct err *err)
{
    dump->rows = arguments->rows;
    dump->with = arguments->with;
    dump->kind = arguments->kind;
    dump->is_changes_only = arguments->is_changes_only;
    dump->is_spreadsheet_safe = arguments->is_spreadsheet_safe;
    if (read_format(arguments->format, &dump->format, err) ||
        read_split(arguments->split, &dump->split, err) || check_together(arguments, dump, err) ||
        read_time_format(arguments->time_format, dump, err) ||
        read_last(arguments->last, &dump->last, err))
        return -1;
    if (!arguments->columns)
        return 0;
    if (read_columns(arguments->columns, columns, err))
        return -1;
    dump->columns = buf_text(columns);
    return dump->columns ? 0 : err_memory(err);
}
