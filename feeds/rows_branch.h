/* What a .proto says of a message and all inside it, as a tree; and which column each field belongs
 * to: that of its dotted name below the tree's root.
 *
 * A field gets its column when it is first asked for, so that columns stand in the order of first
 * appearance. Any thread, one at a time. */
#ifndef FEEDS_ROWS_BRANCH_H
#define FEEDS_ROWS_BRANCH_H

#include <protobuf-c/protobuf-c.h>

#include "feeds/rows_columns.h"
#include "feeds/wire.h"

enum { ROWS_FIELDS_MAX = 64 }; /* of one message */

struct rows_field {
    const ProtobufCFieldDescriptor *is;
    enum wire_type wire_type;
    bool is_repeated;
    uint32_t column;            /* ROWS_FIELD_UNSETTLED until it is asked for */
    struct rows_branch *branch; /* NULL: it is no message */
};

#define ROWS_FIELD_UNSETTLED (UINT32_MAX - 1)
#define ROWS_FIELD_ROWS      (UINT32_MAX - 2) /* its values are rows and no cells */

struct rows_branch {
    const ProtobufCMessageDescriptor *type;
    char *name;            /* with a dot at its end; "": a root */
    uint32_t highest;      /* number of a field */
    unsigned char *places; /* of the field of each number up to that, from 1; 0: there is none */
    size_t count;
    struct rows_field fields[]; /* as in the type: by their numbers */
};

/* `name` goes before the names of its fields. `depth`: so many levels below it are roots as well.
 * NULL: no memory, or a message of more than ROWS_FIELDS_MAX fields. */
struct rows_branch *rows_branch_new(const ProtobufCMessageDescriptor *type, const char *name,
                                    int depth);
void rows_branch_free(struct rows_branch *branch); /* NULL is fine */

/* NULL: nobody described that field, or not as what it was sent. */
static inline struct rows_field *rows_branch_field(struct rows_branch *branch,
                                                   const struct wire_field *sent)
{
    unsigned place = sent->number <= branch->highest ? branch->places[sent->number] : 0;
    struct rows_field *field = place ? &branch->fields[place - 1] : NULL;

    return field && field->wire_type == sent->type ? field : NULL;
}

/* The field of that name, which there must be. */
struct rows_field *rows_branch_named(struct rows_branch *branch, const char *name);

/* Is this such a message, and all inside it? `has_new` (may be NULL) is set if a field that can be
 * a cell has not yet been asked for its column; those inside cells of JSON never are, those inside
 * a field of ROWS_NO_COLUMN are not looked at. */
bool rows_branch_fits(struct rows_branch *branch, struct wire message, bool *has_new);

/* What a message says of its fields: of each the last time it was sent, as protobuf has it. */
struct rows_parts {
    uint64_t present, many;                  /* a bit a field: was it sent, more than once */
    uint64_t unknown;                        /* how many fields nobody described */
    struct wire_field last[ROWS_FIELDS_MAX]; /* of those present */
};

/* Of a message that fits. */
void rows_parts_read(struct rows_parts *parts, struct rows_branch *branch, struct wire message);

int rows_branch_settle(const struct rows_branch *branch, struct rows_field *field,
                       struct rows_columns *columns, struct err *err);
/* ROWS_NO_COLUMN: no column of the (fixed) table. */
static inline int rows_branch_column(const struct rows_branch *branch, struct rows_field *field,
                                     struct rows_columns *columns, uint32_t *column,
                                     struct err *err)
{
    if (field->column == ROWS_FIELD_UNSETTLED && rows_branch_settle(branch, field, columns, err))
        return -1;
    *column = field->column;
    return 0;
}

#endif
