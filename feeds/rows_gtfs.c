/* GTFS-Realtime as rows, straight from the bytes as they were sent.
 *
 * protobuf-c says what there is (the .proto's descriptors), but does not unpack it: nothing is
 * allocated for a body, however hostile, text is pointed at where it lies, and a body is decoded
 * several times as fast. All of it is looked at before the first row is given: an ill-formed one
 * gives none. */
#include <stdlib.h>
#include <string.h>

#include "feeds/rows_decoder.h"
#include "feeds/rows_entity.h"

/* FeedMessage */
enum { FIELD_HEADER = 1, FIELD_ENTITY = 2 };

struct rows_gtfs {
    struct rows_row *row; /* borrowed */
    struct rows_entity entity;
    const struct rows_field *asked; /* a kind; NULL: whichever is the only one */
    uint64_t kinds_seen;            /* in all bodies so far, a bit each */
};

/* What a look at the whole body found. */
struct survey {
    struct rows_header header;
    uint64_t kinds, entities, unknown;
    bool has_new; /* columns, perhaps */
};

static struct wire whole(const struct rows_gtfs *gtfs)
{
    const unsigned char *body = (const unsigned char *)gtfs->row->body;

    return (struct wire){body, body ? body + gtfs->row->body_length : NULL};
}

static int look_at_field(const struct rows_gtfs *gtfs, const struct wire_field *sent,
                         struct survey *survey, struct err *err)
{
    const struct rows_entity *entity = &gtfs->entity;

    if (sent->type == WIRE_BYTES && sent->number == FIELD_HEADER) {
        if (!rows_branch_fits(entity->header, sent->content, NULL))
            return err_set(err, ERR_INPUT, "the feed's header is ill-formed");
        rows_entity_read_header(entity, sent->content, &survey->header);
    } else if (sent->type == WIRE_BYTES && sent->number == FIELD_ENTITY) {
        survey->entities++;
        if (!rows_branch_fits(entity->entity, sent->content, &survey->has_new))
            return err_set(err, ERR_INPUT, "entity %llu is ill-formed",
                           (unsigned long long)survey->entities);
        survey->kinds |= rows_entity_kinds(entity, sent->content);
    } else {
        survey->unknown++;
    }
    return 0;
}

static int look(const struct rows_gtfs *gtfs, struct survey *survey, struct err *err)
{
    struct wire body = whole(gtfs);
    struct wire_field sent;

    *survey = (struct survey){0};
    while (body.at < body.end) {
        if (!wire_next(&body, &sent))
            return err_set(err, ERR_INPUT, "no feed message, or cut short after entity %llu",
                           (unsigned long long)survey->entities);
        if (look_at_field(gtfs, &sent, survey, err))
            return -1;
    }
    if (!survey->header.has_version)
        return err_set(err, ERR_INPUT, "no feed message: no header with a version");
    return 0;
}

static int too_many_kinds(const struct rows_gtfs *gtfs, struct err *err)
{
    char names[256] = "";

    for (size_t i = 0; i < gtfs->entity.entity->count; i++) {
        if (!(gtfs->kinds_seen >> i & 1))
            continue;
        if (*names)
            strncat(names, ", ", sizeof names - strlen(names) - 1);
        strncat(names, gtfs->entity.entity->fields[i].is->name, sizeof names - strlen(names) - 1);
    }
    return err_set(err, ERR_USAGE, "entities of several kinds: choose one of %s by --kind", names);
}

static int choose_kind(struct rows_gtfs *gtfs, uint64_t kinds, struct err *err)
{
    size_t place = 0;

    gtfs->kinds_seen |= kinds;
    if (gtfs->asked || !gtfs->kinds_seen)
        return 0;
    if (gtfs->kinds_seen & (gtfs->kinds_seen - 1))
        return too_many_kinds(gtfs, err);
    while (!(gtfs->kinds_seen >> place & 1))
        place++;
    rows_entity_choose(&gtfs->entity, &gtfs->entity.entity->fields[place]);
    return 0;
}

/* Of a feed's bodies hardly any has. */
static bool has_columns_to_learn(const struct rows_gtfs *gtfs, const struct survey *survey)
{
    const struct rows_entity *entity = &gtfs->entity;

    return survey->has_new || (survey->entities && entity->id->column == ROWS_FIELD_UNSETTLED) ||
           (survey->header.is_differential &&
            entity->incrementality->column == ROWS_FIELD_UNSETTLED);
}

static int rows_gtfs_decode(void *decoder, struct err *err)
{
    struct rows_gtfs *gtfs = decoder;
    struct wire body = whole(gtfs);
    struct wire_field sent;
    struct survey survey;

    if (look(gtfs, &survey, err) || choose_kind(gtfs, survey.kinds, err))
        return -1;
    if (rows_row_is_learning(gtfs->row) && !has_columns_to_learn(gtfs, &survey))
        return 0;
    gtfs->row->counts->unknown_fields += survey.unknown + survey.header.unknown;
    gtfs->entity.rows = 0;
    while (body.at < body.end && wire_next(&body, &sent))
        if (sent.type == WIRE_BYTES && sent.number == FIELD_ENTITY &&
            rows_entity_put(&gtfs->entity, &survey.header, sent.content, err))
            return -1;
    if (survey.entities && !gtfs->entity.rows)
        gtfs->row->counts->bodies_without_rows++;
    return 0;
}

static int rows_gtfs_set_kind(void *decoder, const char *kind, struct err *err)
{
    struct rows_gtfs *gtfs = decoder;
    struct rows_field *field = rows_entity_find_kind(&gtfs->entity, kind);

    if (!field)
        return err_set(err, ERR_USAGE,
                       "no kind \"%s\": expected vehicle, trip_update, alert, shape, stop or "
                       "trip_modifications",
                       kind);
    rows_entity_choose(&gtfs->entity, field);
    gtfs->asked = field;
    return 0;
}

static void rows_gtfs_free(void *decoder)
{
    struct rows_gtfs *gtfs = decoder;

    if (!gtfs)
        return;
    rows_entity_release(&gtfs->entity);
    free(gtfs);
}

static void *rows_gtfs_new(enum feed_format format, const char *path, const struct json *picks,
                           struct rows_row *row, struct err *err)
{
    struct rows_gtfs *gtfs;

    (void)picks;
    if (rows_decoder_refuse(format, path, err))
        return NULL;
    gtfs = calloc(1, sizeof *gtfs);
    if (!gtfs) {
        err_memory(err);
        return NULL;
    }
    gtfs->row = row;
    if (rows_entity_init(&gtfs->entity, row, err)) {
        rows_gtfs_free(gtfs);
        return NULL;
    }
    return gtfs;
}

const struct rows_decoder rows_gtfs_decoder = {
    .new = rows_gtfs_new,
    .free = rows_gtfs_free,
    .set_kind = rows_gtfs_set_kind,
    .decode = rows_gtfs_decode,
};
