/* Which column a field of a message belongs to: its dotted name below the row's own message.
 *
 * A tree that follows the .proto as far as bodies have gone into it; a field gets its column when
 * it is first met, so that columns stand in the order of first appearance. Any thread, one at a
 * time.
 */
#ifndef FEEDS_ROWS_BRANCH_H
#define FEEDS_ROWS_BRANCH_H

#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "feeds/rows_columns.h"

struct rows_branch {
    const ProtobufCMessageDescriptor *type;
    char *name; /* with a dot at its end; "" for the row's own message */
    struct {
        uint32_t column;            /* ROWS_BRANCH_UNSETTLED until it is asked for */
        struct rows_branch *branch; /* of a field that is a message; NULL until it is asked for */
    } fields[];                     /* as many as the type has */
};

#define ROWS_BRANCH_UNSETTLED (UINT32_MAX - 1)

/* NULL: no memory. */
struct rows_branch *rows_branch_new(const ProtobufCMessageDescriptor *type, const char *name);
void rows_branch_free(struct rows_branch *branch);
/* Of the type's field number `index`. NULL: no memory. */
struct rows_branch *rows_branch_grow(struct rows_branch *branch, unsigned index);
/* ROWS_NO_COLUMN: no column of the (fixed) table. */
int rows_branch_settle(struct rows_branch *branch, unsigned index, struct rows_columns *columns,
                       struct err *err);
static inline int rows_branch_column(struct rows_branch *branch, unsigned index,
                                     struct rows_columns *columns, uint32_t *column,
                                     struct err *err)
{
    if (branch->fields[index].column == ROWS_BRANCH_UNSETTLED &&
        rows_branch_settle(branch, index, columns, err))
        return -1;
    *column = branch->fields[index].column;
    return 0;
}

#endif
