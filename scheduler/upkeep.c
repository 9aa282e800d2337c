#include "scheduler/upkeep.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "storage/retention.h"

enum {
    LOOK_US = 1000 * 1000,
    LOOK_SHORT_US = 100 * 1000, /* while room is short */
    LOOKS = 1000,               /* feeds a turn */
    STUCK_US = 10 * 1000 * 1000 /* until those that had nothing to forget are asked again */
};

struct upkeep {
    struct service *service;
    struct store *store;
    struct roster *roster;
    const struct feed_set *set;
    struct alarm *look;
    size_t next; /* of the set's feeds */
    struct retention_clock clock;
    struct retention_room room;
    uint64_t version; /* of the store, when its space was last looked at */
    uint64_t used_bytes;
    bool is_stuck;    /* room is short, and those who set `keep` have nothing more to give */
    int64_t stuck_us; /* since */
};

static void on_look(void *cookie);

static int on_run(void *cookie, const struct stored_run *run)
{
    *(int64_t *)cookie = run->ended_at > run->alive_at ? run->ended_at : run->alive_at;
    return 0;
}

struct upkeep *upkeep_new(struct service *service, struct store *store, struct roster *roster)
{
    struct upkeep *upkeep = calloc(1, sizeof *upkeep);
    struct loop_time now = loop_now(service->loop);
    int64_t seen_at = AT_NONE;

    if (!upkeep)
        return NULL;
    upkeep->service = service;
    upkeep->store = store;
    upkeep->roster = roster;
    upkeep->look = alarm_new(service->loop, on_look, upkeep);
    if (!upkeep->look) {
        free(upkeep);
        return NULL;
    }
    (void)store_each_run(store, on_run, &seen_at, NULL); /* damage is verify's to tell */
    retention_clock_init(&upkeep->clock, seen_at, now.wall_at, now.boot_us);
    return upkeep;
}

void upkeep_free(struct upkeep *upkeep)
{
    if (!upkeep)
        return;
    alarm_free(upkeep->look);
    free(upkeep);
}

static bool is_due(const struct feed *feed, const struct roster_age *age, int64_t now_at)
{
    if (feed->keep_ms <= 0 || !age || age->is_asked)
        return false;
    return age->asked_at == AT_NONE || age->asked_at > now_at ||
           retention_look_at(feed->keep_ms, age->oldest_at, age->asked_at) <= now_at;
}

static void look_at_ages(struct upkeep *upkeep, size_t looks, const struct loop_time *now)
{
    const struct feed_set *set = upkeep->set;

    if (!retention_clock_is_trusted(&upkeep->clock, now->wall_at, now->boot_us))
        return;
    for (size_t i = 0; i < looks && i < set->count; i++) {
        const struct feed *feed;

        if (upkeep->next >= set->count)
            upkeep->next = 0;
        feed = set->feeds[upkeep->next++];
        if (is_due(feed, roster_age(upkeep->roster, feed->name), now->wall_at))
            roster_forget(upkeep->roster, feed->name,
                          retention_before(feed->keep_ms, now->wall_at));
    }
}

/* What the feeds that set `keep` have. */
struct ages {
    int64_t oldest_at;
    bool is_known; /* of all of them, and the writer is not at any */
};

static struct ages survey(const struct upkeep *upkeep)
{
    struct ages ages = {.oldest_at = AT_NONE, .is_known = true};

    for (size_t i = 0; i < upkeep->set->count; i++) {
        const struct feed *feed = upkeep->set->feeds[i];
        const struct roster_age *age =
            feed->keep_ms > 0 ? roster_age(upkeep->roster, feed->name) : NULL;

        if (!age)
            continue;
        ages.is_known &= !age->is_asked && age->asked_at != AT_NONE;
        if (age->oldest_at != AT_NONE &&
            (ages.oldest_at == AT_NONE || age->oldest_at < ages.oldest_at))
            ages.oldest_at = age->oldest_at;
    }
    return ages;
}

/* Everything before `before_at` goes, of the feeds that set `keep`; AT_NONE: nothing, but what they
 * have is looked at anew. */
static void ask_all(struct upkeep *upkeep, int64_t before_at)
{
    for (size_t i = 0; i < upkeep->set->count; i++) {
        const struct feed *feed = upkeep->set->feeds[i];
        const struct roster_age *age =
            feed->keep_ms > 0 ? roster_age(upkeep->roster, feed->name) : NULL;

        if (age &&
            (before_at == AT_NONE || (age->oldest_at != AT_NONE && age->oldest_at < before_at)))
            roster_forget(upkeep->roster, feed->name, before_at);
    }
}

/* The oldest polls of all such feeds go, a part at a time, until there is room. `is_first`: what
 * is known of them is from before. */
static void make_room(struct upkeep *upkeep, bool is_first, const struct loop_time *now)
{
    struct ages ages = survey(upkeep);
    int64_t before_at = retention_cut(ages.oldest_at, now->wall_at);

    if (is_first || (upkeep->is_stuck && now->mono_us - upkeep->stuck_us > STUCK_US)) {
        upkeep->stuck_us = now->mono_us;
        ask_all(upkeep, AT_NONE);
    } else if (ages.is_known && before_at != AT_NONE) {
        upkeep->is_stuck = false;
        ask_all(upkeep, before_at);
    } else if (ages.is_known && !upkeep->is_stuck) {
        upkeep->is_stuck = true;
        upkeep->stuck_us = now->mono_us;
    }
}

static bool has_keepers(const struct feed_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->feeds[i]->keep_ms > 0)
            return true;
    return false;
}

static void tell(struct upkeep *upkeep, enum room_state before)
{
    const struct service_settings *settings = &upkeep->set->service;
    enum room_state state = upkeep->room.state;
    bool is_full = state == ROOM_NONE || (state == ROOM_SHORT && upkeep->is_stuck);

    if (state == ROOM_SHORT && before == ROOM_ENOUGH && has_keepers(upkeep->set))
        log_event(LEVEL_WARN, "store_limit",
                  "state=short used_bytes=%" PRIu64 " limit_bytes=%" PRId64
                  " reason=\"the oldest polls of feeds that set keep go before their time\"",
                  upkeep->used_bytes, settings->store_limit_bytes);
    if (is_full && !upkeep->service->is_store_full)
        log_event(LEVEL_ERROR, "store_limit",
                  "state=full used_bytes=%" PRIu64 " limit_bytes=%" PRId64
                  " reason=\"polling pauses: prune by hand, or raise store_limit\"",
                  upkeep->used_bytes, settings->store_limit_bytes);
    if (!is_full && upkeep->service->is_store_full)
        log_event(LEVEL_INFO, "store_limit", "state=free used_bytes=%" PRIu64, upkeep->used_bytes);
    upkeep->service->is_store_full = is_full;
}

static void look_at_space(struct upkeep *upkeep, const struct loop_time *now)
{
    int64_t limit_bytes = upkeep->set->service.store_limit_bytes;
    enum room_state before = upkeep->room.state;
    struct store_space space;

    if (limit_bytes > 0 && upkeep->version != store_version(upkeep->store) &&
        store_space(upkeep->store, &space, NULL) == 0) {
        upkeep->version = store_version(upkeep->store);
        upkeep->used_bytes = space.used_bytes;
    }
    if (retention_room_note(&upkeep->room, upkeep->used_bytes, (uint64_t)limit_bytes) ==
        ROOM_ENOUGH)
        upkeep->is_stuck = false;
    else
        make_room(upkeep, before == ROOM_ENOUGH, now);
    tell(upkeep, before);
}

static void on_look(void *cookie)
{
    struct upkeep *upkeep = cookie;
    struct loop_time now = loop_now(upkeep->service->loop);

    look_at_ages(upkeep, LOOKS, &now);
    look_at_space(upkeep, &now);
    alarm_set(upkeep->look, now.mono_us + (upkeep->room.state == ROOM_ENOUGH || upkeep->is_stuck
                                               ? LOOK_US
                                               : LOOK_SHORT_US));
}

void upkeep_use(struct upkeep *upkeep, const struct feed_set *set)
{
    upkeep->set = set;
    upkeep->next = 0;
    upkeep->version = 0;
    alarm_set(upkeep->look, 0);
}

void upkeep_once(struct upkeep *upkeep, const struct feed_set *set)
{
    struct loop_time now = loop_now(upkeep->service->loop);

    upkeep->set = set;
    look_at_ages(upkeep, set->count, &now);
}

void upkeep_stop(struct upkeep *upkeep)
{
    alarm_clear(upkeep->look);
    writer_drop_chores(upkeep->service->writer);
}
