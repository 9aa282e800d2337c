#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "feeds/feed_load.h"
#include "scheduler/roster_parts.h"

/* NULL: no memory. */
static struct known *know(/* NOLINT(readability-function-size): uthash's macro is large */
                          struct roster *roster, const struct stored_feed *stored)
{
    struct known *known = calloc(1, sizeof *known);

    if (!known)
        return NULL;
    known->stored = *stored;
    known->age = (struct roster_age){.oldest_at = AT_NONE, .asked_at = AT_NONE};
    HASH_ADD_STR(roster->known, stored.name, known);
    if (!known->hh.tbl) {
        free(known);
        return NULL;
    }
    if (stored->id > roster->last_id)
        roster->last_id = stored->id;
    return known;
}

static int on_stored_feed(void *cookie, const struct stored_feed *stored)
{
    struct roster *roster = cookie;

    roster->is_whole = know(roster, stored) != NULL;
    return roster->is_whole ? 0 : 1;
}

int roster_new(struct roster **made, struct service *service, struct store *store, struct err *err)
{
    struct roster *roster = calloc(1, sizeof *roster);

    if (!roster)
        return err_memory(err);
    roster->service = service;
    roster->store = store;
    roster->started_at = loop_now(service->loop).wall_at;
    roster->is_whole = true;
    if (reader_open(&roster->reader, store, err) != 0 ||
        store_each_feed(store, on_stored_feed, roster, err) != 0)
        goto fail;
    if (!roster->is_whole) {
        err_memory(err);
        goto fail;
    }
    *made = roster;
    return 0;
fail:
    roster_free(roster);
    return -1;
}

void roster_free(struct roster *roster)
{
    struct known *known, *next;

    if (!roster)
        return;
    for (size_t i = 0; i < roster->count; i++)
        poll_free(roster->polls[i]);
    free(roster->polls);
    known = roster->known;
    HASH_CLEAR(hh, roster->known); /* leaves the list of its members as it was */
    for (; known; known = next) {
        next = known->hh.next;
        free(known->definition);
        free(known);
    }
    reader_close(roster->reader);
    free(roster);
}

void roster_each(struct roster *roster, void (*on_poll)(void *cookie, struct poll *poll),
                 void *cookie)
{
    for (size_t i = roster->count; i-- > 0;)
        on_poll(cookie, roster->polls[i]);
}

size_t roster_count(const struct roster *roster)
{
    return roster->count;
}

struct poll *roster_find(const struct roster *roster, const char *name)
{
    struct known *known;

    HASH_FIND_STR(roster->known, name, known);
    return known ? known->poll : NULL;
}

/* NULL: no memory, and logged. */
static struct known *find_or_know(struct roster *roster, const char *name, int64_t now_at)
{
    struct known *known;
    struct record *record;
    struct stored_feed stored = {.id = roster->last_id + 1,
                                 .created_at = now_at,
                                 .first_slot_at = AT_NONE,
                                 .opened_at = AT_NONE,
                                 .closed_at = AT_NONE,
                                 .forgotten_to_at = AT_NONE};

    HASH_FIND_STR(roster->known, name, known);
    if (known)
        return known;
    snprintf(stored.name, sizeof stored.name, "%s", name);
    record = record_new_text(RECORD_FEED, stored.id, stored.name);
    known = record ? know(roster, &stored) : NULL;
    if (!known) {
        log_event(LEVEL_ERROR, "left_out", "feed=%s reason=memory", name);
        record_free(record);
        return NULL;
    }
    record->at = now_at;
    roster_append(roster, record);
    return known;
}

static int on_definition(void *cookie, const struct stored_definition *definition)
{
    struct known *known = cookie;

    free(known->definition);
    known->definition = strndup(definition->json, definition->json_length);
    known->url_epoch = definition->url_epoch;
    return 0;
}

static void read_definition(struct roster *roster, struct known *known)
{
    struct err err = {0};

    if (known->definition || known->stored.last_definition == 0)
        return;
    if (store_each_definition(roster->store, known->stored.id, on_definition, known, &err) != 0)
        log_event(LEVEL_ERROR, "store", "feed=%s reason=\"%s\"", known->stored.name, err.text);
}

static bool has_same_url(const struct known *known, const struct feed *feed)
{
    struct feed *old;
    bool is_same;

    if (!known->definition)
        return false;
    old = feed_from_definition(known->stored.name, known->definition, NULL);
    is_same = old && strcmp(old->url, feed->url) == 0;
    feed_drop(old);
    return is_same;
}

/* The feed's definition is the known one, or becomes its next. -1: no memory, logged; nothing has
 * changed. */
static int define(struct roster *roster, struct known *known, const struct feed *feed,
                  int64_t now_at)
{
    struct record *record;
    char *definition;

    read_definition(roster, known);
    if (known->definition && strcmp(known->definition, feed->definition) == 0)
        return 0;
    definition = strdup(feed->definition);
    record = record_new_text(RECORD_DEFINITION, known->stored.id, feed->definition);
    if (!definition || !record) {
        log_event(LEVEL_ERROR, "left_out", "feed=%s reason=memory", feed->name);
        free(definition);
        record_free(record);
        return -1;
    }
    if (!has_same_url(known, feed))
        known->url_epoch = known->stored.last_definition + 1;
    known->stored.last_definition++;
    free(known->definition);
    known->definition = definition;
    record->number = known->stored.last_definition;
    record->url_epoch = known->url_epoch;
    record->at = now_at;
    return roster_append(roster, record);
}

static void bring_in(struct roster *roster, struct known *known, struct feed *feed,
                     const struct loop_time *now)
{
    struct feed *old = NULL;
    struct resume resume;

    read_definition(roster, known);
    if (known->stored.is_open && known->definition)
        old = feed_from_definition(feed->name, known->definition, NULL);
    if (define(roster, known, feed, now->wall_at) == 0 &&
        roster_make_poll(roster, known, feed, &resume, now)) {
        if (old)
            roster_reopen_account(roster, known, &resume, old, now);
        else
            roster_open_account(roster, known, &resume, now);
    }
    feed_drop(old);
}

static void apply_feed(struct roster *roster, struct feed *feed, const struct loop_time *now)
{
    struct known *known = find_or_know(roster, feed->name, now->wall_at);
    struct poll *poll = known ? known->poll : NULL;

    if (!known)
        return;
    if (!poll || poll->state == POLL_RETIRED) {
        if (!roster->is_starting)
            log_event(LEVEL_INFO, "added", "feed=%s", feed->name);
        bring_in(roster, known, feed, now);
        return;
    }
    known->stored.is_open = true; /* it may have been leaving */
    if ((poll->successor ? poll->successor : poll->feed) == feed && !poll->is_leaving)
        return;
    if (define(roster, known, feed, now->wall_at) != 0)
        return;
    poll->next_definition = known->stored.last_definition;
    poll->next_url_epoch = known->url_epoch;
    log_event(LEVEL_INFO, "changed", "feed=%s", feed->name);
    poll_change(poll, feed, now);
}

static bool is_wanted(const struct feed_set *set, const char *name)
{
    const struct feed *feed = feed_set_find(set, name);

    return feed && feed->enabled;
}

/* The account of a feed that is gone ends. While some file is broken nobody knows which feeds it
 * meant: those stay open, and get `config` slots when it is mended. */
static void drop_unwanted(struct roster *roster, const struct feed_set *set, bool is_start,
                          const struct loop_time *now)
{
    struct known *known, *next;

    HASH_ITER(hh, roster->known, known, next)
    {
        if (is_wanted(set, known->stored.name))
            continue;
        if (known->poll && known->poll->state != POLL_RETIRED) {
            if (!known->poll->is_leaving)
                log_event(LEVEL_INFO, "removed", "feed=%s", known->stored.name);
            known->stored.is_open = false;
            poll_leave(known->poll, now);
        } else if (is_start && known->stored.is_open && set->broken_count == 0) {
            struct record *record = record_new(RECORD_CLOSE, known->stored.id);

            if (record)
                record->at = now->wall_at;
            roster_append(roster, record);
            known->stored.is_open = false;
        }
    }
}

void roster_apply(struct roster *roster, const struct feed_set *set, bool is_start)
{
    struct loop_time now = loop_now(roster->service->loop);

    roster->is_starting = is_start;
    if (is_start)
        roster->started_at = now.wall_at;
    drop_unwanted(roster, set, is_start, &now);
    for (size_t i = 0; i < set->count; i++)
        if (set->feeds[i]->enabled)
            apply_feed(roster, set->feeds[i], &now);
    service_pump_soon(roster->service);
}

static void poll_feed_once(struct roster *roster, struct feed *feed, const struct loop_time *now)
{
    struct known *known = find_or_know(roster, feed->name, now->wall_at);
    struct resume resume;
    int64_t slot_at;

    if (!known || define(roster, known, feed, now->wall_at) != 0 ||
        !roster_make_poll(roster, known, feed, &resume, now)) {
        roster->service->failures++; /* left out, as was logged */
        return;
    }
    slot_at = plan_slot_until(&known->poll->account.plan, now->wall_at);
    if (slot_at == AT_NONE || roster_has_poll(roster, known->stored.id, slot_at))
        poll_begin_once(known->poll, now->wall_at, POLL_ONCE | POLL_UNPLANNED, now);
    else
        poll_begin_once(known->poll, slot_at, POLL_UNPLANNED, now);
}

void roster_poll_once(struct roster *roster, const struct feed_set *set)
{
    struct loop_time now = loop_now(roster->service->loop);

    for (size_t i = 0; i < set->count; i++)
        if (set->feeds[i]->enabled)
            poll_feed_once(roster, set->feeds[i], &now);
    service_pump_soon(roster->service);
}

static void remove_poll(struct roster *roster, struct poll *poll)
{
    struct known *known;

    for (size_t i = 0; i < roster->count; i++)
        if (roster->polls[i] == poll)
            roster->polls[i] = roster->polls[--roster->count];
    HASH_FIND_STR(roster->known, poll->feed->name, known);
    if (known && known->poll == poll) {
        known->stored.first_slot_at = poll->first_slot_at;
        known->poll = NULL;
    }
    poll_free(poll);
}

const struct roster_age *roster_age(const struct roster *roster, const char *name)
{
    struct known *known;

    HASH_FIND_STR(roster->known, name, known);
    return known ? &known->age : NULL;
}

void roster_forget(struct roster *roster, const char *name, int64_t before_at)
{
    struct known *known;
    struct record *record;

    HASH_FIND_STR(roster->known, name, known);
    if (!known || known->age.is_asked)
        return;
    record = record_new(RECORD_FORGET, known->stored.id);
    if (record) {
        record->at = before_at;
        record->cookie = known;
    }
    known->age.asked_at = loop_now(roster->service->loop).wall_at;
    known->age.is_asked = roster_append(roster, record) == 0;
}

static void on_forgotten(const struct record *record)
{
    const struct pruned *pruned = &record->pruned;
    struct known *known = record->cookie;

    known->age.is_asked = false;
    known->age.oldest_at = pruned->oldest_at;
    if (pruned->has_lost_body && known->poll)
        poll_forget_body(known->poll);
    if (pruned->polls)
        log_event(LEVEL_DEBUG, "forgot",
                  "feed=%s polls=%" PRIu64 " bodies=%" PRIu64 " bytes=%" PRIu64, known->stored.name,
                  pruned->polls, pruned->bodies, pruned->bytes);
}

void roster_on_committed(struct roster *roster, const struct record *record)
{
    struct poll *poll = record->cookie;

    if (record->kind == RECORD_FORGET) {
        on_forgotten(record);
        return;
    }
    if (!poll) {
        if (record->was_refused)
            log_event(LEVEL_ERROR, "refused", "feed_id=%u kind=%d", record->feed_id, record->kind);
        return;
    }
    poll_on_committed(poll, record);
    if (poll->state == POLL_RETIRED && poll->records == 0)
        remove_poll(roster, poll);
}
