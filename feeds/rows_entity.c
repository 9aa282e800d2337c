#include "feeds/rows_entity.h"

#include <gtfs-realtime.pb-c.h>
#include <string.h>

#include "feeds/rows_value.h"

/* The repeated fields each of whose values is a row; all others become JSON in a cell. */
static const struct {
    const ProtobufCMessageDescriptor *type;
    const char *field;
} each_a_row[] = {
    {&transit_realtime__trip_update__descriptor, "stop_time_update"},
    {&transit_realtime__alert__descriptor, "informed_entity"},
};

static struct rows_field *each_a_row_of(struct rows_branch *branch)
{
    for (size_t i = 0; i < sizeof each_a_row / sizeof each_a_row[0]; i++)
        if (each_a_row[i].type == branch->type)
            return rows_branch_named(branch, each_a_row[i].field);
    return NULL;
}

/* A field whose values are rows is in no column, which is known from the start. */
static void settle_rows(struct rows_branch *entity)
{
    for (size_t i = 0; i < entity->count; i++) {
        struct rows_branch *kind = entity->fields[i].branch;
        struct rows_field *each = kind ? each_a_row_of(kind) : NULL;

        if (each)
            each->column = ROWS_FIELD_ROWS;
    }
}

int rows_entity_init(struct rows_entity *rows, struct rows_row *row, struct err *err)
{
    *rows = (struct rows_entity){.row = row};
    rows->header = rows_branch_new(&transit_realtime__feed_header__descriptor, "feed_", 0);
    rows->entity = rows_branch_new(&transit_realtime__feed_entity__descriptor, "", 1);
    if (!rows->header || !rows->entity)
        return err_memory(err);
    rows->id = rows_branch_named(rows->entity, "id");
    rows->is_deleted = rows_branch_named(rows->entity, "is_deleted");
    rows->timestamp = rows_branch_named(rows->header, "timestamp");
    rows->incrementality = rows_branch_named(rows->header, "incrementality");
    settle_rows(rows->entity);
    return 0;
}

void rows_entity_release(struct rows_entity *rows)
{
    rows_branch_free(rows->header);
    rows_branch_free(rows->entity);
    *rows = (struct rows_entity){0};
}

struct rows_field *rows_entity_find_kind(const struct rows_entity *rows, const char *name)
{
    for (size_t i = 0; i < rows->entity->count; i++) {
        struct rows_field *field = &rows->entity->fields[i];

        if (field->branch && strcmp(field->is->name, name) == 0)
            return field;
    }
    return NULL;
}

void rows_entity_choose(struct rows_entity *rows, struct rows_field *kind)
{
    for (size_t i = 0; i < rows->entity->count; i++) {
        struct rows_field *field = &rows->entity->fields[i];

        if (field->branch)
            field->column = field == kind ? ROWS_FIELD_UNSETTLED : ROWS_NO_COLUMN;
    }
    rows->kind = kind;
}

void rows_entity_read_header(const struct rows_entity *rows, struct wire message,
                             struct rows_header *header)
{
    struct wire_field sent;

    while (message.at < message.end && wire_next(&message, &sent)) {
        const struct rows_field *field = rows_branch_field(rows->header, &sent);

        if (!field) {
            header->unknown++;
        } else if (field == rows->timestamp) {
            header->has_timestamp = true;
            header->timestamp = sent;
        } else if (field == rows->incrementality) {
            header->is_differential =
                sent.value != TRANSIT_REALTIME__FEED_HEADER__INCREMENTALITY__FULL_DATASET;
            header->incrementality = sent;
        } else if (strcmp(field->is->name, "gtfs_realtime_version") == 0) {
            header->has_version = true;
        }
    }
}

uint64_t rows_entity_kinds(const struct rows_entity *rows, struct wire message)
{
    struct wire_field sent;
    uint64_t kinds = 0;

    while (message.at < message.end && wire_next(&message, &sent)) {
        const struct rows_field *field = rows_branch_field(rows->entity, &sent);

        if (field && field->branch)
            kinds |= UINT64_C(1) << (field - rows->entity->fields);
    }
    return kinds;
}

static int put_scalar(struct rows_entity *rows, struct rows_branch *branch,
                      struct rows_field *field, const struct wire_field *sent, struct err *err)
{
    char digits[ROWS_VALUE_DIGITS];
    struct rows_scalar scalar;
    uint32_t column;

    if (rows_branch_column(branch, field, rows->row->columns, &column, err))
        return -1;
    if (rows_row_is_learning(rows->row) || column == ROWS_NO_COLUMN)
        return 0;
    scalar = rows_value_scalar(field, sent, digits);
    if (rows_row_put(rows->row, column, scalar.text, scalar.length, scalar.is_string))
        return err_memory(err);
    return 0;
}

static int put_json(struct rows_entity *rows, struct rows_branch *branch, struct rows_field *field,
                    struct wire message, struct err *err)
{
    struct rows_row *row = rows->row;
    struct rows_text text = {.out = &row->text, .replaced = &row->counts->replaced_bytes};
    size_t start = row->text.length;
    uint32_t column;

    if (rows_branch_column(branch, field, row->columns, &column, err))
        return -1;
    if (rows_row_is_learning(row) || column == ROWS_NO_COLUMN)
        return 0;
    if (rows_value_json(field, message, &text, &row->counts->unknown_fields) ||
        rows_row_put_json(row, column, start))
        return err_memory(err);
    return 0;
}

/* From here on as deep as the .proto, in which no message holds its own kind. */
static int put_message(struct rows_entity *rows, struct rows_branch *branch, struct wire message,
                       const struct rows_field *except, struct err *err);

/* A message inside that was sent in parts. */
static int put_merged(struct rows_entity *rows, const struct rows_field *field, struct wire message,
                      struct err *err)
{
    struct buf merged;
    int status;

    buf_init(&merged, ROWS_TEXT_MAX_BYTES);
    status = rows_value_merge(field, message, &merged) ? err_memory(err) : 0;
    message.at = (const unsigned char *)merged.bytes;
    message.end = message.at + merged.length;
    if (!status)
        status = put_message(rows, field->branch, message, NULL, err);
    buf_release(&merged);
    return status;
}

static int put_message(struct rows_entity *rows, struct rows_branch *branch, struct wire message,
                       const struct rows_field *except, struct err *err)
{
    struct rows_parts parts;
    int status = 0;

    rows_parts_read(&parts, branch, message);
    rows->row->counts->unknown_fields += parts.unknown;
    for (uint64_t rest = parts.present; rest && !status; rest &= rest - 1) {
        int i = __builtin_ctzll(rest);
        struct rows_field *field = &branch->fields[i];

        if (field == except)
            continue;
        if (field->is_repeated)
            status = put_json(rows, branch, field, message, err);
        else if (field->branch && parts.many >> i & 1)
            status = put_merged(rows, field, message, err);
        else if (field->branch)
            status = put_message(rows, field->branch, parts.last[i].content, NULL, err);
        else
            status = put_scalar(rows, branch, field, &parts.last[i], err);
    }
    return status;
}

static bool is_present(const struct rows_entity *rows, const struct rows_parts *parts,
                       const struct rows_field *field)
{
    return parts->present >> (field - rows->entity->fields) & 1;
}

/* What stands in front of every row. The first two columns are there even if no cell is. */
static int put_front(struct rows_entity *rows, const struct rows_header *header,
                     const struct rows_parts *parts, struct err *err)
{
    struct rows_branch *entity = rows->entity;
    uint32_t column;

    if (rows_branch_column(entity, rows->id, rows->row->columns, &column, err) ||
        rows_branch_column(rows->header, rows->timestamp, rows->row->columns, &column, err))
        return -1;
    if (is_present(rows, parts, rows->id) &&
        put_scalar(rows, entity, rows->id, &parts->last[rows->id - entity->fields], err))
        return -1;
    if (header->has_timestamp &&
        put_scalar(rows, rows->header, rows->timestamp, &header->timestamp, err))
        return -1;
    /* Of a full data set it goes without saying. */
    if (header->is_differential &&
        put_scalar(rows, rows->header, rows->incrementality, &header->incrementality, err))
        return -1;
    if (!is_present(rows, parts, rows->is_deleted))
        return 0;
    return put_scalar(rows, entity, rows->is_deleted,
                      &parts->last[rows->is_deleted - entity->fields], err);
}

static int end_row(struct rows_entity *rows)
{
    rows->rows++;
    return rows_row_is_learning(rows->row) ? 0 : rows_row_end(rows->row);
}

/* The row begun so far stands in front of one row for each value of `each`. */
static int put_each(struct rows_entity *rows, const struct rows_field *each, struct wire message,
                    struct err *err)
{
    bool is_first = true;
    struct wire_field sent;

    rows_row_keep(rows->row);
    while (message.at < message.end && wire_next(&message, &sent)) {
        if (sent.number != each->is->id || sent.type != each->wire_type)
            continue;
        if (!is_first)
            rows_row_repeat(rows->row);
        is_first = false;
        if (put_message(rows, each->branch, sent.content, NULL, err) || end_row(rows))
            return -1;
    }
    return is_first ? end_row(rows) : 0;
}

static int put_content(struct rows_entity *rows, struct wire message, struct err *err)
{
    struct rows_branch *branch = rows->kind->branch;
    const struct rows_field *each = each_a_row_of(branch);

    if (put_message(rows, branch, message, each, err))
        return -1;
    return each ? put_each(rows, each, message, err) : end_row(rows);
}

/* Its kind's message may have been sent in parts. */
static int put_whole(struct rows_entity *rows, const struct rows_parts *parts, size_t place,
                     struct wire message, struct err *err)
{
    struct buf merged;
    int status;

    if (!(parts->many >> place & 1))
        return put_content(rows, parts->last[place].content, err);
    buf_init(&merged, ROWS_TEXT_MAX_BYTES);
    status = rows_value_merge(rows->kind, message, &merged) ? err_memory(err) : 0;
    message.at = (const unsigned char *)merged.bytes;
    message.end = message.at + merged.length;
    if (!status)
        status = put_content(rows, message, err);
    buf_release(&merged);
    return status;
}

int rows_entity_put(struct rows_entity *rows, const struct rows_header *header, struct wire message,
                    struct err *err)
{
    struct rows_parts parts;
    size_t place = rows->kind ? (size_t)(rows->kind - rows->entity->fields) : 0;
    bool is_of_kind;

    rows_parts_read(&parts, rows->entity, message);
    is_of_kind = rows->kind && is_present(rows, &parts, rows->kind);
    if (!is_of_kind && rows_entity_kinds(rows, message))
        return 0;
    rows->row->counts->unknown_fields += parts.unknown;
    rows_row_begin(rows->row);
    if (put_front(rows, header, &parts, err))
        return -1;
    return is_of_kind ? put_whole(rows, &parts, place, message, err) : end_row(rows);
}
