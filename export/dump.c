#include "export/dump.h"

#include <string.h>

#include "export/dump_parts.h"

/* The decoder says what is wrong, and names the option's word itself. */
static int check_paths(const char *rows, const char *columns, struct err *err)
{
    struct rows *decoder = rows_new(FORMAT_JSON, rows, columns, err);

    if (!decoder && err && err->kind == ERR_INPUT)
        err->kind = ERR_USAGE;
    rows_free(decoder);
    return decoder ? 0 : -1;
}

static int check_kind(const char *kind, struct err *err)
{
    struct rows *rows = kind ? rows_new(FORMAT_GTFS_RT, NULL, NULL, err) : NULL;
    int result = 0;

    if (kind)
        result = rows ? rows_set_kind(rows, kind, err) : -1;
    rows_free(rows);
    return result;
}

static int check_options(const struct dump_options *options, struct err *err)
{
    if (options->range.from_at >= options->range.to_at)
        return err_set(err, ERR_USAGE, "the range is empty: its start is not before its end");
    if (check_paths(options->rows, options->columns, err))
        return -1;
    return check_kind(options->kind, err);
}

static struct row_form form_of(const struct dump_options *options)
{
    return (struct row_form){
        .is_json = options->format == DUMP_NDJSON,
        .csv = {.separator = options->format == DUMP_TSV ? '\t' : ',',
                .is_safe = options->is_spreadsheet_safe},
    };
}

int dump_start(struct dump *dump, struct store *store, const struct dump_options *options,
               const struct sink *sink, struct err *err)
{
    struct row_form form = form_of(options);

    *dump = (struct dump){.options = options, .store = store};
    columns_init(&dump->columns);
    row_text_init(&dump->rows, &form, &dump->columns);
    outflow_init(&dump->out, options->files ? &options->files->sink : sink, NULL);
    if (check_options(options, err) || own_cells_init(&dump->own, options, &form, err) ||
        wanted_init(&dump->wanted, options->columns, err) ||
        selection_make(&dump->selection, store, &options->range, err) ||
        reader_open(&dump->reader, store, err) || dump_jobs_start(dump, err))
        return -1;
    dump->out.reader = dump->reader;
    dump->own.zone = dump->selection.zone;
    return 0;
}

void dump_release(struct dump *dump)
{
    dump_jobs_release(dump);
    row_text_release(&dump->rows);
    own_cells_release(&dump->own);
    outflow_release(&dump->out);
    columns_release(&dump->columns);
    wanted_release(&dump->wanted);
    if (dump->reader)
        reader_close(dump->reader);
    selection_release(&dump->selection);
}

/* Without a header nothing has to be known beforehand. */
static bool is_read_once(const struct dump_options *options)
{
    return options->format == DUMP_NDJSON || options->format == DUMP_RAW;
}

int dump_name_columns(struct dump *dump, struct err *err)
{
    columns_release(&dump->columns);
    dump->reading = READING_COLUMNS;
    if (dump_jobs_prepare(dump, err))
        return -1;
    return own_cells_name(&dump->own, &dump->columns, err);
}

int dump_fix_columns(struct dump *dump, struct err *err)
{
    dump->reading = READING_ROWS;
    if (is_read_once(dump->options))
        return 0;
    if (columns_fix(&dump->columns, err) || row_text_prepare(&dump->rows, err) ||
        dump_jobs_prepare(dump, err))
        return -1;
    if (dump->options->split == SPLIT_NONE &&
        columns_write(&dump->columns, &dump->own.form.csv, &dump->out.text))
        return err_memory(err);
    return 0;
}

/* How far along the feed now is, by the slots read of its slots. */
static double feed_share(const struct dump *dump, int64_t slot_at)
{
    const struct selected *selected = &dump->selection.feeds[dump->feed];
    const struct export_range *range = &dump->options->range;
    int64_t from_at = selected->stored.first_slot_at, to_at = selected->last_slot_at;
    double share = 1;

    if (range->from_at > from_at)
        from_at = range->from_at;
    if (range->to_at < to_at)
        to_at = range->to_at;
    if (to_at > from_at && slot_at < to_at)
        share = (double)(slot_at - from_at) / (double)(to_at - from_at);
    return share > 0 ? share : 0;
}

static void tell_progress(const struct dump *dump, int64_t slot_at)
{
    const struct dump_watcher *watcher = dump->options->watcher;
    double feeds = (double)dump->selection.count, feed = (double)dump->feed, share;

    if (!watcher || !watcher->on_progress)
        return;
    share = feed_share(dump, slot_at);
    if (is_read_once(dump->options))
        share = (feed + share) / feeds;
    else if (dump->options->split == SPLIT_FEED)
        share = (feed + (share + dump->reading) / 2) / feeds;
    else
        share = ((feed + share) / feeds + dump->reading) / 2;
    watcher->on_progress(watcher->cookie, share, dump->read_bytes);
}

static bool is_unwanted(const struct dump *dump)
{
    const struct dump_watcher *watcher = dump->options->watcher;

    return watcher && watcher->is_unwanted && watcher->is_unwanted(watcher->cookie);
}

int dump_job_over(struct dump *dump, int64_t slot_at, struct err *err)
{
    tell_progress(dump, slot_at);
    return is_unwanted(dump) ? err_set(err, ERR_NONE, "nobody wants it any more") : 0;
}

static int each_poll(struct dump *dump, struct source *source, dump_job_fn *on_job, struct err *err)
{
    dump->body.is_at_hand = false;
    dump->source = source;
    return dump_jobs_run(dump, on_job, err);
}

static int open_source(struct dump *dump, struct source *source, struct err *err)
{
    return source_open(source, dump->store, dump->reader, &dump->selection.feeds[dump->feed],
                       &dump->columns, dump->options, err);
}

static int within_feed(const struct dump *dump, struct err *err)
{
    return err_within(err, "feed \"%s\"", dump->selection.feeds[dump->feed].stored.name);
}

int dump_learn_feed(struct dump *dump, struct err *err)
{
    struct source source;
    bool is_given;
    int result = open_source(dump, &source, err);

    if (!result)
        result = source_learn_given(&source, &is_given, err);
    if (!result && !is_given)
        result = each_poll(dump, &source, dump_learn_poll, err);
    source_release(&source);
    return result ? within_feed(dump, err) : 0;
}

static void add_counts(struct dump_counts *sum, const struct dump_counts *counts)
{
    sum->polls += counts->polls;
    sum->rows += counts->rows;
    sum->invalid += counts->invalid;
    sum->bodies_without_rows += counts->bodies_without_rows;
    sum->duplicate_cells += counts->duplicate_cells;
    sum->replaced_bytes += counts->replaced_bytes;
}

void dump_tell_unmet(const struct dump *dump)
{
    const struct dump_watcher *watcher = dump->options->watcher;

    if (watcher && watcher->on_unmet && dump->total.rows)
        wanted_tell(&dump->wanted, NULL, watcher->on_unmet, watcher->cookie);
}

static void tell_feed(const struct dump *dump, const struct wanted *own)
{
    const struct dump_watcher *watcher = dump->options->watcher;
    const struct selected *selected = &dump->selection.feeds[dump->feed];
    const char *name = selected->stored.name;

    if (watcher && watcher->on_feed)
        watcher->on_feed(watcher->cookie, name, &dump->counts);
    if (watcher && watcher->on_unmet && dump->counts.rows && selected->done_slot_at == AT_NONE)
        wanted_tell(own, name, watcher->on_unmet, watcher->cookie);
}

int dump_write_feed(struct dump *dump, dump_job_fn *on_job, struct err *err)
{
    const struct feed *feed = dump->selection.feeds[dump->feed].feed;
    const char *given = dump->options->columns;
    struct wanted own = {0};
    struct source source;
    int result = open_source(dump, &source, err);

    dump->counts = (struct dump_counts){0};
    if (!result && feed && !given)
        result = wanted_init(&own, feed->columns, err);
    source.wanted = given ? &dump->wanted : &own;
    if (!result)
        result = each_poll(dump, &source, on_job, err);
    source_release(&source);
    if (!result) {
        add_counts(&dump->total, &dump->counts);
        tell_feed(dump, &own);
    }
    wanted_release(&own);
    return result ? within_feed(dump, err) : 0;
}

/* The feeds from `first` up to `end` under one header, which needs every column: the last body may
 * bring a new one, so all is read twice. */
static int dump_together(struct dump *dump, size_t first, size_t end, struct err *err)
{
    dump_job_fn *on_job = dump->options->format == DUMP_RAW ? dump_write_body : dump_write_poll;

    if (dump_name_columns(dump, err))
        return -1;
    for (dump->feed = first; dump->feed < end && !is_read_once(dump->options); dump->feed++) {
        if (dump_learn_feed(dump, err))
            return -1;
    }
    if (dump_fix_columns(dump, err))
        return -1;
    for (dump->feed = first; dump->feed < end; dump->feed++) {
        if ((dump->options->split == SPLIT_FEED && dump_turn_to_file(dump, AT_NONE, err)) ||
            dump_write_feed(dump, on_job, err))
            return -1;
    }
    return outflow_flush(&dump->out, err);
}

static int dump_all(struct dump *dump, struct err *err)
{
    size_t count = dump->selection.count, first;

    if (dump->options->split != SPLIT_FEED && dump_together(dump, 0, count, err))
        return -1;
    for (first = 0; first < count && dump->options->split == SPLIT_FEED; first++) {
        if (dump_together(dump, first, first + 1, err))
            return -1;
    }
    dump_tell_unmet(dump);
    return 0;
}

int dump_run(struct store *store, const struct dump_options *options, const struct sink *sink,
             struct dump_counts *counts, struct err *err)
{
    struct dump dump;
    int result = dump_start(&dump, store, options, sink, err);

    if (!result)
        result = dump_all(&dump, err);
    if (counts)
        *counts = dump.total;
    dump_release(&dump);
    return result;
}
