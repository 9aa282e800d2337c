/* GTFS-Realtime as rows.
 *
 * Entities are unpacked one at a time, so that memory does not follow the body's size, and all of
 * them before the first row is given: an ill-formed body gives none. */
#include <stdlib.h>
#include <string.h>

#include "feeds/rows_arena.h"
#include "feeds/rows_decoder.h"
#include "feeds/rows_entity.h"

#define ENTITY_TYPE transit_realtime__feed_entity__descriptor

/* What unpacking may take: honest feeds need some six times their bytes. */
enum { UNPACKED_FACTOR = 64, UNPACKED_LEAST = 1 << 20, UNPACKED_MOST = 512 << 20 };

struct rows_gtfs {
    struct rows_row *row;    /* borrowed */
    struct rows_arena outer; /* of the body at hand: its envelope and header */
    struct rows_arena inner; /* of the entity at hand */
    struct rows_entity entity;
    int kind;            /* that was asked for, or ROWS_NO_KIND */
    uint32_t kinds_seen; /* in all bodies so far, a bit each */
};

static void *unpack(struct rows_arena *arena, const ProtobufCMessageDescriptor *type,
                    const ProtobufCBinaryData *bytes)
{
    return protobuf_c_message_unpack(type, &arena->allocator, bytes->len, bytes->data);
}

static void empty(struct rows_arena *arena, size_t length)
{
    size_t limit = UNPACKED_MOST;

    if (length < (UNPACKED_MOST - UNPACKED_LEAST) / UNPACKED_FACTOR)
        limit = length * UNPACKED_FACTOR + UNPACKED_LEAST;
    rows_arena_reset(arena, limit);
}

/* Why unpacking gave nothing. */
static int not_unpacked(const struct rows_arena *arena, const char *what, struct err *err)
{
    if (arena->is_too_poor)
        return err_memory(err);
    if (arena->is_full)
        return err_set(err, ERR_INPUT, "%s takes more than %zu bytes when unpacked", what,
                       arena->limit);
    return err_set(err, ERR_INPUT, "%s is ill-formed", what);
}

/* Protobuf merges a field that stands twice, which is the same as its bytes one after another. */
static int merge(struct rows_gtfs *gtfs, const ProtobufCBinaryData *parts, size_t count,
                 ProtobufCBinaryData *whole)
{
    size_t length = 0;

    for (size_t i = 0; i < count; i++)
        length += parts[i].len;
    *whole = (ProtobufCBinaryData){
        .data = gtfs->outer.allocator.alloc(gtfs->outer.allocator.allocator_data, length + 1)};
    if (!whole->data)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len)
            memcpy(whole->data + whole->len, parts[i].data, parts[i].len);
        whole->len += parts[i].len;
    }
    return 0;
}

static int open_body(struct rows_gtfs *gtfs, TransitRealtime__FeedEnvelope **envelope,
                     TransitRealtime__FeedHeader **header, struct err *err)
{
    const struct rows_row *row = gtfs->row;
    ProtobufCBinaryData bytes = {.len = row->body_length, .data = (uint8_t *)row->body};

    empty(&gtfs->outer, row->body_length);
    *envelope = unpack(&gtfs->outer, &transit_realtime__feed_envelope__descriptor, &bytes);
    if (!*envelope)
        return not_unpacked(&gtfs->outer, "the feed message", err);
    if (!(*envelope)->n_header)
        return err_set(err, ERR_INPUT, "the feed message has no header");
    if (merge(gtfs, (*envelope)->header, (*envelope)->n_header, &bytes) ||
        !(*header = unpack(&gtfs->outer, &transit_realtime__feed_header__descriptor, &bytes)))
        return not_unpacked(&gtfs->outer, "the feed's header", err);
    if (!(*header)->has_gtfs_realtime_version)
        return err_set(err, ERR_INPUT, "the feed's header has no version");
    return 0;
}

static TransitRealtime__FeedEntity *open_entity(struct rows_gtfs *gtfs,
                                                const TransitRealtime__FeedEnvelope *envelope,
                                                size_t index, struct err *err)
{
    TransitRealtime__FeedEntity *entity;

    empty(&gtfs->inner, envelope->entity[index].len);
    entity = unpack(&gtfs->inner, &ENTITY_TYPE, &envelope->entity[index]);
    if (!entity) {
        not_unpacked(&gtfs->inner, "it", err);
        err_within(err, "entity %zu of %zu", index + 1, envelope->n_entity);
    }
    return entity;
}

static int too_many_kinds(uint32_t kinds, struct err *err)
{
    char names[256] = "";

    for (unsigned i = 0; i < ENTITY_TYPE.n_fields; i++) {
        if (!(kinds >> i & 1))
            continue;
        if (*names)
            strncat(names, ", ", sizeof names - strlen(names) - 1);
        strncat(names, ENTITY_TYPE.fields[i].name, sizeof names - strlen(names) - 1);
    }
    return err_set(err, ERR_USAGE, "it holds entities of several kinds: choose by --kind from %s",
                   names);
}

/* ROWS_NO_KIND if none is asked for and there is none. */
static int choose_kind(const struct rows_gtfs *gtfs, int *kind, struct err *err)
{
    *kind = gtfs->kind;
    if (gtfs->kind != ROWS_NO_KIND || !gtfs->kinds_seen)
        return 0;
    if (gtfs->kinds_seen & (gtfs->kinds_seen - 1))
        return too_many_kinds(gtfs->kinds_seen, err);
    while (!(gtfs->kinds_seen >> ++*kind & 1)) {
    }
    return 0;
}

static int survey(struct rows_gtfs *gtfs, const TransitRealtime__FeedEnvelope *envelope,
                  struct err *err)
{
    for (size_t i = 0; i < envelope->n_entity; i++) {
        const TransitRealtime__FeedEntity *entity = open_entity(gtfs, envelope, i, err);

        if (!entity)
            return -1;
        gtfs->kinds_seen |= rows_entity_kinds(entity);
    }
    return 0;
}

static int rows_gtfs_decode(void *decoder, struct err *err)
{
    struct rows_gtfs *gtfs = decoder;
    TransitRealtime__FeedEnvelope *envelope;
    TransitRealtime__FeedHeader *header;
    int kind;

    if (open_body(gtfs, &envelope, &header, err) || survey(gtfs, envelope, err) ||
        choose_kind(gtfs, &kind, err))
        return -1;
    gtfs->row->counts->unknown_fields +=
        envelope->base.n_unknown_fields + header->base.n_unknown_fields;
    gtfs->entity.has_rows = false;
    for (size_t i = 0; i < envelope->n_entity; i++) {
        const TransitRealtime__FeedEntity *entity = open_entity(gtfs, envelope, i, err);

        if (!entity || rows_entity_put(&gtfs->entity, header, entity, kind, err))
            return -1;
    }
    if (envelope->n_entity && !gtfs->entity.has_rows)
        gtfs->row->counts->bodies_without_rows++;
    return 0;
}

static int rows_gtfs_set_kind(void *decoder, const char *kind, struct err *err)
{
    struct rows_gtfs *gtfs = decoder;

    for (unsigned i = 0; i < ENTITY_TYPE.n_fields; i++) {
        if (!rows_entity_is_kind(i) || strcmp(ENTITY_TYPE.fields[i].name, kind) != 0)
            continue;
        gtfs->kind = (int)i;
        return 0;
    }
    return err_set(err, ERR_USAGE,
                   "no kind \"%s\": expected vehicle, trip_update, alert, shape, "
                   "stop or trip_modifications",
                   kind);
}

static void rows_gtfs_free(void *decoder)
{
    struct rows_gtfs *gtfs = decoder;

    if (!gtfs)
        return;
    rows_entity_release(&gtfs->entity);
    rows_arena_release(&gtfs->outer);
    rows_arena_release(&gtfs->inner);
    free(gtfs);
}

static void *rows_gtfs_new(enum feed_format format, const char *path, const struct json *picks,
                           struct rows_row *row, struct err *err)
{
    struct rows_gtfs *gtfs;

    if (rows_decoder_refuse(format, path, picks, err))
        return NULL;
    gtfs = calloc(1, sizeof *gtfs);
    if (!gtfs) {
        err_memory(err);
        return NULL;
    }
    gtfs->row = row;
    gtfs->kind = ROWS_NO_KIND;
    rows_arena_init(&gtfs->outer);
    rows_arena_init(&gtfs->inner);
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
