#include "companion/range.h"

#include <stdio.h>

#include "companion/now.h"
#include "export/slots.h"

int range_check(const struct arguments *arguments, struct err *err)
{
    return words_check_range(&arguments->words, now_wall(), err);
}

int range_read(const struct arguments *arguments, struct store *store, struct export_range *range,
               struct err *err)
{
    *range = (struct export_range){.globs = arguments->feeds, .glob_count = arguments->feed_count};
    return words_read_range(&arguments->words, store, now_wall(), range, err);
}

static int read_before(const struct arguments *arguments, const struct zone *zone,
                       int64_t *before_at, struct err *err)
{
    if (!arguments->before)
        return err_set(err, ERR_USAGE, "--before is missing");
    if (zone_parse_instant(zone, arguments->before, now_wall(), before_at, NULL, err))
        return err_within(err, "--before");
    return 0;
}

int range_check_before(const struct arguments *arguments, struct err *err)
{
    int64_t before_at;

    return range_check(arguments, err) || read_before(arguments, zone_utc(), &before_at, err) ? -1
                                                                                              : 0;
}

int range_read_before(const struct arguments *arguments, struct store *store,
                      struct export_range *range, int64_t *before_at, struct err *err)
{
    return range_read(arguments, store, range, err) ||
                   read_before(arguments, range->zone, before_at, err)
               ? -1
               : 0;
}

static int find_poll(const struct export_range *range, const struct selection *selection,
                     struct reader *reader, bool *is_there, struct err *err)
{
    struct poll_record poll;
    struct slot_span span;
    struct slots slots;
    size_t i;
    int got = 0;

    for (i = 0; i < selection->count && !got; i++) {
        if (slots_start(&slots, reader, &selection->feeds[i], range, err))
            return -1;
        got = slots_next(&slots, &poll, &span, err);
    }
    *is_there = got > 0;
    return got < 0 ? -1 : 0;
}

static int has_polls(const struct export_range *range, struct store *store, bool *is_there,
                     struct err *err)
{
    struct selection selection;
    struct reader *reader = NULL;
    int result = -1;

    if (selection_make(&selection, store, range, err))
        return -1;
    if (!reader_open(&reader, store, err)) {
        result = find_poll(range, &selection, reader, is_there, err);
        reader_close(reader);
    }
    selection_release(&selection);
    return result;
}

int range_tell(const struct export_range *range, struct store *store, int64_t until_at,
               struct err *err)
{
    char text[ZONE_ISO_MAX];
    bool is_there;

    if (until_at == AT_NONE) {
        fputs("pollard: no polls are stored yet\n", stderr);
        return 0;
    }
    if (has_polls(range, store, &is_there, err))
        return -1;
    if (!is_there)
        fputs("pollard: no polls in this range\n", stderr);
    zone_format_iso(range->zone, until_at, 6, text);
    fprintf(stderr, "pollard: stored until %s\n", text);
    return 0;
}
