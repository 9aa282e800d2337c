#include "tests/sim/check_status.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/zone.h"
#include "storage/reader.h"
#include "tests/sim/fatal.h"

enum { WINDOWS = 3, LAST_SLOTS = 60, TEXT_MAX = 96 };
#define SETTLED_US (INT64_C(60) * US_PER_SECOND) /* after this the store is read */
#define MINUTE_US  (INT64_C(60) * US_PER_SECOND)

/* As status.json names them; each begins at the edge of a bucket. */
static const struct {
    const char *name;
    int64_t span_us, bucket_us;
} windows[WINDOWS] = {{"1h", 60 * MINUTE_US, MINUTE_US},
                      {"24h", US_PER_DAY, 30 * MINUTE_US},
                      {"7d", 7 * US_PER_DAY, 90 * MINUTE_US}};

/* What a feed's stored polls add up to. */
struct truth {
    int64_t now_at, last_slot_at;
    uint64_t counts[4];
    uint64_t slots[WINDOWS], complete[WINDOWS];
    char recent[LAST_SLOTS + 1];
};

struct comparison {
    const struct run *run;
    const char *file, *feed;
    const struct json *status;
    struct reader *reader;
    unsigned faults;
};

static void differ(struct comparison *comparison, const char *key, const char *told,
                   const char *stored)
{
    comparison->faults++;
    printf("%s: feed %s: status tells %s of %s, stored is %s\n", comparison->file, comparison->feed,
           told, key, stored);
}

static void add_slot(struct truth *truth, const struct poll_record *poll, int64_t slot_at)
{
    bool is_complete = poll->outcome <= OUTCOME_SAME && !(poll->flags & POLL_INVALID);
    size_t length = strlen(truth->recent);

    truth->counts[poll->outcome]++;
    truth->last_slot_at = slot_at;
    if (length == LAST_SLOTS)
        memmove(truth->recent, truth->recent + 1, length--);
    truth->recent[length] = is_complete                     ? outcome_name(poll->outcome)[0]
                            : poll->outcome <= OUTCOME_SAME ? 'i'
                                                            : outcome_name(poll->outcome)[0];
    truth->recent[length + 1] = '\0';
    for (int i = 0; i < WINDOWS; i++) {
        int64_t bucket_us = windows[i].bucket_us;
        int64_t from_at = clock_floor_div(truth->now_at - windows[i].span_us, bucket_us);
        int64_t to_at = clock_floor_div(truth->now_at, bucket_us) + 1;

        if (slot_at < from_at * bucket_us || slot_at >= to_at * bucket_us)
            continue;
        truth->slots[i]++;
        truth->complete[i] += is_complete;
    }
}

static void add_up(struct comparison *comparison, uint32_t feed_id, struct truth *truth)
{
    struct poll_record poll;
    struct err err = {0};
    int found;

    if (reader_seek(comparison->reader, feed_id, AT_NONE, &err) != 0)
        fatal("%s", err.text);
    while ((found = reader_next(comparison->reader, &poll, &err)) == 1)
        for (uint64_t i = 0; i < poll.count; i++)
            add_slot(truth, &poll, poll.slot_at + (int64_t)i * poll.step_us);
    if (found < 0)
        fatal("%s", err.text);
}

static const char *text_in(const struct json *object, const char *key)
{
    const struct json *value = object && object->type == JSON_OBJECT ? json_get(object, key) : NULL;

    return value && value->text ? value->text : "null";
}

static void compare(struct comparison *comparison, const struct json *object, const char *key,
                    const char *stored)
{
    const char *told = text_in(object, key);

    if (strcmp(told, stored) != 0)
        differ(comparison, key, told, stored);
}

static void compare_counts(struct comparison *comparison, const struct json *feed,
                           const struct truth *truth)
{
    char text[TEXT_MAX];

    for (int i = OUTCOME_NEW; i <= OUTCOME_MISSED; i++) {
        snprintf(text, sizeof text, "%" PRIu64, truth->counts[i]);
        compare(comparison, json_get(feed, "counts"), outcome_name((enum outcome)i), text);
    }
}

static void compare_windows(struct comparison *comparison, const struct json *feed,
                            const struct truth *truth)
{
    char text[TEXT_MAX];

    for (int i = 0; i < WINDOWS; i++) {
        snprintf(text, sizeof text, "null");
        if (truth->slots[i])
            snprintf(text, sizeof text, "%.2f",
                     100.0 * (double)truth->complete[i] / (double)truth->slots[i]);
        compare(comparison, json_get(feed, "complete"), windows[i].name, text);
    }
    compare(comparison, feed, "recent", truth->recent);
    if (strcmp(text_in(feed, "complete_since"), "null") == 0)
        differ(comparison, "complete_since", "null", "something");
    zone_format_iso(zone_utc(), truth->last_slot_at, 6, text);
    compare(comparison, json_get(feed, "last"), "slot", text);
}

static const struct json *find_feed(const struct json *status, const char *name)
{
    const struct json *feeds = json_get(status, "feeds");

    for (size_t i = 0; feeds && i < feeds->count; i++)
        if (strcmp(text_in(feeds->items[i], "name"), name) == 0)
            return feeds->items[i];
    return NULL;
}

static int compare_feed(void *cookie, const struct stored_feed *stored)
{
    struct comparison *comparison = cookie;
    const struct json *feed = find_feed(comparison->status, stored->name);
    const struct run *run = comparison->run;
    struct truth truth = {.last_slot_at = AT_NONE};

    if (!feed || clock_parse_rfc3339(text_in(comparison->status, "now"), &truth.now_at) != 0)
        return 0;
    comparison->feed = stored->name;
    add_up(comparison, stored->id, &truth);
    /* Counts begin anew with the service, and when a feed comes back. */
    if (run->starts == 1 && ledger_is_plain(run->ledger, stored->name) &&
        stored->forgotten_to_at == AT_NONE)
        compare_counts(comparison, feed, &truth);
    /* A clock that went back leaves slots in the future, which no window holds. */
    if (truth.last_slot_at != AT_NONE && truth.last_slot_at <= truth.now_at &&
        run->lasted_us > SETTLED_US)
        compare_windows(comparison, feed, &truth);
    return 0;
}

unsigned check_status(const struct run *run, struct store *store, const char *file)
{
    struct comparison comparison = {.run = run, .file = file};
    struct json_mistake mistake;
    struct json *status;
    struct err err = {0};

    if (run->status.length == 0)
        return 0;
    status = json_parse(run->status.bytes, run->status.length, &mistake);
    if (!status || status->type != JSON_OBJECT) {
        printf("%s: status.json:%d:%d: %s\n", file, mistake.line, mistake.column, mistake.text);
        json_free(status);
        return 1;
    }
    comparison.status = status;
    if (reader_open(&comparison.reader, store, &err) != 0 ||
        store_each_feed(store, compare_feed, &comparison, &err) != 0)
        fatal("%s", err.text);
    reader_close(comparison.reader);
    json_free(status);
    return comparison.faults;
}
