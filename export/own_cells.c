#include "export/own_cells.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "export/calls.h"
#include "export/json_cell.h"
#include "export/polls.h"

enum { TIME_TEXT_MAX = 256, CELL_MAX = 4096, PREFIX_MAX = 65536 };

static int find_with(const char *name, size_t length, size_t *index)
{
    size_t i;

    for (i = 0; polls_columns[i]; i++) {
        if (strlen(polls_columns[i]) != length || memcmp(polls_columns[i], name, length) != 0)
            continue;
        *index = i;
        return 0;
    }
    return -1;
}

static int add_with(struct own_cells *own, const char *name, size_t length, struct err *err)
{
    size_t index, i;

    if (find_with(name, length, &index))
        return err_set(err, ERR_USAGE, "no column \"%.*s\" of polls to dump with", (int)length,
                       name);
    for (i = 0; i < own->with_count; i++) {
        if (own->with[i] == index)
            return err_set(err, ERR_USAGE, "column \"%s\" of polls is asked for twice",
                           polls_columns[index]);
    }
    if (strcmp(polls_columns[index], "feed") != 0)
        own->with[own->with_count++] = index;
    return 0;
}

int own_cells_init(struct own_cells *own, const struct dump_options *options,
                   const struct row_form *form, struct err *err)
{
    const char *name = options->with;

    *own = (struct own_cells){.options = options, .form = *form};
    buf_init(&own->prefix, PREFIX_MAX);
    buf_init(&own->cell, CELL_MAX);
    while (name) {
        size_t length = strcspn(name, ",");

        if (add_with(own, name, length, err))
            return -1;
        name = name[length] ? name + length + 1 : NULL;
    }
    return 0;
}

void own_cells_release(struct own_cells *own)
{
    buf_release(&own->prefix);
    buf_release(&own->cell);
    *own = (struct own_cells){0};
}

int own_cells_name(const struct own_cells *own, struct columns *columns, struct err *err)
{
    size_t i;

    if (columns_add_own(columns, "feed", err) || columns_add_own(columns, "call_time", err))
        return -1;
    for (i = 0; i < own->with_count; i++) {
        if (columns_add_own(columns, polls_columns[own->with[i]], err))
            return -1;
    }
    return 0;
}

/* `name` is written in JSON only, and an empty cell not at all there. */
static int append_cell(struct own_cells *own, const char *name, const struct cell *cell,
                       uint64_t *replaced)
{
    struct buf *out = &own->prefix;
    const char *before = out->length ? "," : "{";

    if (!own->form.is_json) {
        if (out->length && buf_append_char(out, own->form.csv.separator))
            return -1;
        return csv_cell_as(out, &own->form.csv, cell->text, cell->length, replaced);
    }
    if (!cell->length)
        return 0;
    return buf_append_text(out, before) || json_write_string(out, name, strlen(name)) ||
                   buf_append_char(out, ':') || json_cell(out, cell, replaced)
               ? -1
               : 0;
}

static int append_call_time(struct own_cells *own, int64_t at, struct err *err)
{
    char text[TIME_TEXT_MAX];
    struct cell cell = {.text = text, .is_string = true};
    int64_t ms = clock_floor_div(at, US_PER_MS), s = clock_floor_div(ms, 1000);
    uint64_t replaced;

    switch (own->options->time_format) {
    case TIME_ISO:
        cell.length = zone_format_iso(own->zone, at, 3, text);
        break;
    case TIME_UNIX_MS:
        cell.is_string = false;
        cell.length = (size_t)snprintf(text, sizeof text, "%" PRId64, ms);
        break;
    case TIME_UNIX:
        cell.is_string = false;
        cell.length =
            (size_t)snprintf(text, sizeof text, "%" PRId64 ".%03d", s, (int)(ms - 1000 * s));
        break;
    case TIME_STRFTIME:
        cell.length =
            zone_strftime(own->zone, at, own->options->strftime_format, text, sizeof text);
        if (!cell.length)
            return err_set(err, ERR_USAGE,
                           "time format \"%s\" gives nothing, or more than %d bytes",
                           own->options->strftime_format, TIME_TEXT_MAX - 1);
        break;
    }
    return append_cell(own, "call_time", &cell, &replaced) ? err_memory(err) : 0;
}

int own_cells_make(struct own_cells *own, const char *feed, const struct poll_record *poll,
                   uint64_t *replaced, struct err *err)
{
    struct cell cell = {.text = feed, .length = strlen(feed), .is_string = true};
    size_t i;

    buf_reset(&own->prefix);
    if (append_cell(own, "feed", &cell, replaced))
        return err_memory(err);
    if (append_call_time(own, calls_time(poll), err))
        return -1;
    for (i = 0; i < own->with_count; i++) {
        size_t index = own->with[i];

        buf_reset(&own->cell);
        if (polls_cell(&own->cell, index, feed, poll, poll->slot_at, own->zone))
            return err_memory(err);
        cell = (struct cell){.text = own->cell.bytes,
                             .length = own->cell.length,
                             .is_string = !polls_is_number(index)};
        if (append_cell(own, polls_columns[index], &cell, replaced))
            return err_memory(err);
    }
    return 0;
}
