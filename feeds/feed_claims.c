#include "feeds/feed_claims.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

struct claim {
    const char *file;
    char name[];
};

static int compare_claims(const void *left, const void *right)
{
    const struct claim *a = left;
    const struct claim *b = right;

    return strcmp(a->name, b->name);
}

const char *feed_claims_take(struct feed_claims *claims, const char *name, const char *file,
                             int *is_new)
{
    size_t size = strlen(name) + 1;
    struct claim *claim = malloc(sizeof *claim + size);
    struct claim **found = NULL;
    const char *holder = NULL;

    if (!claim)
        return NULL;
    claim->file = file;
    memcpy(claim->name, name, size);
    found = tsearch(claim, &claims->root, compare_claims);
    *is_new = found && *found == claim;
    holder = found ? (*found)->file : NULL;
    if (!*is_new)
        free(claim);
    return holder;
}

void feed_claims_release(struct feed_claims *claims)
{
    if (claims->root)
        tdestroy(claims->root, free);
    claims->root = NULL;
}
