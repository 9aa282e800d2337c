#include "scheduler/outputs/health.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "base/zone.h"

void health_init(struct health *health)
{
    *health = (struct health){.last_slot_at = AT_NONE,
                              .last_ended_at = AT_NONE,
                              .last_new_at = AT_NONE,
                              .last_ok_at = AT_NONE};
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

void health_note(struct health *health, const char *feed, const struct poll_record *poll,
                 const char *words)
{
    log_stored(feed, poll);
    log_change(health, feed, poll, words);
    health->counts[poll->outcome] += poll->count;
    health->last_slot_at = poll_record_last_slot(poll);
    health->last_outcome = poll->outcome;
    health->last_detail = poll->detail;
    if (poll->outcome == OUTCOME_MISSED)
        return;
    health->last_status = poll->status;
    health->last_ended_at = poll->ended_at;
    if (poll->outcome == OUTCOME_FAILED) {
        health->failures++;
        return;
    }
    health->failures = 0;
    if (poll->outcome == OUTCOME_NEW)
        health->last_new_at = poll->ended_at;
    if (!(poll->flags & POLL_INVALID))
        health->last_ok_at = poll->ended_at;
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
