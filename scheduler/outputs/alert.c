/* Incidents: how they open, close, come back and are forgotten. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/outputs/alert_parts.h"

enum {
    GOOD_LEAST = 3, /* slots in a row, or an hour: a feed is believed to be well */
    OTHERS_MAX = ALERT_FILES_MAX + 8, /* incidents of other kinds than those of feeds and hosts */
};
#define FORGET_US (6 * US_PER_HOUR) /* CLOSED: how long it may come back as the same */

static const char *const kind_names[] = {
#define ALERT_KIND_NAME(name, text) text,
    ALERT_KINDS(ALERT_KIND_NAME)
#undef ALERT_KIND_NAME
};

const char *alert_kind_name(enum alert_kind kind)
{
    return kind_names[kind];
}

bool alert_kind_is_of_feed(enum alert_kind kind)
{
    return kind == ALERT_FAILING || kind == ALERT_STALE || kind == ALERT_UNCHANGED;
}

const char *alert_event_name(enum alert_event event)
{
    static const char *const names[] = {"open", "close", "remind", "summary", "test"};

    return names[event];
}

struct alerts *alerts_new(int64_t now_at)
{
    struct alerts *alerts = calloc(1, sizeof *alerts);

    if (alerts) {
        alerts->tokens = ALERT_BURST;
        alerts->filled_at = now_at;
    }
    return alerts;
}

void alerts_free(struct alerts *alerts)
{
    struct incident *incident, *next;

    if (!alerts)
        return;
    incident = alerts->incidents;
    HASH_CLEAR(hh, alerts->incidents); /* leaves the list of its members as it was */
    for (; incident; incident = next) {
        next = incident->hh.next;
        free(incident);
    }
    free(alerts);
}

static void write_key(char key[ALERT_KEY_MAX], enum alert_kind kind, const char *subject)
{
    snprintf(key, ALERT_KEY_MAX, "%s:%.*s", kind_names[kind], ALERT_SUBJECT_MAX - 1, subject);
}

struct incident *incident_find(const struct alerts *alerts, enum alert_kind kind,
                               const char *subject)
{
    struct incident *incident = NULL;
    char key[ALERT_KEY_MAX];

    if (alerts->count == 0)
        return NULL;
    write_key(key, kind, subject);
    HASH_FIND_STR(alerts->incidents, key, incident);
    return incident;
}

static void drop(struct alerts *alerts, struct incident *incident)
{
    alerts->is_news |= incident->state != INCIDENT_OPENING;
    HASH_DEL(alerts->incidents, incident);
    alerts->count--;
    free(incident);
}

/* Of these there may be as many as there are feeds or hosts. */
static bool is_one_of_many(enum alert_kind kind)
{
    return alert_kind_is_of_feed(kind) || kind == ALERT_CERTIFICATE;
}

/* The one forgotten soonest makes room. The many leave some for the others: a full disk is told
 * however many feeds fail. */
static bool make_room(struct alerts *alerts, enum alert_kind kind)
{
    unsigned most = ALERT_INCIDENTS_MAX - (is_one_of_many(kind) ? OTHERS_MAX : 0);
    struct incident *oldest = NULL;

    if (alerts->count < most)
        return true;
    for (struct incident *incident = alerts->incidents; incident; incident = incident->hh.next) {
        if (incident->state == INCIDENT_CLOSED &&
            (!oldest || incident->closed_at < oldest->closed_at))
            oldest = incident;
    }
    if (!oldest)
        return false;
    drop(alerts, oldest);
    return true;
}

struct incident *incident_make(/* NOLINT(readability-function-size): uthash's macro is large */
                               struct alerts *alerts, enum alert_kind kind, const char *subject)
{
    struct incident *incident;

    if (!make_room(alerts, kind))
        return NULL;
    incident = calloc(1, sizeof *incident);
    if (!incident)
        return NULL;
    incident->kind = kind;
    incident->well_at = incident->told_at = incident->closed_at = AT_NONE;
    write_key(incident->key, kind, subject);
    incident->subject = strchr(incident->key, ':') + 1;
    HASH_ADD_STR(alerts->incidents, key, incident);
    if (!incident->hh.tbl) {
        free(incident);
        return NULL;
    }
    alerts->count++;
    return incident;
}

void incident_say(struct incident *incident, const char *words)
{
    snprintf(incident->words, sizeof incident->words, "%s", words);
}

bool incident_is_open(const struct incident *incident)
{
    return incident->state == INCIDENT_OPENING || incident->state == INCIDENT_OPEN;
}

void incident_enter(struct alerts *alerts, struct incident *incident, enum incident_state state)
{
    incident->state = state;
    alerts->is_news = true;
}

static void open_again(struct alerts *alerts, struct incident *incident,
                       const struct alert_fact *fact, int64_t now_at)
{
    if (incident->state == INCIDENT_CLOSING) { /* nobody has heard that it was over */
        incident_enter(alerts, incident, INCIDENT_OPEN);
        return;
    }
    if (incident->state != INCIDENT_CLOSED)
        return;
    incident_enter(alerts, incident, INCIDENT_OPENING);
    if (incident->flaps < ALERT_FLAPS_MAX)
        incident->flaps++;
    incident->since_at = fact->since_at;
    incident->due_at = now_at + ALERT_GATHER_US;
}

void incident_bad(struct alerts *alerts, const struct alert_fact *fact, int64_t now_at)
{
    struct incident *incident = incident_find(alerts, fact->kind, fact->subject);

    if (!incident) {
        incident = incident_make(alerts, fact->kind, fact->subject);
        if (!incident)
            return;
        incident->since_at = fact->since_at;
        incident->due_at = now_at + ALERT_GATHER_US;
    } else {
        open_again(alerts, incident, fact, now_at);
    }
    incident->well_at = AT_NONE;
    incident->good = 0;
    incident->is_over = false;
    incident->seen_at = now_at;
    incident_say(incident, fact->words);
}

void incident_well(struct alerts *alerts, enum alert_kind kind, const char *subject, int64_t now_at)
{
    struct incident *incident = incident_find(alerts, kind, subject);

    if (!incident || !incident_is_open(incident))
        return;
    if (incident->well_at == AT_NONE)
        incident->well_at = now_at;
    incident->seen_at = now_at;
    if (incident->good < UINT32_MAX)
        incident->good++;
}

/* How long all must have been well before it is believed. */
static int64_t calm_us(const struct incident *incident)
{
    if (incident->is_over || incident->kind == ALERT_CONFIG || incident->kind == ALERT_CERTIFICATE)
        return 0;
    return (5 * US_PER_MINUTE) << incident->flaps;
}

int64_t incident_close_at(const struct incident *incident)
{
    int64_t calm = calm_us(incident);

    if (!incident_is_open(incident) || incident->well_at == AT_NONE)
        return AT_NEVER;
    if ((incident->kind == ALERT_FAILING || incident->kind == ALERT_STALE) && !incident->is_over &&
        incident->good < GOOD_LEAST && calm < US_PER_HOUR)
        calm = US_PER_HOUR;
    return incident->well_at + calm;
}

void incident_end(struct incident *incident, const char *words, int64_t now_at)
{
    if (!incident_is_open(incident))
        return;
    incident->is_over = true;
    if (incident->well_at == AT_NONE)
        incident->well_at = now_at;
    incident_say(incident, words);
}

static void close_it(struct alerts *alerts, struct incident *incident)
{
    incident->closed_at = incident->well_at;
    if (incident->state == INCIDENT_OPEN)
        incident_enter(alerts, incident, INCIDENT_CLOSING);
    else if (incident->flaps > 0)
        incident_enter(alerts, incident, INCIDENT_CLOSED);
    else
        drop(alerts, incident); /* nobody has heard of it */
}

bool alerts_has_open(const struct alerts *alerts, enum alert_kind kind, const char *subject)
{
    const struct incident *incident = incident_find(alerts, kind, subject);

    return incident && incident_is_open(incident);
}

void alerts_settle(struct alerts *alerts, int64_t now_at)
{
    struct incident *incident, *next;

    for (incident = alerts->incidents; incident; incident = next) {
        next = incident->hh.next;
        if (incident->message != 0)
            continue;
        if (incident->state == INCIDENT_CLOSED && now_at - incident->closed_at >= FORGET_US)
            drop(alerts, incident);
        else if (incident_close_at(incident) <= now_at)
            close_it(alerts, incident);
    }
}

void alerts_step(struct alerts *alerts, int64_t step_us)
{
    for (struct incident *incident = alerts->incidents; incident; incident = incident->hh.next) {
        int64_t *const instants[] = {&incident->due_at, &incident->well_at, &incident->seen_at,
                                     &incident->told_at, &incident->closed_at};

        for (size_t i = 0; i < sizeof instants / sizeof *instants; i++)
            if (*instants[i] != AT_NONE)
                *instants[i] += step_us;
    }
    for (unsigned i = 0; i < alerts->sample_count; i++)
        alerts->samples[i].at += step_us;
    alerts->filled_at += step_us;
}

void incident_describe(const struct incident *incident, enum alert_event event,
                       struct alert_item *item)
{
    *item = (struct alert_item){.event = event,
                                .kind = incident->kind,
                                .is_moot = event == ALERT_CLOSE && incident->is_over,
                                .since_at = incident->since_at};
    snprintf(item->key, sizeof item->key, "%s", incident->key);
    snprintf(item->subject, sizeof item->subject, "%.*s", ALERT_SUBJECT_MAX - 1, incident->subject);
    snprintf(item->words, sizeof item->words, "%s", incident->words);
}

size_t alerts_open_count(const struct alerts *alerts)
{
    size_t count = 0;

    for (const struct incident *incident = alerts->incidents; incident;
         incident = incident->hh.next)
        count += incident_is_open(incident);
    return count;
}

void alerts_each_open(const struct alerts *alerts,
                      void (*on_incident)(void *cookie, const struct alert_item *item),
                      void *cookie)
{
    struct alert_item item;

    for (const struct incident *incident = alerts->incidents; incident;
         incident = incident->hh.next) {
        if (!incident_is_open(incident))
            continue;
        incident_describe(incident, ALERT_OPEN, &item);
        on_incident(cookie, &item);
    }
}

bool alerts_find_feed(const struct alerts *alerts, const struct alert_watch *watch,
                      const struct feed *feed, struct alert_item *item)
{
    static const enum alert_kind kinds[] = {ALERT_FAILING, ALERT_STALE, ALERT_UNCHANGED,
                                            ALERT_CROWD};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        bool is_crowd = kinds[i] == ALERT_CROWD;
        const struct incident *incident;

        if (is_crowd && !alert_watch_is_bad(watch, feed))
            continue;
        incident = incident_find(alerts, kinds[i], is_crowd ? "" : feed->name);
        if (!incident || !incident_is_open(incident))
            continue;
        incident_describe(incident, ALERT_OPEN, item);
        return true;
    }
    return false;
}
