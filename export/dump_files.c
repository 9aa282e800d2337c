/* The files of a dump: one a feed, a day or an hour, or one a body. */
#include <stdio.h>
#include <string.h>

#include "export/dump_parts.h"

static const char *rows_extension(enum dump_format format)
{
    switch (format) {
    case DUMP_CSV:
        return "csv";
    case DUMP_TSV:
        return "tsv";
    case DUMP_NDJSON:
        return "ndjson";
    case DUMP_RAW:
        break;
    }
    return "";
}

static void name_file(const struct dump *dump, int64_t call_at, char name[DUMP_NAME_MAX])
{
    const char *extension = rows_extension(dump->options->format);
    struct civil civil;

    zone_civil(dump->selection.zone, call_at, &civil);
    switch (dump->options->split) {
    case SPLIT_NONE:
        break;
    case SPLIT_FEED:
        snprintf(name, DUMP_NAME_MAX, "%s.%s", dump->selection.feeds[dump->feed].stored.name,
                 extension);
        break;
    case SPLIT_DAY:
        snprintf(name, DUMP_NAME_MAX, "%04d-%02d-%02d.%s", civil.year, civil.month, civil.day,
                 extension);
        break;
    case SPLIT_HOUR:
        snprintf(name, DUMP_NAME_MAX, "%04d-%02d-%02dT%02d.%s", civil.year, civil.month, civil.day,
                 civil.hour, extension);
        break;
    }
}

int dump_turn_to_file(struct dump *dump, int64_t call_at, struct err *err)
{
    const struct sink_set *files = dump->options->files;
    char name[DUMP_NAME_MAX] = "";
    bool is_new;

    if (dump->options->split == SPLIT_NONE)
        return 0;
    name_file(dump, call_at, name);
    if (strcmp(name, dump->file) == 0)
        return 0;
    if (outflow_flush(&dump->out, err) || files->turn_to(files->cookie, name, &is_new, err))
        return -1;
    memcpy(dump->file, name, sizeof name);
    if (is_new && !dump->own.form.is_json &&
        columns_write(&dump->columns, &dump->own.form.csv, &dump->out.text))
        return err_memory(err);
    return 0;
}

static const char *body_extension(enum feed_format format)
{
    switch (format) {
    case FORMAT_JSON:
        return "json";
    case FORMAT_NDJSON:
        return "ndjson";
    case FORMAT_GTFS_RT:
        return "pb";
    case FORMAT_CSV:
        return "csv";
    case FORMAT_TEXT:
        return "txt";
    case FORMAT_AUTO:
    case FORMAT_BINARY:
        break;
    }
    return "bin";
}

/* 2026-11-23T221500.123456Z: of a colon some file systems would not hear. */
static void name_body(const char *feed, int64_t slot_at, enum feed_format format,
                      char name[DUMP_NAME_MAX])
{
    struct civil at;

    zone_civil(zone_utc(), slot_at, &at);
    snprintf(name, DUMP_NAME_MAX, "%s/%04d-%02d-%02dT%02d%02d%02d.%06dZ.%s", feed, at.year,
             at.month, at.day, at.hour, at.minute, at.second, at.microsecond,
             body_extension(format));
}

int dump_write_body(struct dump *dump, struct dump_job *job, struct err *err)
{
    const struct sink_set *files = dump->options->files;
    const struct poll_record *poll = &job->poll;
    struct source *source = dump->source;
    char name[DUMP_NAME_MAX];
    enum feed_format format;
    bool is_new;
    int result = source_fetch(source, poll, err);

    if (result > 0)
        return 0;
    dump->counts.polls++;
    if (result < 0 || source_judge(source, poll, &format, err))
        return -1;
    reader_rest(dump->reader);
    name_body(source->selected->stored.name, poll->slot_at, format, name);
    if (files->turn_to(files->cookie, name, &is_new, err) ||
        files->sink.write(files->sink.cookie, source->body.bytes, source->body.length, err) ||
        files->stamp(files->cookie, calls_time(poll), err))
        return -1;
    dump->read_bytes += source->body.length;
    return 0;
}
