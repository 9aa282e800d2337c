#include "feeds/rows_branch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a field of that type is sent as. */
static enum wire_type wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        return WIRE_VARINT;
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_32BIT;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_64BIT;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return WIRE_BYTES;
}

/* `name`, the field's, and `after`; owned. NULL: no memory. */
static char *join(const char *name, const char *field, const char *after)
{
    size_t size = strlen(name) + strlen(field) + strlen(after) + 1;
    char *joined = malloc(size);

    if (joined)
        snprintf(joined, size, "%s%s%s", name, field, after);
    return joined;
}

/* From here on as deep as the .proto, in which no message holds its own kind. */
static struct rows_branch *grow(const struct rows_branch *branch,
                                const ProtobufCFieldDescriptor *field, int depth)
{
    char *name = depth > 0 ? join("", "", "") : join(branch->name, field->name, ".");
    struct rows_branch *grown = name ? rows_branch_new(field->descriptor, name, depth - 1) : NULL;

    free(name);
    return grown;
}

/* The descriptors are sorted by number. */
static int number_fields(struct rows_branch *branch)
{
    const ProtobufCMessageDescriptor *type = branch->type;

    branch->highest = type->n_fields ? type->fields[type->n_fields - 1].id : 0;
    branch->places = calloc((size_t)branch->highest + 1, 1);
    if (!branch->places)
        return -1;
    for (unsigned i = 0; i < type->n_fields; i++)
        branch->places[type->fields[i].id] = (unsigned char)(i + 1);
    return 0;
}

struct rows_branch *rows_branch_new(const ProtobufCMessageDescriptor *type, const char *name,
                                    int depth)
{
    struct rows_branch *branch = NULL;

    if (type->n_fields <= ROWS_FIELDS_MAX)
        branch = calloc(1, sizeof *branch + type->n_fields * sizeof branch->fields[0]);
    if (!branch)
        return NULL;
    branch->type = type;
    branch->name = join(name, "", "");
    if (!branch->name || number_fields(branch))
        goto fail;
    for (; branch->count < type->n_fields; branch->count++) {
        const ProtobufCFieldDescriptor *is = &type->fields[branch->count];
        struct rows_field *field = &branch->fields[branch->count];

        *field = (struct rows_field){.is = is,
                                     .wire_type = wire_type_of(is->type),
                                     .is_repeated = is->label == PROTOBUF_C_LABEL_REPEATED,
                                     .column = ROWS_FIELD_UNSETTLED};
        if (is->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        field->branch = grow(branch, is, depth);
        if (!field->branch)
            goto fail;
    }
    return branch;
fail:
    rows_branch_free(branch);
    return NULL;
}

void rows_branch_free(struct rows_branch *branch)
{
    if (!branch)
        return;
    for (size_t i = 0; i < branch->count; i++)
        rows_branch_free(branch->fields[i].branch);
    free(branch->places);
    free(branch->name);
    free(branch);
}

static bool is_new(const struct rows_field *field)
{
    return field->column == ROWS_FIELD_UNSETTLED && (!field->branch || field->is_repeated);
}

bool rows_branch_fits(struct rows_branch *branch, struct wire message, bool *has_new)
{
    struct wire_field sent;

    while (message.at < message.end) {
        const struct rows_field *field;

        if (!wire_next(&message, &sent))
            return false;
        field = rows_branch_field(branch, &sent);
        if (!field)
            continue;
        if (has_new && is_new(field))
            *has_new = true;
        if (field->branch && !rows_branch_fits(field->branch, sent.content,
                                               field->column == ROWS_NO_COLUMN ? NULL : has_new))
            return false;
    }
    return true;
}

void rows_parts_read(struct rows_parts *parts, struct rows_branch *branch, struct wire message)
{
    struct wire_field sent;

    parts->present = parts->many = parts->unknown = 0;
    while (message.at < message.end && wire_next(&message, &sent)) {
        const struct rows_field *field = rows_branch_field(branch, &sent);
        size_t place = field ? (size_t)(field - branch->fields) : 0;

        if (!field) {
            parts->unknown++;
            continue;
        }
        parts->many |= parts->present & UINT64_C(1) << place;
        parts->present |= UINT64_C(1) << place;
        parts->last[place] = sent;
    }
}

struct rows_field *rows_branch_named(struct rows_branch *branch, const char *name)
{
    size_t i = 0;

    while (strcmp(branch->fields[i].is->name, name) != 0)
        i++;
    return &branch->fields[i];
}

int rows_branch_settle(const struct rows_branch *branch, struct rows_field *field,
                       struct rows_columns *columns, struct err *err)
{
    char *name = join(branch->name, field->is->name, "");
    uint32_t column;
    int status;

    if (!name)
        return err_memory(err);
    status = rows_columns_find(columns, name, strlen(name), &column, err);
    if (!status)
        field->column = column;
    free(name);
    return status;
}
