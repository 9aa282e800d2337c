#include "export/dump.h"

#include <inttypes.h>
#include <string.h>

#include "export/calls.h"
#include "export/polls.h"
#include "export/row_text.h"
#include "export/source.h"

enum { WITH_MAX = 32, TIME_TEXT_MAX = 256, CELL_MAX = 4096, PREFIX_MAX = 65536 };

/* The body whose rows are at hand: the next poll is often answered with the same one. */
struct dump_body {
    bool is_at_hand;
    int64_t slot_at;
    enum source_result result;
    struct rows_counts counts;
};

struct dump {
    const struct dump_options *options;
    struct store *store;
    struct reader *reader;
    struct selection selection;
    size_t feed; /* now: index into the selection */
    struct columns columns;
    size_t with[WITH_MAX]; /* indexes into polls_columns */
    size_t with_count;
    struct outflow out;
    struct buf prefix; /* our cells of the poll now */
    struct buf cell;
    struct row_text rows;
    struct dump_body body;
    struct dump_counts counts, total; /* of the feed now; of those before it */
    bool is_writing;                  /* the second reading */
};

typedef int dump_poll_fn(struct dump *dump, struct source *source, const struct poll_record *poll,
                         struct err *err);

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

static int add_with(struct dump *dump, const char *name, size_t length, struct err *err)
{
    size_t index, i;

    if (find_with(name, length, &index))
        return err_set(err, ERR_USAGE, "no column \"%.*s\" of polls to dump with", (int)length,
                       name);
    for (i = 0; i < dump->with_count; i++) {
        if (dump->with[i] == index)
            return err_set(err, ERR_USAGE, "column \"%s\" of polls is asked for twice",
                           polls_columns[index]);
    }
    if (strcmp(polls_columns[index], "feed") == 0)
        return 0;
    dump->with[dump->with_count++] = index;
    return columns_add_own(&dump->columns, polls_columns[index], err);
}

static int read_with(struct dump *dump, struct err *err)
{
    const char *name = dump->options->with;

    while (name) {
        size_t length = strcspn(name, ",");

        if (add_with(dump, name, length, err))
            return -1;
        name = name[length] ? name + length + 1 : NULL;
    }
    return 0;
}

static int check_usage(const char *what, const char *text, const char *rows, const char *columns,
                       struct err *err)
{
    struct rows *decoder = text ? rows_new(FORMAT_JSON, rows, columns, err) : NULL;

    if (text && !decoder) {
        if (err && err->kind == ERR_INPUT)
            err->kind = ERR_USAGE;
        return err_within(err, "%s \"%s\"", what, text);
    }
    rows_free(decoder);
    return 0;
}

static int check_options(const struct dump_options *options, struct err *err)
{
    if (options->range.from_at >= options->range.to_at)
        return err_set(err, ERR_USAGE, "the range is empty: its start is not before its end");
    if (check_usage("rows", options->rows, options->rows, NULL, err))
        return -1;
    return check_usage("columns", options->columns, NULL, options->columns, err);
}

static int append_call_time(const struct dump *dump, int64_t at, struct buf *out, struct err *err)
{
    char text[TIME_TEXT_MAX];
    size_t length = 0;
    int64_t ms = clock_floor_div(at, US_PER_MS);

    switch (dump->options->time_format) {
    case TIME_ISO:
        length = zone_format_iso(dump->selection.zone, at, 3, text);
        break;
    case TIME_UNIX_MS:
        return buf_printf(out, "%" PRId64, ms) ? err_memory(err) : 0;
    case TIME_UNIX: {
        int64_t s = clock_floor_div(ms, 1000);

        return buf_printf(out, "%" PRId64 ".%03d", s, (int)(ms - 1000 * s)) ? err_memory(err) : 0;
    }
    case TIME_STRFTIME:
        length = zone_strftime(dump->selection.zone, at, dump->options->strftime_format, text,
                               sizeof text);
        if (!length)
            return err_set(err, ERR_USAGE,
                           "time format \"%s\" gives nothing, or more than %d bytes",
                           dump->options->strftime_format, TIME_TEXT_MAX - 1);
        break;
    }
    return csv_cell(out, text, length, NULL) ? err_memory(err) : 0;
}

/* Our cells of every row of this poll. */
static int make_prefix(struct dump *dump, const struct poll_record *poll, struct err *err)
{
    const char *feed = dump->selection.feeds[dump->feed].stored.name;
    size_t i;

    buf_reset(&dump->prefix);
    if (csv_cell(&dump->prefix, feed, strlen(feed), NULL) || buf_append_char(&dump->prefix, ','))
        return err_memory(err);
    if (append_call_time(dump, calls_time(poll), &dump->prefix, err))
        return -1;
    for (i = 0; i < dump->with_count; i++) {
        buf_reset(&dump->cell);
        if (polls_cell(&dump->cell, dump->with[i], feed, poll, poll->slot_at,
                       dump->selection.zone) ||
            buf_append_char(&dump->prefix, ',') ||
            csv_cell(&dump->prefix, dump->cell.bytes, dump->cell.length,
                     &dump->counts.replaced_bytes))
            return err_memory(err);
    }
    return 0;
}

struct row_writing {
    struct dump *dump;
    struct err *err;
};

static int write_rows(struct dump *dump, struct err *err)
{
    dump->counts.rows += dump->rows.row_count;
    return row_text_write(&dump->rows, &dump->prefix, &dump->out, err);
}

static int on_row(void *cookie, const struct cell *cells, size_t count, const uint32_t *places)
{
    struct row_writing *writing = cookie;
    struct dump *dump = writing->dump;

    if (row_text_add(&dump->rows, cells, count, places, writing->err))
        return -1;
    if (!row_text_is_much(&dump->rows))
        return 0;
    /* Too much to keep: it goes out now, and the next poll decodes the body again. */
    dump->body.is_at_hand = false;
    if (write_rows(dump, writing->err))
        return -1;
    dump->body.counts.replaced_bytes += dump->rows.replaced;
    row_text_reset(&dump->rows);
    return 0;
}

static int decode_body(struct dump *dump, struct source *source, const struct poll_record *poll,
                       struct err *err)
{
    struct row_writing writing = {dump, err};
    struct dump_body *body = &dump->body;

    *body = (struct dump_body){.is_at_hand = true, .slot_at = poll->body_slot_at};
    row_text_reset(&dump->rows);
    body->result = source_decode(source, poll, on_row, &writing, &body->counts, err);
    body->counts.replaced_bytes += dump->rows.replaced;
    if (body->result == SOURCE_FAILED)
        body->is_at_hand = false;
    return body->result == SOURCE_FAILED ? -1 : 0;
}

static int write_poll(struct dump *dump, struct source *source, const struct poll_record *poll,
                      struct err *err)
{
    struct dump_counts *counts = &dump->counts;
    struct dump_body *body = &dump->body;

    counts->polls++;
    if (poll->flags & POLL_INVALID) {
        counts->invalid++;
        return 0;
    }
    if (make_prefix(dump, poll, err))
        return -1;
    if (!(body->is_at_hand && body->slot_at == poll->body_slot_at) &&
        decode_body(dump, source, poll, err))
        return -1;
    switch (body->result) {
    case SOURCE_FAILED:
        return -1;
    case SOURCE_INVALID:
        counts->invalid++;
        return 0;
    case SOURCE_UNDECODED:
        counts->undecoded++;
        return 0;
    case SOURCE_DECODED:
        break;
    }
    counts->bodies_without_rows += body->counts.bodies_without_rows;
    counts->duplicate_cells += body->counts.duplicate_cells;
    counts->replaced_bytes += body->counts.replaced_bytes;
    return write_rows(dump, err);
}

static int learn_poll(struct dump *dump, struct source *source, const struct poll_record *poll,
                      struct err *err)
{
    struct dump_body *body = &dump->body;

    if (poll->flags & POLL_INVALID || (body->is_at_hand && body->slot_at == poll->body_slot_at))
        return 0;
    *body = (struct dump_body){.is_at_hand = true, .slot_at = poll->body_slot_at};
    return source_decode(source, poll, NULL, NULL, &body->counts, err) == SOURCE_FAILED ? -1 : 0;
}

/* How far along we are, by the slots read of the slots of the feed now. */
static void tell_progress(const struct dump *dump, const struct poll_record *poll)
{
    const struct dump_watcher *watcher = dump->options->watcher;
    const struct selected *selected = &dump->selection.feeds[dump->feed];
    const struct export_range *range = &dump->options->range;
    int64_t from_at = selected->stored.first_slot_at, to_at = selected->last_slot_at;
    double share = 1;

    if (!watcher || !watcher->on_progress)
        return;
    if (range->from_at > from_at)
        from_at = range->from_at;
    if (range->to_at < to_at)
        to_at = range->to_at;
    if (to_at > from_at && poll->slot_at < to_at)
        share = (double)(poll->slot_at - from_at) / (double)(to_at - from_at);
    share = ((double)dump->feed + (share > 0 ? share : 0)) / (double)dump->selection.count;
    watcher->on_progress(watcher->cookie, (share + (dump->is_writing ? 1 : 0)) / 2);
}

static int each_poll(struct dump *dump, struct source *source, dump_poll_fn *on_poll,
                     struct err *err)
{
    struct poll_record poll;
    struct calls calls;
    int got;

    dump->body.is_at_hand = false;
    if (calls_start(&calls, dump->reader, source->selected, dump->options, err))
        return -1;
    while ((got = calls_next(&calls, &poll, err)) > 0) {
        if (on_poll(dump, source, &poll, err))
            return -1;
        tell_progress(dump, &poll);
    }
    return got;
}

static int learn_feed(struct dump *dump, struct source *source, struct err *err)
{
    bool is_given;

    if (source_learn_given(source, &is_given, err))
        return -1;
    return is_given ? 0 : each_poll(dump, source, learn_poll, err);
}

static void add_counts(struct dump_counts *sum, const struct dump_counts *counts)
{
    sum->polls += counts->polls;
    sum->rows += counts->rows;
    sum->invalid += counts->invalid;
    sum->bodies_without_rows += counts->bodies_without_rows;
    sum->duplicate_cells += counts->duplicate_cells;
    sum->replaced_bytes += counts->replaced_bytes;
    sum->undecoded += counts->undecoded;
}

static int write_feed(struct dump *dump, struct source *source, struct err *err)
{
    const struct dump_watcher *watcher = dump->options->watcher;

    dump->counts = (struct dump_counts){0};
    if (each_poll(dump, source, write_poll, err))
        return -1;
    add_counts(&dump->total, &dump->counts);
    if (watcher && watcher->on_feed)
        watcher->on_feed(watcher->cookie, source->selected->stored.name, &dump->counts);
    return 0;
}

static int each_feed(struct dump *dump, struct err *err)
{
    for (dump->feed = 0; dump->feed < dump->selection.count; dump->feed++) {
        const struct selected *selected = &dump->selection.feeds[dump->feed];
        struct source source;
        int result;

        result = source_open(&source, dump->store, dump->reader, selected, &dump->columns,
                             dump->options, err);
        if (!result)
            result =
                dump->is_writing ? write_feed(dump, &source, err) : learn_feed(dump, &source, err);
        source_release(&source);
        if (result)
            return err_within(err, "feed \"%s\"", selected->stored.name);
    }
    return 0;
}

/* The header needs every column, the last body may bring a new one: so all is read twice. */
static int read_twice(struct dump *dump, struct err *err)
{
    if (each_feed(dump, err))
        return -1;
    dump->columns.is_fixed = true;
    if (row_text_prepare(&dump->rows, &dump->columns, err))
        return -1;
    if (columns_write(&dump->columns, &dump->out.text))
        return err_memory(err);
    dump->is_writing = true;
    if (each_feed(dump, err))
        return -1;
    return outflow_flush(&dump->out, err);
}

static void dump_release(struct dump *dump)
{
    row_text_release(&dump->rows);
    buf_release(&dump->prefix);
    buf_release(&dump->cell);
    outflow_release(&dump->out);
    columns_release(&dump->columns);
    if (dump->reader)
        reader_close(dump->reader);
    selection_release(&dump->selection);
}

int dump_run(struct store *store, const struct dump_options *options, const struct sink *sink,
             struct dump_counts *counts, struct err *err)
{
    struct dump dump = {.options = options, .store = store};
    int result = -1;

    columns_init(&dump.columns);
    row_text_init(&dump.rows);
    buf_init(&dump.prefix, PREFIX_MAX);
    buf_init(&dump.cell, CELL_MAX);
    outflow_init(&dump.out, sink, NULL);
    if (check_options(options, err) || columns_add_own(&dump.columns, "feed", err) ||
        columns_add_own(&dump.columns, "call_time", err) || read_with(&dump, err) ||
        selection_make(&dump.selection, store, &options->range, err) ||
        reader_open(&dump.reader, store, err))
        goto fail;
    dump.out.reader = dump.reader;
    result = read_twice(&dump, err);
    if (counts)
        *counts = dump.total;
fail:
    dump_release(&dump);
    return result;
}
