#include "export/wanted.h"

#include <stdlib.h>
#include <string.h>

int wanted_init(struct wanted *wanted, const char *columns, struct err *err)
{
    struct json_mistake mistake;

    *wanted = (struct wanted){0};
    if (!columns)
        return 0;
    wanted->list = json_parse(columns, strlen(columns), &mistake);
    if (!wanted->list)
        return err_set(err, ERR_INPUT, "columns: column %d: %s", mistake.column, mistake.text);
    wanted->is_met = calloc(wanted->list->count + 1, sizeof *wanted->is_met);
    return wanted->is_met ? 0 : err_memory(err);
}

void wanted_release(struct wanted *wanted)
{
    json_free(wanted->list);
    free(wanted->is_met);
    *wanted = (struct wanted){0};
}

/* The decoder's columns are these in this order, perhaps behind one of its own (`key`). */
void wanted_meet(struct wanted *wanted, const struct rows *rows)
{
    size_t count = wanted->list ? wanted->list->count : 0, known = rows_column_count(rows), i;

    for (i = 0; i < count && known >= count; i++) {
        if (rows_column_is_met(rows, (uint32_t)(known - count + i)))
            wanted->is_met[i] = true;
    }
}

void wanted_tell(const struct wanted *wanted, const char *feed, wanted_fn *on_unmet, void *cookie)
{
    const struct json *list = wanted->list;
    size_t i;

    for (i = 0; list && i < list->count; i++) {
        if (wanted->is_met[i])
            continue;
        if (list->type == JSON_OBJECT)
            on_unmet(cookie, feed, list->members[i].key, list->members[i].value->text);
        else
            on_unmet(cookie, feed, list->items[i]->text, NULL);
    }
}
