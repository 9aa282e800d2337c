#include "feeds/rows_branch.h"

#include <stdlib.h>
#include <string.h>

/* `name`, the field's, and what comes after it; owned. NULL: no memory. */
static char *join(const struct rows_branch *branch, unsigned index, const char *after)
{
    const char *field = branch->type->fields[index].name;
    size_t before = strlen(branch->name), length = strlen(field), rest = strlen(after);
    char *joined = malloc(before + length + rest + 1);

    if (!joined)
        return NULL;
    memcpy(joined, branch->name, before);
    memcpy(joined + before, field, length);
    memcpy(joined + before + length, after, rest + 1);
    return joined;
}

/* Takes `name`, which may be NULL for want of memory. */
static struct rows_branch *make(const ProtobufCMessageDescriptor *type, char *name)
{
    struct rows_branch *branch =
        name ? malloc(sizeof *branch + type->n_fields * sizeof branch->fields[0]) : NULL;

    if (!branch) {
        free(name);
        return NULL;
    }
    branch->type = type;
    branch->name = name;
    for (unsigned i = 0; i < type->n_fields; i++) {
        branch->fields[i].column = ROWS_BRANCH_UNSETTLED;
        branch->fields[i].branch = NULL;
    }
    return branch;
}

struct rows_branch *rows_branch_new(const ProtobufCMessageDescriptor *type, const char *name)
{
    size_t size = strlen(name) + 1;
    char *copy = malloc(size);

    if (copy)
        memcpy(copy, name, size);
    return make(type, copy);
}

void rows_branch_free(struct rows_branch *branch)
{
    if (!branch)
        return;
    for (unsigned i = 0; i < branch->type->n_fields; i++)
        rows_branch_free(branch->fields[i].branch);
    free(branch->name);
    free(branch);
}

struct rows_branch *rows_branch_grow(struct rows_branch *branch, unsigned index)
{
    if (!branch->fields[index].branch)
        branch->fields[index].branch =
            make(branch->type->fields[index].descriptor, join(branch, index, "."));
    return branch->fields[index].branch;
}

int rows_branch_settle(struct rows_branch *branch, unsigned index, struct rows_columns *columns,
                       struct err *err)
{
    char *name = join(branch, index, "");
    int status;

    if (!name)
        return err_memory(err);
    status = rows_columns_find(columns, name, strlen(name), &branch->fields[index].column, err);
    if (status)
        branch->fields[index].column = ROWS_BRANCH_UNSETTLED;
    free(name);
    return status;
}
