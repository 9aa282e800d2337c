#include "export/source.h"

#include <stdlib.h>
#include <string.h>

#include "storage/pack.h"

enum { SOURCE_DEFINITIONS_MAX = 1000000, PATH_TEXT_MAX = 1024 * 1024 };

struct collecting {
    struct source *source;
    struct err *err;
    bool has_failed;
};

static int on_definition(void *cookie, const struct stored_definition *definition)
{
    struct collecting *collecting = cookie;
    struct source *source = collecting->source;

    if (source->definition_count == source->definition_capacity) {
        size_t capacity = source->definition_capacity ? 2 * source->definition_capacity : 8;
        struct source_definition *grown =
            capacity > SOURCE_DEFINITIONS_MAX
                ? NULL
                : realloc(source->definitions, capacity * sizeof *grown);

        if (!grown) {
            collecting->has_failed = true;
            err_memory(collecting->err);
            return 1;
        }
        source->definitions = grown;
        source->definition_capacity = capacity;
    }
    source->definitions[source->definition_count++] =
        (struct source_definition){definition->number, definition->url_epoch};
    return 0;
}

int source_open(struct source *source, struct store *store, struct reader *reader,
                const struct selected *selected, struct columns *columns,
                const struct dump_options *options, struct err *err)
{
    const struct feed *feed = selected->feed;
    struct collecting collecting = {.source = source, .err = err};

    *source = (struct source){.store = store,
                              .reader = reader,
                              .selected = selected,
                              .columns = columns,
                              .rows = options->rows,
                              .column_list = options->columns,
                              .kind = options->kind};
    buf_init(&source->body, PACK_RAW_MAX);
    buf_init(&source->shape.path, PATH_TEXT_MAX);
    if (feed && !source->rows)
        source->rows = feed->rows;
    if (feed && !source->column_list)
        source->column_list = feed->columns;
    reader_rest(reader);
    if (store_each_definition(store, selected->stored.id, on_definition, &collecting, err) ||
        collecting.has_failed)
        return -1;
    return 0;
}

static void decoder_release(struct decoder *decoder)
{
    rows_free(decoder->rows);
    free(decoder->places);
    shape_seen_release(&decoder->shapes);
    *decoder = (struct decoder){0};
}

static void drop_decoder(struct source *source, struct decoder *decoder)
{
    if (source->wanted && decoder->rows)
        wanted_meet(source->wanted, decoder->rows);
    decoder_release(decoder);
}

void source_release(struct source *source)
{
    size_t i;

    for (i = 0; i < SOURCE_DECODERS; i++)
        drop_decoder(source, &source->decoders[i]);
    free(source->definitions);
    buf_release(&source->body);
    buf_release(&source->shape.path);
    *source = (struct source){0};
}

/* Puts the decoder's new columns into the header, or finds them there. */
static int decoder_place(struct decoder *decoder, struct columns *columns, struct err *err)
{
    size_t count = rows_column_count(decoder->rows);

    if (count > decoder->place_capacity) {
        size_t capacity = count < 32 ? 32 : 2 * count;
        uint32_t *grown = realloc(decoder->places, capacity * sizeof *grown);

        if (!grown)
            return err_memory(err);
        decoder->places = grown;
        decoder->place_capacity = capacity;
    }
    while (decoder->place_count < count) {
        uint32_t column = (uint32_t)decoder->place_count;
        const char *name = rows_column_name(decoder->rows, column);

        if (columns_place(columns, name, &decoder->places[column], err))
            return -1;
        decoder->place_count++;
    }
    return 0;
}

int source_learn_given(struct source *source, bool *is_given, struct err *err)
{
    struct decoder decoder = {0};
    int result;

    *is_given = source->column_list != NULL;
    if (!*is_given)
        return 0;
    decoder.rows = rows_new(FORMAT_JSON, source->rows, source->column_list, err);
    if (!decoder.rows)
        return -1;
    result = decoder_place(&decoder, source->columns, err);
    decoder_release(&decoder);
    return result;
}

static uint32_t url_epoch(const struct source *source, uint32_t number)
{
    size_t low = 0, high = source->definition_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (source->definitions[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < source->definition_count && source->definitions[low].number == number)
        return source->definitions[low].url_epoch;
    return 0;
}

/* The format that the feed says; else the one found in its first valid body. FORMAT_AUTO: neither.
 */
static enum feed_format known_format(const struct source *source, uint8_t shape_format)
{
    const struct feed *feed = source->selected->feed;

    return feed && feed->format != FORMAT_AUTO ? feed->format : (enum feed_format)shape_format;
}

static struct decoder *find_decoder(struct source *source, enum feed_format format, uint32_t epoch)
{
    size_t i;

    for (i = 0; i < SOURCE_DECODERS; i++) {
        struct decoder *decoder = &source->decoders[i];

        if (decoder->rows && decoder->format == format && decoder->url_epoch == epoch)
            return decoder;
    }
    return NULL;
}

static bool chooses_by_index(const char *path)
{
    while (path && (path = strchr(path, '['))) {
        path++;
        if (*path != '*' && *path != '\'' && *path != '"')
            return true;
    }
    return false;
}

static struct decoder *add_decoder(struct source *source, enum feed_format format, uint32_t epoch,
                                   const char *path, struct err *err)
{
    struct decoder *decoder = &source->decoders[source->next_decoder++ % SOURCE_DECODERS];

    drop_decoder(source, decoder);
    decoder->rows = rows_new(format, path, source->column_list, err);
    if (decoder->rows && source->kind && rows_set_kind(decoder->rows, source->kind, err))
        decoder_release(decoder);
    decoder->format = format;
    decoder->url_epoch = epoch;
    decoder->has_shapes =
        (format == FORMAT_JSON || format == FORMAT_NDJSON) && !chooses_by_index(path);
    return decoder->rows ? decoder : NULL;
}

/* Looks up what was found for this URL; once, because polls of one definition come together. */
static int read_shape(struct source *source, uint32_t epoch, struct err *err)
{
    struct source_shape *shape = &source->shape;
    int got;

    if (shape->is_read && shape->url_epoch == epoch)
        return 0;
    shape->url_epoch = epoch;
    shape->format = 0;
    shape->has_path = false;
    reader_rest(source->reader);
    got = store_shape(source->store, source->selected->stored.id, epoch, &shape->format,
                      &shape->has_path, &shape->path, err);
    shape->is_read = got >= 0;
    shape->is_stored = got > 0;
    return got < 0 ? -1 : 0;
}

/* The service stores a shape before the first valid body. Where there is none all the same (bodies
 * from elsewhere, a damaged page that LMDB takes for an empty one) the first body that has a path
 * gives it, as it would have then. */
static int look_for_path(struct source *source, struct err *err)
{
    struct source_shape *shape = &source->shape;
    struct err why = {0};
    size_t i;

    buf_reset(&shape->path);
    switch (rows_find_path(source->body.bytes, source->body.length, &shape->path, &why)) {
    case 0:
        break;
    case 1:
        return 0;
    default:
        /* That it is ill-formed is for the decoder to say. */
        if (why.kind == ERR_INPUT)
            return 0;
        *err = why;
        return -1;
    }
    shape->has_path = true;
    for (i = 0; i < SOURCE_DECODERS; i++) {
        if (source->decoders[i].url_epoch == shape->url_epoch)
            drop_decoder(source, &source->decoders[i]);
    }
    return 0;
}

/* The rows path for a body of this format; NULL: the document is the row. */
static int choose_path(struct source *source, enum feed_format format, const char **path,
                       struct err *err)
{
    struct source_shape *shape = &source->shape;

    *path = source->rows;
    if (*path || format != FORMAT_JSON)
        return 0;
    if (!shape->is_stored && !shape->has_path && look_for_path(source, err))
        return -1;
    if (!shape->has_path)
        return 0;
    *path = buf_text(&shape->path);
    return *path ? 0 : err_memory(err);
}

/* What the bytes in `body` are. */
static int judge(struct source *source, uint32_t epoch, const char *content_type,
                 enum feed_format *format, struct err *err)
{
    if (read_shape(source, epoch, err))
        return -1;
    *format = known_format(source, source->shape.format);
    if (*format == FORMAT_AUTO)
        *format = rows_judge(source->body.bytes, source->body.length, content_type);
    return 0;
}

/* Does what a body gives depend on those before it? The path is that of the first which has one
 * (see look_for_path); kinds must not be mixed, which learning has seen to where there was any. */
static bool needs_order(const struct source *source, enum feed_format format)
{
    if (format == FORMAT_JSON)
        return !source->rows && !source->shape.is_stored;
    return format == FORMAT_GTFS_RT && !source->kind && source->column_list;
}

/* For the bytes in `body`; NULL: failed. */
static struct decoder *choose_decoder(struct source *source, uint32_t epoch,
                                      const char *content_type, struct err *err)
{
    struct decoder *decoder;
    enum feed_format format;
    const char *path;

    if (judge(source, epoch, content_type, &format, err))
        return NULL;
    if (known_format(source, source->shape.format) == FORMAT_AUTO)
        format = rows_meant_as(format, source->rows, source->column_list);
    if (source->is_ahead && needs_order(source, format))
        return NULL;
    if (choose_path(source, format, &path, err))
        return NULL;
    decoder = find_decoder(source, format, epoch);
    return decoder ? decoder : add_decoder(source, format, epoch, path, err);
}

struct row_passing {
    struct decoder *decoder;
    struct columns *columns;
    source_row_fn *on_row;
    void *cookie;
    struct err *err;
    bool has_failed;
};

static int on_row(void *cookie, const struct cell *cells, size_t count)
{
    struct row_passing *passing = cookie;
    struct decoder *decoder = passing->decoder;

    if (decoder->place_count < rows_column_count(decoder->rows) &&
        decoder_place(decoder, passing->columns, passing->err)) {
        passing->has_failed = true;
        return -1;
    }
    passing->has_failed = passing->on_row(passing->cookie, cells, count, decoder->places) != 0;
    return passing->has_failed ? -1 : 0;
}

static void add_counts(struct rows_counts *sum, const struct rows_counts *before,
                       const struct rows_counts *after)
{
    sum->bodies_without_rows += after->bodies_without_rows - before->bodies_without_rows;
    sum->duplicate_cells += after->duplicate_cells - before->duplicate_cells;
    sum->replaced_bytes += after->replaced_bytes - before->replaced_bytes;
}

static enum source_result decode(struct source *source, struct row_passing *passing,
                                 struct rows_counts *counts)
{
    struct rows *rows = passing->decoder->rows;
    struct rows_counts before = *rows_counts(rows);
    struct err why = {0};

    if (rows_decode(rows, source->body.bytes, source->body.length, passing->on_row ? on_row : NULL,
                    passing, &why)) {
        if (passing->has_failed)
            return SOURCE_FAILED;
        if (why.kind == ERR_INPUT)
            return SOURCE_INVALID;
        *passing->err = why;
        return SOURCE_FAILED;
    }
    add_counts(counts, &before, rows_counts(rows));
    if (!passing->on_row && passing->decoder->has_shapes)
        shape_seen_add(&passing->decoder->shapes, source->body.bytes, source->body.length);
    return decoder_place(passing->decoder, source->columns, passing->err) ? SOURCE_FAILED
                                                                          : SOURCE_DECODED;
}

int source_fetch(struct source *source, const struct poll_record *poll, struct err *err)
{
    uint32_t feed_id = source->selected->stored.id;
    struct err why = {0};
    int64_t forgotten_to_at;

    if (!reader_body(source->reader, feed_id, poll->body_slot_at, &source->body, &why))
        return 0;
    if (why.kind == ERR_ABSENT &&
        !reader_forgotten(source->reader, feed_id, &forgotten_to_at, NULL) &&
        forgotten_to_at >= poll->slot_at)
        return 1;
    return err_set(err, why.kind, "%s", why.text);
}

static void copy_content_type(const struct poll_record *poll, char content_type[POLL_TEXT_MAX + 1])
{
    size_t length = poll->content_type.length;

    if (length > POLL_TEXT_MAX)
        length = 0;
    if (length)
        memcpy(content_type, poll->content_type.bytes, length);
    content_type[length] = '\0';
}

int source_judge(struct source *source, const struct poll_record *poll, enum feed_format *format,
                 struct err *err)
{
    char content_type[POLL_TEXT_MAX + 1];

    copy_content_type(poll, content_type);
    if (!(poll->flags & POLL_INVALID))
        return judge(source, url_epoch(source, poll->definition), content_type, format, err);
    *format = rows_judge(source->body.bytes, source->body.length, NULL);
    return 0;
}

enum source_result source_decode(struct source *source, const struct poll_record *poll,
                                 source_row_fn *on_cells, void *cookie, struct rows_counts *counts,
                                 struct err *err)
{
    struct row_passing passing = {
        .columns = source->columns, .on_row = on_cells, .cookie = cookie, .err = err};
    char content_type[POLL_TEXT_MAX + 1];

    copy_content_type(poll, content_type);
    passing.decoder =
        choose_decoder(source, url_epoch(source, poll->definition), content_type, err);
    if (!passing.decoder)
        return SOURCE_FAILED;
    if (!on_cells &&
        shape_seen_has(&passing.decoder->shapes, source->body.bytes, source->body.length))
        return SOURCE_DECODED;
    return decode(source, &passing, counts);
}
