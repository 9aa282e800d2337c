/* What opens an incident, and what makes it well again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/zone.h"
#include "scheduler/outputs/alert_parts.h"

#define MIB (INT64_C(1) << 20)

enum {
    RATE_LEAST_H = 6,    /* hours that must be known before a rate is believed */
    UNSEEN_DAYS_MAX = 3, /* a host whose certificate nobody asks for any more */
    STORE_NEAR_PERCENT = 90,
};

void alert_watch_init(struct alert_watch *watch, int64_t now_at, unsigned failures,
                      int64_t failed_at, int64_t changed_at)
{
    *watch = (struct alert_watch){.last_ok_at = AT_NONE,
                                  .changed_at = changed_at,
                                  .begun_at = now_at,
                                  .opened_at = AT_NONE,
                                  .bad_since_at = failed_at,
                                  .bad = failures};
}

void alert_watch_step(struct alert_watch *watch, int64_t step_us)
{
    int64_t *const instants[] = {&watch->last_ok_at, &watch->changed_at, &watch->begun_at,
                                 &watch->opened_at, &watch->bad_since_at};

    for (size_t i = 0; i < sizeof instants / sizeof *instants; i++)
        if (*instants[i] != AT_NONE)
            *instants[i] += step_us;
}

void alert_watch_wake(struct alert_watch *watch, int64_t now_at)
{
    watch->begun_at = now_at;
}

bool alert_watch_is_bad(const struct alert_watch *watch, const struct feed *feed)
{
    return feed->alert.failures > 0 && watch->bad >= feed->alert.failures;
}

static int64_t latest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Since when an answer could have come and has not. */
static int64_t waits_since(const struct alert_watch *watch)
{
    return latest(latest(watch->last_ok_at, watch->opened_at), watch->begun_at);
}

bool alert_watch_is_overdue(const struct alert_watch *watch, const struct feed *feed,
                            int64_t now_at)
{
    return feed->alert.stale_ms > 0 &&
           (now_at - waits_since(watch)) / US_PER_MS >= feed->alert.stale_ms;
}

/* "http_status 503", "timeout: Connection timed out after 10001 milliseconds". */
static void describe(const struct poll_record *poll, const char *words, char out[ALERT_WORDS_MAX])
{
    char status[24] = "";

    if (poll->outcome != OUTCOME_FAILED) {
        snprintf(out, ALERT_WORDS_MAX, "the answer is not well-formed");
        return;
    }
    if (poll->status)
        snprintf(status, sizeof status, " %u", poll->status);
    snprintf(out, ALERT_WORDS_MAX, "%s%s%s%s", poll_detail_name(poll->detail), status,
             *words ? ": " : "", words);
}

static void note_bad(struct alerts *alerts, struct alert_watch *watch, const struct feed *feed,
                     const struct poll_record *poll, const char *words, int64_t now_at)
{
    struct alert_fact fact = {ALERT_FAILING, feed->name, NULL, 0};
    char text[ALERT_WORDS_MAX];

    if (watch->bad == 0)
        watch->bad_since_at = poll->slot_at;
    if (watch->bad < UINT32_MAX)
        watch->bad++;
    if (!alerts_has_open(alerts, ALERT_FAILING, feed->name) &&
        (!alert_watch_is_bad(watch, feed) || alerts_has_open(alerts, ALERT_CROWD, "") ||
         alerts_has_open(alerts, ALERT_STALE, feed->name)))
        return;
    describe(poll, words, text);
    fact.words = text;
    fact.since_at = watch->bad_since_at;
    incident_bad(alerts, &fact, now_at);
}

/* The bytes are the same for so long: only an answer can tell. */
static void note_same(struct alerts *alerts, struct alert_watch *watch, const struct feed *feed,
                      int64_t ended_at, int64_t now_at)
{
    int64_t from_at = latest(watch->changed_at, watch->opened_at);

    if (watch->changed_at == AT_NONE)
        watch->changed_at = ended_at;
    else if (feed->alert.unchanged_ms > 0 &&
             (ended_at - from_at) / US_PER_MS >= feed->alert.unchanged_ms)
        incident_bad(alerts,
                     &(struct alert_fact){ALERT_UNCHANGED, feed->name, "", watch->changed_at},
                     now_at);
}

void alerts_note_poll(struct alerts *alerts, struct alert_watch *watch, const struct feed *feed,
                      const struct poll_record *poll, const char *words, int64_t now_at)
{
    bool is_bad = poll->outcome == OUTCOME_FAILED || (poll->flags & POLL_INVALID);

    if (poll->outcome == OUTCOME_MISSED)
        return;
    if (is_bad) {
        note_bad(alerts, watch, feed, poll, words, now_at);
    } else {
        watch->bad = 0;
        watch->last_ok_at = poll->ended_at;
        incident_well(alerts, ALERT_FAILING, feed->name, now_at);
        incident_well(alerts, ALERT_STALE, feed->name, now_at);
    }
    if (poll->outcome == OUTCOME_NEW) {
        watch->changed_at = poll->ended_at;
        incident_well(alerts, ALERT_UNCHANGED, feed->name, now_at);
    } else if (poll->outcome == OUTCOME_SAME) {
        note_same(alerts, watch, feed, poll->ended_at, now_at);
    }
}

void alerts_note_minute(struct alerts *alerts, struct alert_watch *watch, const struct feed *feed,
                        bool may_poll, int64_t slot_at, int64_t now_at)
{
    int64_t from_at;

    if (!may_poll) {
        watch->is_closed = true;
        return;
    }
    if (watch->is_closed)
        watch->opened_at = now_at;
    watch->is_closed = false;
    from_at = waits_since(watch);
    if (!alert_watch_is_overdue(watch, feed, now_at) || slot_at == AT_NONE || slot_at <= from_at)
        return;
    if (!alerts_has_open(alerts, ALERT_STALE, feed->name) &&
        (alerts_has_open(alerts, ALERT_FAILING, feed->name) ||
         alerts_has_open(alerts, ALERT_CROWD, "")))
        return;
    incident_bad(alerts,
                 &(struct alert_fact){ALERT_STALE, feed->name, "",
                                      watch->last_ok_at != AT_NONE ? watch->last_ok_at : from_at},
                 now_at);
}

/* They are told as one now. */
static void drop_untold(struct alerts *alerts, int64_t now_at)
{
    for (struct incident *incident = alerts->incidents; incident; incident = incident->hh.next) {
        if (incident->state == INCIDENT_OPENING && incident->message == 0 &&
            (incident->kind == ALERT_FAILING || incident->kind == ALERT_STALE))
            incident_end(incident, "", now_at);
    }
    alerts_settle(alerts, now_at);
}

void alerts_note_crowd(struct alerts *alerts, const struct alert_crowd *crowd, int64_t now_at)
{
    struct alert_fact fact = {ALERT_CROWD, "", NULL, now_at};
    struct incident *incident = incident_find(alerts, ALERT_CROWD, "");
    bool is_open = incident && incident_is_open(incident);
    bool are_most = crowd->bad >= ALERT_CROWD_LEAST && crowd->bad > crowd->feeds / 2;
    char text[ALERT_WORDS_MAX];

    if (is_open && crowd->bad <= crowd->feeds / 4 && crowd->failing < ALERT_CROWD_MANY / 2) {
        incident_well(alerts, ALERT_CROWD, "", now_at);
        return;
    }
    if (!is_open && !(are_most && crowd->failing > 0) && crowd->failing < ALERT_CROWD_MANY)
        return;
    snprintf(text, sizeof text, "%u of %u feeds", crowd->bad, crowd->feeds);
    fact.words = text;
    incident_bad(alerts, &fact, now_at);
    incident = incident_find(alerts, ALERT_CROWD, "");
    if (!is_open && incident) {
        incident->due_at = now_at; /* it was gathered already */
        drop_untold(alerts, now_at);
    }
}

void alerts_end_feed(struct alerts *alerts, const char *name, const char *words, int64_t now_at)
{
    static const enum alert_kind kinds[] = {ALERT_FAILING, ALERT_STALE, ALERT_UNCHANGED};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct incident *incident = incident_find(alerts, kinds[i], name);

        if (incident)
            incident_end(incident, words, now_at);
    }
}

/* NULL: the incident goes on. */
static const char *why_over(const struct incident *incident, const struct feed_set *set)
{
    const struct feed *feed;

    if (!alert_kind_is_of_feed(incident->kind))
        return NULL;
    feed = feed_set_find(set, incident->subject);
    if (!feed && set->broken_count > 0)
        return NULL; /* perhaps it is in a broken file */
    if (!feed || !feed->enabled)
        return "the feed was removed or disabled";
    if ((incident->kind == ALERT_FAILING && feed->alert.failures == 0) ||
        (incident->kind == ALERT_STALE && feed->alert.stale_ms == 0) ||
        (incident->kind == ALERT_UNCHANGED && feed->alert.unchanged_ms == 0))
        return "the feed is not watched for it any more";
    return NULL;
}

static bool is_broken(const struct feed_set *set, const char *file)
{
    return feed_set_is_broken(set, file) ||
           (set->service_is_broken && strcmp(file, "pollard.json") == 0);
}

static void note_file(struct alerts *alerts, const struct feed_set *set, const char *file,
                      int64_t now_at)
{
    struct alert_fact fact = {ALERT_CONFIG, file, NULL, now_at};
    char text[ALERT_WORDS_MAX] = "";

    for (size_t i = 0; i < set->mistake_count; i++) {
        const struct mistake *mistake = set->mistakes + i;

        if (strcmp(mistake->file, file) != 0)
            continue;
        snprintf(text, sizeof text, "%d:%d: %s", mistake->line, mistake->column, mistake->text);
        break;
    }
    fact.words = text;
    incident_bad(alerts, &fact, now_at);
}

void alerts_note_config(struct alerts *alerts, const struct feed_set *set, int64_t now_at)
{
    for (struct incident *incident = alerts->incidents; incident; incident = incident->hh.next) {
        const char *words = why_over(incident, set);

        if (words)
            incident_end(incident, words, now_at);
        if (incident->kind == ALERT_CONFIG && !is_broken(set, incident->subject))
            incident_well(alerts, ALERT_CONFIG, incident->subject, now_at);
    }
    if (set->service_is_broken)
        note_file(alerts, set, "pollard.json", now_at);
    for (size_t i = 0; i < set->broken_count && i < ALERT_FILES_MAX; i++)
        note_file(alerts, set, set->broken_files[i], now_at);
    alerts_settle(alerts, now_at);
}

/* A host that is not asked any more will not show another certificate. */
static void drop_unseen(struct alerts *alerts, int64_t now_at)
{
    for (struct incident *incident = alerts->incidents; incident; incident = incident->hh.next) {
        if (incident->kind == ALERT_CERTIFICATE &&
            now_at - incident->seen_at > UNSEEN_DAYS_MAX * US_PER_DAY)
            incident_end(incident, "the host is not asked any more", now_at);
    }
}

void alerts_note_certificate(struct alerts *alerts, const char *host, int64_t end_at,
                             int64_t now_at)
{
    char when[ZONE_ISO_MAX], text[ALERT_WORDS_MAX];
    struct alert_fact fact = {ALERT_CERTIFICATE, host, text, now_at};

    drop_unseen(alerts, now_at);
    if (end_at - now_at >= ALERT_CERTIFICATE_US) {
        incident_well(alerts, ALERT_CERTIFICATE, host, now_at);
        return;
    }
    zone_format_iso(zone_utc(), end_at, 0, when);
    snprintf(text, sizeof text, "it ends at %s", when);
    incident_bad(alerts, &fact, now_at);
}

static void take_sample(struct alerts *alerts, int64_t free_bytes, int64_t now_at)
{
    struct alert_sample *samples = alerts->samples;

    if (alerts->sample_count > 0 && now_at - samples[0].at < US_PER_HOUR)
        return;
    if (alerts->sample_count < ALERT_SAMPLES)
        alerts->sample_count++;
    memmove(samples + 1, samples, (alerts->sample_count - 1) * sizeof *samples);
    samples[0] = (struct alert_sample){now_at, free_bytes};
}

/* Bytes that a day takes, as the last hours went; 0: nobody knows yet, or none. */
static int64_t bytes_a_day(const struct alerts *alerts, int64_t free_bytes, int64_t now_at)
{
    const struct alert_sample *oldest;
    double days;

    if (alerts->sample_count == 0)
        return 0;
    oldest = alerts->samples + alerts->sample_count - 1;
    if (now_at - oldest->at < RATE_LEAST_H * US_PER_HOUR || free_bytes >= oldest->free_bytes)
        return 0;
    days = (double)(now_at - oldest->at) / (double)US_PER_DAY;
    return (int64_t)((double)(oldest->free_bytes - free_bytes) / days);
}

static void set_state(struct alerts *alerts, bool is_bad, enum alert_kind kind, const char *words,
                      int64_t now_at)
{
    if (is_bad)
        incident_bad(alerts, &(struct alert_fact){kind, "", words, now_at}, now_at);
    else
        incident_well(alerts, kind, "", now_at);
}

/* What is open stays so until there is a quarter more room. */
static void note_disk(struct alerts *alerts, const struct alert_space *space, int64_t now_at)
{
    int64_t slack = alerts_has_open(alerts, ALERT_DISK_NEAR, "") ? 5 : 4;
    int64_t room = space->free_bytes - space->reserve_bytes, a_day;
    char text[ALERT_WORDS_MAX];

    take_sample(alerts, space->free_bytes, now_at);
    a_day = bytes_a_day(alerts, space->free_bytes, now_at);
    snprintf(text, sizeof text,
             "%" PRId64 " MiB are free, disk_reserve is %" PRId64 " MiB, %" PRId64 " MiB a day go",
             space->free_bytes / MIB, space->reserve_bytes / MIB, a_day / MIB);
    set_state(alerts,
              space->free_bytes < space->reserve_bytes / 2 * slack ||
                  (a_day > 0 && room < a_day / 4 * slack),
              ALERT_DISK_NEAR, text, now_at);
}

void alerts_note_space(struct alerts *alerts, const struct alert_space *space, int64_t now_at)
{
    char text[ALERT_WORDS_MAX];
    int64_t percent = 0;

    if (space->free_bytes >= 0 && !space->is_disk_full)
        note_disk(alerts, space, now_at);
    snprintf(text, sizeof text, "%" PRId64 " MiB are free, disk_reserve is %" PRId64 " MiB",
             space->free_bytes / MIB, space->reserve_bytes / MIB);
    set_state(alerts, space->is_disk_full, ALERT_DISK_FULL, text, now_at);
    if (space->limit_bytes > 0)
        percent = (int64_t)((double)space->used_bytes * 100 / (double)space->limit_bytes);
    snprintf(text, sizeof text, "%" PRId64 " %% of store_limit are in use", percent);
    set_state(alerts, space->is_store_full, ALERT_STORE_FULL, text, now_at);
    if (!space->is_store_full)
        set_state(alerts, !space->can_prune && percent >= STORE_NEAR_PERCENT, ALERT_STORE_NEAR,
                  text, now_at);
}
