#include "export/selection.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/feed_load.h"
#include "storage/reader.h"

/* Feeds of one store; the service has its own, lower limits. */
enum { SELECTION_MAX = 1000000 };

struct choosing {
    struct selection *selection;
    const struct export_range *range;
    bool *has_matched; /* one for each glob */
    size_t capacity;
    struct err *err;
    bool has_failed;
};

static bool is_literal(const char *glob)
{
    return !strpbrk(glob, "*?[");
}

static bool is_chosen(struct choosing *choosing, const char *name)
{
    const struct export_range *range = choosing->range;
    bool is_match = range->glob_count == 0;
    size_t i;

    for (i = 0; i < range->glob_count; i++) {
        const char *glob = range->globs[i];

        if (is_literal(glob) ? strcmp(glob, name) != 0 : fnmatch(glob, name, 0) != 0)
            continue;
        choosing->has_matched[i] = is_match = true;
    }
    return is_match;
}

static int grow(struct choosing *choosing)
{
    struct selection *selection = choosing->selection;
    size_t capacity = choosing->capacity ? 2 * choosing->capacity : 16;
    struct selected *feeds;

    if (selection->count < choosing->capacity)
        return 0;
    if (capacity > SELECTION_MAX)
        return err_set(choosing->err, ERR_FULL, "more than %d feeds", SELECTION_MAX);
    feeds = realloc(selection->feeds, capacity * sizeof *feeds);
    if (!feeds)
        return err_memory(choosing->err);
    selection->feeds = feeds;
    choosing->capacity = capacity;
    return 0;
}

static int on_feed(void *cookie, const struct stored_feed *stored)
{
    struct choosing *choosing = cookie;

    if (!is_chosen(choosing, stored->name))
        return 0;
    if (grow(choosing)) {
        choosing->has_failed = true;
        return 1;
    }
    choosing->selection->feeds[choosing->selection->count++] =
        (struct selected){.stored = *stored, .last_slot_at = AT_NONE, .done_slot_at = AT_NONE};
    return 0;
}

struct latest {
    uint32_t number;
    char *json;
    bool is_short_of_memory;
};

static int on_definition(void *cookie, const struct stored_definition *definition)
{
    struct latest *latest = cookie;

    if (definition->number != latest->number)
        return 0;
    latest->json = strndup(definition->json, definition->json_length);
    latest->is_short_of_memory = !latest->json;
    return 1;
}

static int read_definition(struct selected *selected, struct store *store, struct err *err)
{
    struct latest latest = {.number = selected->stored.last_definition};

    if (!latest.number)
        return 0;
    if (store_each_definition(store, selected->stored.id, on_definition, &latest, err))
        return -1;
    if (latest.is_short_of_memory)
        return err_memory(err);
    if (!latest.json)
        return 0;
    selected->feed = feed_from_definition(selected->stored.name, latest.json, err);
    free(latest.json);
    if (!selected->feed)
        return err_within(err, "feed \"%s\": definition %u", selected->stored.name, latest.number);
    return 0;
}

static int read_last_slot(struct selected *selected, struct reader *reader, struct err *err)
{
    struct poll_record poll;
    int got;

    if (reader_seek_back(reader, selected->stored.id, AT_NEVER, err))
        return -1;
    got = reader_previous(reader, &poll, err);
    if (got > 0)
        selected->last_slot_at = poll_record_last_slot(&poll);
    return got < 0 ? -1 : 0;
}

static int read_each(struct selection *selection, struct store *store, struct err *err)
{
    struct reader *reader = NULL;
    int result = -1;
    size_t i;

    for (i = 0; i < selection->count; i++) {
        if (read_definition(&selection->feeds[i], store, err))
            return -1;
    }
    if (reader_open(&reader, store, err))
        return -1;
    for (i = 0; i < selection->count; i++) {
        if (read_last_slot(&selection->feeds[i], reader, err))
            goto fail;
    }
    result = 0;
fail:
    reader_close(reader);
    return result;
}

static const struct zone *common_zone(const struct selection *selection)
{
    const struct zone *zone = NULL;
    size_t i;

    for (i = 0; i < selection->count; i++) {
        const struct feed *feed = selection->feeds[i].feed;

        if (!feed)
            continue;
        if (zone && zone != feed->schedule.zone)
            return zone_utc();
        zone = feed->schedule.zone;
    }
    return zone ? zone : zone_utc();
}

static int check_globs(const struct choosing *choosing, struct err *err)
{
    size_t i;

    for (i = 0; i < choosing->range->glob_count; i++) {
        const char *glob = choosing->range->globs[i];

        if (!choosing->has_matched[i])
            return err_set(err, ERR_ABSENT,
                           is_literal(glob) ? "no feed \"%s\" in the store"
                                            : "no feed matches \"%s\" in the store",
                           glob);
    }
    return 0;
}

int selection_make(struct selection *selection, struct store *store,
                   const struct export_range *range, struct err *err)
{
    struct choosing choosing = {.selection = selection, .range = range, .err = err};
    int result = -1;

    *selection = (struct selection){0};
    choosing.has_matched = calloc(range->glob_count + 1, sizeof *choosing.has_matched);
    if (!choosing.has_matched) {
        err_memory(err);
        goto fail;
    }
    if (store_each_feed(store, on_feed, &choosing, err) || choosing.has_failed ||
        check_globs(&choosing, err) || read_each(selection, store, err))
        goto fail;
    selection->zone = range->zone ? range->zone : common_zone(selection);
    result = 0;
fail:
    free(choosing.has_matched);
    if (result)
        selection_release(selection);
    return result;
}

int selection_renew(struct selection *selection, struct store *store,
                    const struct export_range *range, struct err *err)
{
    struct selection renewed;
    size_t i, j = 0;

    if (selection_make(&renewed, store, range, err))
        return -1;
    for (i = 0; i < renewed.count; i++) {
        const char *name = renewed.feeds[i].stored.name;

        while (j < selection->count && strcmp(selection->feeds[j].stored.name, name) < 0)
            j++;
        if (j < selection->count && selection->feeds[j].stored.id == renewed.feeds[i].stored.id)
            renewed.feeds[i].done_slot_at = selection->feeds[j].done_slot_at;
    }
    renewed.zone = selection->zone;
    selection_release(selection);
    *selection = renewed;
    return 0;
}

void selection_release(struct selection *selection)
{
    size_t i;

    for (i = 0; i < selection->count; i++)
        feed_drop(selection->feeds[i].feed);
    free(selection->feeds);
    *selection = (struct selection){0};
}

int64_t selection_until(const struct selection *selection)
{
    int64_t until_at = AT_NONE;
    size_t i;

    for (i = 0; i < selection->count; i++) {
        if (selection->feeds[i].last_slot_at > until_at)
            until_at = selection->feeds[i].last_slot_at;
    }
    return until_at;
}
