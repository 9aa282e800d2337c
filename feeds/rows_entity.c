#include "feeds/rows_entity.h"

#include <string.h>

#include "feeds/rows_field.h"

#define ENTITY_TYPE transit_realtime__feed_entity__descriptor
#define HEADER_TYPE transit_realtime__feed_header__descriptor

enum { NO_FIELD = -1 };

/* The repeated fields each of whose values is a row; all others become JSON in a cell. */
static const struct {
    const ProtobufCMessageDescriptor *type;
    const char *field;
} each_a_row[] = {
    {&transit_realtime__trip_update__descriptor, "stop_time_update"},
    {&transit_realtime__alert__descriptor, "informed_entity"},
};

static int field_of(const ProtobufCMessageDescriptor *type, const char *name)
{
    for (unsigned i = 0; i < type->n_fields; i++)
        if (strcmp(type->fields[i].name, name) == 0)
            return (int)i;
    return NO_FIELD;
}

static int each_a_row_of(const ProtobufCMessageDescriptor *type)
{
    for (size_t i = 0; i < sizeof each_a_row / sizeof each_a_row[0]; i++)
        if (each_a_row[i].type == type)
            return field_of(type, each_a_row[i].field);
    return NO_FIELD;
}

int rows_entity_init(struct rows_entity *rows, struct rows_row *row, struct err *err)
{
    *rows = (struct rows_entity){.row = row};
    rows->header = rows_branch_new(&HEADER_TYPE, "feed_");
    rows->entity = rows_branch_new(&ENTITY_TYPE, "");
    return rows->header && rows->entity ? 0 : err_memory(err);
}

void rows_entity_release(struct rows_entity *rows)
{
    rows_branch_free(rows->header);
    rows_branch_free(rows->entity);
    for (size_t i = 0; i < ROWS_KINDS_MAX; i++)
        rows_branch_free(rows->kinds[i]);
    *rows = (struct rows_entity){0};
}

bool rows_entity_is_kind(unsigned index)
{
    return ENTITY_TYPE.fields[index].type == PROTOBUF_C_TYPE_MESSAGE;
}

uint32_t rows_entity_kinds(const TransitRealtime__FeedEntity *entity)
{
    uint32_t kinds = 0;

    for (unsigned i = 0; i < ENTITY_TYPE.n_fields; i++)
        if (rows_entity_is_kind(i) && rows_field_count(&entity->base, &ENTITY_TYPE.fields[i]))
            kinds |= UINT32_C(1) << i;
    return kinds;
}

static int put_json(struct rows_entity *rows, uint32_t column, const ProtobufCMessage *message,
                    const ProtobufCFieldDescriptor *field)
{
    struct rows_row *row = rows->row;
    size_t start = row->text.length;
    struct rows_text text = {.out = &row->text, .replaced = &row->counts->replaced_bytes};

    if (rows_field_json(message, field, &text))
        return -1;
    return rows_row_put_json(row, column, start);
}

/* A field that is present and no message, or repeated: one cell. */
static int put_field(struct rows_entity *rows, struct rows_branch *branch,
                     const ProtobufCMessage *message, unsigned index, struct err *err)
{
    const ProtobufCFieldDescriptor *field = &branch->type->fields[index];
    char digits[ROWS_FIELD_DIGITS];
    struct rows_scalar scalar;
    uint32_t column;

    if (rows_branch_column(branch, index, rows->row->columns, &column, err))
        return -1;
    if (rows_row_is_learning(rows->row) || column == ROWS_NO_COLUMN)
        return 0;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return put_json(rows, column, message, field) ? err_memory(err) : 0;
    scalar = rows_field_scalar(message, field, 0, digits);
    if (rows_row_put(rows->row, column, scalar.text, scalar.length, scalar.is_string))
        return err_memory(err);
    return 0;
}

/* As deep as the .proto, in which no message holds its own kind. */
static int put_message(struct rows_entity *rows, struct rows_branch *branch,
                       const ProtobufCMessage *message, int except, struct err *err)
{
    for (unsigned i = 0; i < branch->type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &branch->type->fields[i];
        struct rows_branch *inner;

        if ((int)i == except || !rows_field_count(message, field))
            continue;
        if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->label == PROTOBUF_C_LABEL_REPEATED) {
            if (put_field(rows, branch, message, i, err))
                return -1;
            continue;
        }
        inner = rows_branch_grow(branch, i);
        if (!inner)
            return err_memory(err);
        if (put_message(rows, inner, rows_field_message(message, field, 0), NO_FIELD, err))
            return -1;
    }
    return 0;
}

/* The column is there even if no cell is. */
static int put_named(struct rows_entity *rows, struct rows_branch *branch,
                     const ProtobufCMessage *message, const char *name, struct err *err)
{
    unsigned index = (unsigned)field_of(branch->type, name);
    uint32_t column;

    if (!rows_field_count(message, &branch->type->fields[index]))
        return rows_branch_column(branch, index, rows->row->columns, &column, err);
    return put_field(rows, branch, message, index, err);
}

/* What stands in front of every row. */
static int put_front(struct rows_entity *rows, const TransitRealtime__FeedHeader *header,
                     const TransitRealtime__FeedEntity *entity, struct err *err)
{
    if (put_named(rows, rows->entity, &entity->base, "id", err) ||
        put_named(rows, rows->header, &header->base, "timestamp", err))
        return -1;
    /* Only then: of a full data set it goes without saying. */
    if (header->has_incrementality &&
        header->incrementality != TRANSIT_REALTIME__FEED_HEADER__INCREMENTALITY__FULL_DATASET &&
        put_named(rows, rows->header, &header->base, "incrementality", err))
        return -1;
    if (!entity->has_is_deleted)
        return 0;
    return put_named(rows, rows->entity, &entity->base, "is_deleted", err);
}

/* The one message that says what the entity is, and where its rows come from. */
struct content {
    const TransitRealtime__FeedHeader *header;
    const TransitRealtime__FeedEntity *entity;
    const ProtobufCMessage *message; /* NULL: the entity is of no kind */
    struct rows_branch *branch;
    int each;     /* its field of which each value is a row */
    size_t count; /* of these values */
};

static int put_row(struct rows_entity *rows, const struct content *content, size_t index,
                   struct err *err)
{
    struct rows_branch *inner;

    rows_row_begin(rows->row);
    if (put_front(rows, content->header, content->entity, err))
        return -1;
    if (content->message &&
        put_message(rows, content->branch, content->message, content->each, err))
        return -1;
    if (content->count) {
        unsigned each = (unsigned)content->each;

        inner = rows_branch_grow(content->branch, each);
        if (!inner)
            return err_memory(err);
        if (put_message(
                rows, inner,
                rows_field_message(content->message, &content->branch->type->fields[each], index),
                NO_FIELD, err))
            return -1;
    }
    rows->has_rows = true;
    return rows_row_is_learning(rows->row) ? 0 : rows_row_end(rows->row);
}

/* Of the entity's message of that kind, which is there. */
static int enter(struct rows_entity *rows, struct content *content, unsigned kind)
{
    const ProtobufCFieldDescriptor *field = &ENTITY_TYPE.fields[kind];

    if (!rows->kinds[kind])
        rows->kinds[kind] = rows_branch_new(field->descriptor, "");
    if (!rows->kinds[kind])
        return -1;
    content->branch = rows->kinds[kind];
    content->message = rows_field_message(&content->entity->base, field, 0);
    content->each = each_a_row_of(field->descriptor);
    if (content->each != NO_FIELD)
        content->count =
            rows_field_count(content->message, &content->branch->type->fields[content->each]);
    return 0;
}

int rows_entity_put(struct rows_entity *rows, const TransitRealtime__FeedHeader *header,
                    const TransitRealtime__FeedEntity *entity, int kind, struct err *err)
{
    struct content content = {.header = header, .entity = entity, .each = NO_FIELD};
    uint32_t kinds = rows_entity_kinds(entity);
    size_t index = 0;

    if (kind != ROWS_NO_KIND && kinds >> kind & 1) {
        if (enter(rows, &content, (unsigned)kind))
            return err_memory(err);
    } else if (kinds) {
        return 0;
    }
    rows->row->counts->unknown_fields += entity->base.n_unknown_fields;
    if (content.message)
        rows->row->counts->unknown_fields += rows_field_unknown(content.message);
    do {
        if (put_row(rows, &content, index, err))
            return -1;
    } while (++index < content.count);
    return 0;
}
