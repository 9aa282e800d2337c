#include "scheduler/outputs/health.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/zone.h"

void health_init(struct health *health)
{
    *health = (struct health){.last_slot_at = AT_NONE,
                              .last_ended_at = AT_NONE,
                              .last_new_at = AT_NONE,
                              .last_ok_at = AT_NONE,
                              .last_duration_us = -1};
    history_init(&health->history);
}

/* Errors come first, then reasons: each without gaps in its numbers. */
#define PLACE(detail)                                                                              \
    ((detail) >= DETAIL_DOWN ? (int)DETAIL_SECRET + (int)(detail)-DETAIL_DOWN : (int)(detail)-1)

int health_detail_place(enum poll_detail detail)
{
    return PLACE(detail); /* of NONE: -1 */
}

enum poll_detail health_detail_at(int place)
{
    return (enum poll_detail)(place >= DETAIL_SECRET ? DETAIL_DOWN + place - DETAIL_SECRET
                                                     : place + 1);
}
_Static_assert(DETAIL_SECRET + DETAIL_CONFIG - DETAIL_DOWN + 1 == HEALTH_DETAILS,
               "a detail that is not counted");

/* For a person. */
static const char *const detail_words[HEALTH_DETAILS] = {
    [PLACE(DETAIL_RESOLVE)] = "no address is known for the host",
    [PLACE(DETAIL_CONNECT)] = "no connection to the host",
    [PLACE(DETAIL_REFUSED)] = "nobody listens there",
    [PLACE(DETAIL_TLS)] = "the connection could not be secured",
    [PLACE(DETAIL_TIMEOUT)] = "the answer took too long",
    [PLACE(DETAIL_HTTP_STATUS)] = "the server answered with status",
    [PLACE(DETAIL_TOO_LARGE)] = "the answer is larger than max_body",
    [PLACE(DETAIL_TRUNCATED)] = "the connection ended before the answer did",
    [PLACE(DETAIL_REDIRECT)] = "too many redirects, or to nowhere we go",
    [PLACE(DETAIL_PROTOCOL)] = "the answer is not HTTP",
    [PLACE(DETAIL_DECODE)] = "the compression of the answer is broken",
    [PLACE(DETAIL_BLOCKED)] = "a private address, and allow_private is not set",
    [PLACE(DETAIL_SECRET)] = "a secret is missing",
    [PLACE(DETAIL_DOWN)] = "pollardd did not run",
    [PLACE(DETAIL_OVERRUN)] = "the poll before was still under way",
    [PLACE(DETAIL_HOST_BUSY)] = "other feeds of that host came first",
    [PLACE(DETAIL_BUSY)] = "too many requests were under way, or the disk could not keep up",
    [PLACE(DETAIL_BACKOFF)] = "asked more rarely, because it kept failing",
    [PLACE(DETAIL_RETRY_AFTER)] = "the server asked us to wait",
    [PLACE(DETAIL_SUSPENDED)] = "the machine slept",
    [PLACE(DETAIL_CLOCK)] = "the clock was set",
    [PLACE(DETAIL_DISK)] = "the disk was full, or store_limit reached",
    [PLACE(DETAIL_CONFIG)] = "the file of the feed was broken",
};

const char *health_words(const struct health *health, char out[HEALTH_WORDS_MAX])
{
    int place = health_detail_place(health->last_detail);
    const char *words = place >= 0 ? detail_words[place] : "";

    out[0] = '\0';
    if (health->last_slot_at == AT_NONE || health->last_outcome <= OUTCOME_SAME)
        return out;
    if (health->last_outcome == OUTCOME_FAILED && health->last_detail == DETAIL_HTTP_STATUS)
        snprintf(out, HEALTH_WORDS_MAX, "%s %u", words, health->last_status);
    else if (health->last_outcome == OUTCOME_FAILED && *health->reason)
        snprintf(out, HEALTH_WORDS_MAX, "%s", health->reason);
    else
        snprintf(out, HEALTH_WORDS_MAX, "%s", words);
    return out;
}

static void log_stored(const char *feed, const struct poll_record *poll)
{
    char slot[ZONE_ISO_MAX];

    if (!log_has(LEVEL_DEBUG))
        return;
    zone_format_iso(zone_utc(), poll->slot_at, 6, slot);
    log_event(LEVEL_DEBUG, "stored", "feed=%s slot=%s outcome=%s%s%s count=%" PRIu64, feed, slot,
              outcome_name(poll->outcome), poll->detail ? " detail=" : "",
              poll_detail_name(poll->detail), poll->count);
}

static void log_failing(const char *feed, const struct poll_record *poll, const char *words)
{
    char status[24] = "", reason[LOG_VALUE_MAX] = "";

    if (poll->status)
        snprintf(status, sizeof status, " status=%u", poll->status);
    if (*words)
        log_value(words, reason);
    log_event(LEVEL_WARN, "failing", "feed=%s detail=%s%s%s%s", feed,
              poll_detail_name(poll->detail), status, *words ? " reason=" : "", reason);
}

static void log_change(const struct health *health, const char *feed,
                       const struct poll_record *poll, const char *words)
{
    if (poll->outcome == OUTCOME_FAILED && health->failures == 0)
        log_failing(feed, poll, words);
    if (poll->outcome <= OUTCOME_SAME && health->failures > 0)
        log_event(LEVEL_INFO, "recovered", "feed=%s failures=%u", feed, health->failures);
}

static void count(struct health *health, const struct poll_record *poll)
{
    int place = health_detail_place(poll->detail);

    health->counts[poll->outcome] += poll->count;
    if (poll->outcome <= OUTCOME_SAME && poll->flags & POLL_INVALID)
        health->invalid++;
    if (place >= 0)
        health->details[place] += poll->count < UINT32_MAX - health->details[place]
                                      ? (uint32_t)poll->count
                                      : UINT32_MAX - health->details[place];
}

/* What the last poll was, and how slots ended. */
static void remember(struct health *health, const struct poll_record *poll, const char *words)
{
    history_note(&health->history, poll);
    health->last_slot_at = poll_record_last_slot(poll);
    health->last_outcome = poll->outcome;
    health->last_detail = poll->detail;
    if (poll->outcome == OUTCOME_MISSED)
        return;
    health->last_status = poll->status;
    health->last_ended_at = poll->ended_at;
    health->last_duration_us = poll->ended_at - poll->started_at;
    health->last_body_bytes = poll->body_bytes;
    health->last_is_invalid = poll->flags & POLL_INVALID;
    snprintf(health->reason, sizeof health->reason, "%s",
             poll->outcome == OUTCOME_FAILED ? words : "");
    if (poll->outcome == OUTCOME_FAILED)
        return;
    if (poll->outcome == OUTCOME_NEW)
        health->last_new_at = poll->ended_at;
    if (!(poll->flags & POLL_INVALID))
        health->last_ok_at = poll->ended_at;
}

void health_note(struct health *health, const char *feed, const struct poll_record *poll,
                 const char *words)
{
    log_stored(feed, poll);
    log_change(health, feed, poll, words);
    count(health, poll);
    remember(health, poll, words);
    if (poll->outcome == OUTCOME_FAILED)
        health->failures++;
    else if (poll->outcome != OUTCOME_MISSED)
        health->failures = 0;
}

void health_recall(struct health *past, const struct poll_record *poll)
{
    remember(past, poll, "");
    /* The body came before the polls that are read: its slot is as near as it gets. */
    if (poll->outcome == OUTCOME_SAME && past->last_new_at == AT_NONE)
        past->last_new_at = poll->body_slot_at;
}

void health_recalled(struct health *health, const struct health *past)
{
    struct health whole = *past;

    memcpy(whole.counts, health->counts, sizeof whole.counts);
    memcpy(whole.details, health->details, sizeof whole.details);
    memcpy(whole.reason, health->reason, sizeof whole.reason);
    whole.invalid = health->invalid;
    whole.failures = health->failures;
    whole.history.is_whole = true;
    *health = whole;
}

void health_log(const struct health *health, const char *feed, int64_t next_slot_at,
                const char *state)
{
    char next[ZONE_ISO_MAX] = "", last[ZONE_ISO_MAX] = "";

    if (next_slot_at != AT_NEVER)
        zone_format_iso(zone_utc(), next_slot_at, 6, next);
    if (health->last_slot_at != AT_NONE)
        zone_format_iso(zone_utc(), health->last_slot_at, 6, last);
    log_answer(
        "feed",
        "feed=%s state=%s next_slot=%s last_slot=%s last_outcome=%s last_detail=%s new=%" PRIu64
        " same=%" PRIu64 " failed=%" PRIu64 " missed=%" PRIu64 " failures=%u",
        feed, state, next, last, *last ? outcome_name(health->last_outcome) : "",
        poll_detail_name(health->last_detail), health->counts[OUTCOME_NEW],
        health->counts[OUTCOME_SAME], health->counts[OUTCOME_FAILED],
        health->counts[OUTCOME_MISSED], health->failures);
}
