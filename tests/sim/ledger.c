#include "tests/sim/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "feeds/feed_load.h"
#include "tests/sim/fatal.h"

/* Slots from_at ≤ t ≤ to_at. */
struct claim {
    struct feed *feed; /* held */
    int64_t from_at, to_at;
};

struct ledger_feed {
    char name[FEED_NAME_MAX];
    struct claim *claims;
    size_t count;
};

struct ledger {
    const char *config_dir;
    struct feed_set *set;
    struct ledger_feed **feeds;
    size_t count;
};

struct ledger *ledger_new(const char *config_dir)
{
    struct ledger *ledger = must_alloc(1, sizeof *ledger);

    ledger->config_dir = config_dir;
    return ledger;
}

void ledger_free(struct ledger *ledger)
{
    if (!ledger)
        return;
    for (size_t i = 0; i < ledger->count; i++) {
        for (size_t j = 0; j < ledger->feeds[i]->count; j++)
            feed_drop(ledger->feeds[i]->claims[j].feed);
        free(ledger->feeds[i]->claims);
        free(ledger->feeds[i]);
    }
    free(ledger->feeds);
    feed_set_free(ledger->set);
    free(ledger);
}

static struct ledger_feed *find(const struct ledger *ledger, const char *name)
{
    for (size_t i = 0; i < ledger->count; i++)
        if (strcmp(ledger->feeds[i]->name, name) == 0)
            return ledger->feeds[i];
    return NULL;
}

static struct ledger_feed *find_or_add(struct ledger *ledger, const char *name)
{
    struct ledger_feed *feed = find(ledger, name);

    if (feed)
        return feed;
    feed = must_alloc(1, sizeof *feed);
    memcpy(feed->name, name, strlen(name) + 1);
    ledger->feeds = must_grow(ledger->feeds, ledger->count + 1, sizeof(void *));
    ledger->feeds[ledger->count++] = feed;
    return feed;
}

static struct claim *open_claim(const struct ledger_feed *feed)
{
    struct claim *last = feed->count > 0 ? feed->claims + feed->count - 1 : NULL;

    return last && last->to_at == AT_NEVER ? last : NULL;
}

static void add_claim(struct ledger_feed *feed, struct feed *version, int64_t from_at)
{
    feed->claims = must_grow(feed->claims, feed->count + 1, sizeof *feed->claims);
    feed->claims[feed->count++] =
        (struct claim){.feed = feed_hold(version), .from_at = from_at, .to_at = AT_NEVER};
}

static void begin_claim(struct ledger_feed *feed, struct feed *version, int64_t wall_at)
{
    struct plan plan = {.schedule = &version->schedule, .end_at = AT_NEVER};
    int64_t covered_to_at = feed->count > 0 ? feed->claims[feed->count - 1].to_at : AT_NONE;
    int64_t from_at = wall_at;

    if (version->catch_up && plan_is_open(&plan, wall_at) &&
        plan_slot_until(&plan, wall_at) > covered_to_at)
        from_at = plan_slot_until(&plan, wall_at);
    if (from_at <= covered_to_at)
        from_at = covered_to_at + 1;
    add_claim(feed, version, from_at);
}

static void note_feed(struct ledger *ledger, struct feed *version, int64_t wall_at)
{
    struct ledger_feed *feed = find_or_add(ledger, version->name);
    struct claim *claim = open_claim(feed);

    if (!claim) {
        begin_claim(feed, version, wall_at);
    } else if (strcmp(claim->feed->definition, version->definition) != 0) {
        claim->to_at = wall_at;
        add_claim(feed, version, wall_at + 1);
    }
}

void ledger_note(struct ledger *ledger, int64_t wall_at, bool is_start)
{
    struct feed_set *set = NULL;
    struct err err = {0};

    if (feed_set_load(&set, ledger->config_dir, is_start ? NULL : ledger->set, &err) != 0)
        fatal("%s", err.text);
    feed_set_free(ledger->set);
    ledger->set = set;
    for (size_t i = 0; i < set->count; i++)
        if (set->feeds[i]->enabled)
            note_feed(ledger, set->feeds[i], wall_at);
    for (size_t i = 0; i < ledger->count; i++) {
        const struct feed *version = feed_set_find(set, ledger->feeds[i]->name);
        struct claim *claim = open_claim(ledger->feeds[i]);

        /* Whose file is broken at a start stays open: nobody knows what it meant. */
        if (claim && (version ? !version->enabled : set->broken_count == 0))
            claim->to_at = wall_at;
    }
}

void ledger_each(const struct ledger *ledger, void (*on_feed)(void *cookie, const char *name),
                 void *cookie)
{
    for (size_t i = 0; i < ledger->count; i++)
        on_feed(cookie, ledger->feeds[i]->name);
}

static int64_t slot_from(const struct claim *claim, int64_t from_at, int64_t end_at)
{
    struct plan plan = {.schedule = &claim->feed->schedule, .end_at = end_at};
    int64_t slot_at = plan_slot_from(&plan, from_at);

    return slot_at <= claim->to_at ? slot_at : AT_NEVER;
}

static int64_t end_of(const struct ledger_walk *walk, const struct claim *claim)
{
    const struct claim *first = walk->feed->claims;
    int64_t first_at = AT_NEVER;

    if (claim->feed->schedule.for_ms == 0)
        return AT_NEVER;
    for (size_t i = 0; i < walk->feed->count && first_at == AT_NEVER; i++)
        first_at = slot_from(first + i, first[i].from_at, AT_NEVER);
    return first_at == AT_NEVER ? AT_NEVER : first_at + claim->feed->schedule.for_ms * US_PER_MS;
}

bool ledger_is_plain(const struct ledger *ledger, const char *name)
{
    const struct ledger_feed *feed = find(ledger, name);

    return feed && feed->count == 1;
}

void ledger_begin(const struct ledger *ledger, const char *name, struct ledger_walk *walk)
{
    *walk = (struct ledger_walk){.feed = find(ledger, name), .from_at = AT_NONE};
    if (walk->feed)
        walk->end_at = end_of(walk, walk->feed->claims);
}

int64_t ledger_next(struct ledger_walk *walk)
{
    while (walk->feed && walk->claim < walk->feed->count) {
        const struct claim *claim = walk->feed->claims + walk->claim;
        int64_t from_at = walk->from_at > claim->from_at ? walk->from_at : claim->from_at;
        int64_t slot_at = slot_from(claim, from_at, walk->end_at);

        if (slot_at != AT_NEVER) {
            walk->from_at = slot_at + 1;
            return slot_at;
        }
        if (++walk->claim < walk->feed->count)
            walk->end_at = end_of(walk, claim + 1);
    }
    return AT_NEVER;
}

bool ledger_is_closed(const struct ledger_walk *walk)
{
    return walk->feed->claims[walk->claim].to_at != AT_NEVER;
}
