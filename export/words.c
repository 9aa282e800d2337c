#include "export/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/nearest.h"
#include "export/selection.h"

enum { TABLE_MOST = 32, IS_TEXT = false, IS_FLAG = true };

#define ROW(kind, name, field, value, help)                                                        \
    {                                                                                              \
        name, offsetof(struct export_words, field), IS_##kind                                      \
    }

const struct export_word words_of_dump[] = {DUMP_WORDS(ROW), {0}};
const struct export_word words_of_slots[] = {SLOT_WORDS(ROW), {0}};

static int refuse_unknown(const struct export_word *table, const char *name, struct err *err)
{
    const char *names[TABLE_MOST] = {0}, *meant;
    size_t i;

    for (i = 0; table[i].name && i + 1 < TABLE_MOST; i++)
        names[i] = table[i].name;
    meant = nearest(name, names);
    if (meant)
        return err_set(err, ERR_USAGE, "unknown option \"--%s\", did you mean \"--%s\"?", name,
                       meant);
    return err_set(err, ERR_USAGE, "unknown option \"--%s\"", name);
}

static bool is_one_of(const char *text, const char *one, const char *other)
{
    return strcmp(text, one) == 0 || strcmp(text, other) == 0;
}

int words_say(struct export_words *words, const struct export_word *table, const char *name,
              const char *value, struct err *err)
{
    const struct export_word *word = table;
    char *field;

    while (word->name && strcmp(word->name, name) != 0)
        word++;
    if (!word->name)
        return refuse_unknown(table, name, err);
    field = (char *)words + word->offset;
    if (!word->is_flag && !value)
        return err_set(err, ERR_USAGE, "option \"--%s\" needs a value", name);
    if (!word->is_flag)
        *(const char **)(void *)field = value;
    else if (!value || !*value || is_one_of(value, "1", "true"))
        *(bool *)(void *)field = true;
    else if (is_one_of(value, "0", "false"))
        *(bool *)(void *)field = false;
    else
        return err_set(err, ERR_USAGE, "option \"--%s\" takes no value, or 1, or 0", name);
    return 0;
}

static int read_zone(const char *name, const struct zone **zone, struct err *err)
{
    *zone = NULL;
    if (!name || !zone_find(zone, name, err))
        return 0;
    if (err->kind == ERR_INPUT)
        err->kind = ERR_USAGE;
    return err_within(err, "--tz");
}

static int read_bounds(const struct export_words *words, const struct zone *zone, int64_t now_at,
                       struct export_range *range, struct err *err)
{
    range->from_at = AT_NONE;
    range->to_at = AT_NEVER;
    if (words->from && zone_parse_instant(zone, words->from, now_at, &range->from_at, NULL, err))
        return err_within(err, "--from");
    if (words->to && zone_parse_instant(zone, words->to, now_at, &range->to_at, NULL, err))
        return err_within(err, "--to");
    return 0;
}

int words_check_range(const struct export_words *words, int64_t now_at, struct err *err)
{
    struct export_range range;
    const struct zone *zone;

    if (read_zone(words->zone, &zone, err))
        return -1;
    return read_bounds(words, zone ? zone : zone_utc(), now_at, &range, err);
}

int words_read_range(const struct export_words *words, struct store *store, int64_t now_at,
                     struct export_range *range, struct err *err)
{
    struct selection selection;

    range->from_at = AT_NONE;
    range->to_at = AT_NEVER;
    if (read_zone(words->zone, &range->zone, err) || selection_make(&selection, store, range, err))
        return -1;
    /* A local time means the zone of the feeds chosen, and so does what is printed. */
    range->zone = selection.zone;
    selection_release(&selection);
    if (read_bounds(words, range->zone, now_at, range, err))
        return -1;
    if (range->from_at >= range->to_at)
        return err_set(err, ERR_USAGE, "--from \"%s\" is not before --to \"%s\"",
                       words->from ? words->from : "", words->to ? words->to : "");
    return 0;
}

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

/* `a, b` → `["a","b"]`; JSON stays as it is. */
static int read_columns(const char *text, struct buf *json, struct err *err)
{
    const char *before = "[";

    text += strspn(text, " ");
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
        text += strspn(text, " ");
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

int words_read_dump(const struct export_words *words, struct dump_options *dump,
                    struct buf *columns, struct err *err)
{
    dump->rows = words->rows;
    dump->with = words->with;
    dump->kind = words->kind;
    dump->is_changes_only = words->is_changes_only;
    dump->is_spreadsheet_safe = words->is_spreadsheet_safe;
    if (read_format(words->format, &dump->format, err) ||
        read_time_format(words->time_format, dump, err) || read_last(words->last, &dump->last, err))
        return -1;
    if (words->is_spreadsheet_safe && dump->format != DUMP_CSV && dump->format != DUMP_TSV)
        return err_set(err, ERR_USAGE, "--spreadsheet-safe is for csv and tsv");
    if (!words->columns)
        return 0;
    if (read_columns(words->columns, columns, err))
        return -1;
    dump->columns = buf_text(columns);
    return dump->columns ? 0 : err_memory(err);
}
