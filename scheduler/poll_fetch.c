/* From room at the host to a verdict: the part of a poll's cycle that talks. */
#include <stdio.h>

#include "base/log.h"
#include "scheduler/poll_parts.h"

static void finish_failed(struct poll *poll, enum poll_detail detail, const struct loop_time *now)
{
    poll->attempt.verdict =
        (struct verdict){.kind = VERDICT_FAILED, .detail = detail, .asked_ms = -1};
    poll_finish(poll, NULL, now);
}

/* What is left of the attempt's timeout. A retry's is cut at the next slot, and so is that of an
 * attempt that started on time and would reach over it by its start's lateness only. */
static int64_t timeout_left_ms(struct poll *poll, const struct loop_time *now)
{
    struct attempt *attempt = &poll->attempt;
    int64_t left_us = poll->feed->timeout_ms * US_PER_MS - attempt->spent_us;
    int64_t room_us = attempt->next_slot_at - now->wall_at;
    int64_t late_us = now->wall_at - attempt->slot_at;

    attempt->is_cut = false;
    if (attempt->next_slot_at != AT_NEVER && left_us >= room_us &&
        (attempt->count > 1 || late_us <= poll->feed->timeout_ms * US_PER_MS / 10)) {
        left_us = room_us;
        attempt->is_cut = true;
    }
    return left_us < US_PER_MS ? 1 : left_us / US_PER_MS;
}

static bool fuse_holds(struct poll *poll, const struct loop_time *now)
{
    if (plan_fuse_take(&poll->fuse, poll->feed, now->mono_us))
        return true;
    if (!poll->has_blown)
        log_event(LEVEL_ERROR, "fuse", "feed=%s reason=\"more requests than its schedule allows\"",
                  poll->feed->name);
    poll->has_blown = true;
    return false;
}

static void note_start(struct poll *poll, const struct loop_time *now)
{
    struct attempt *attempt = &poll->attempt;

    if (poll->fetch.redirects == 0) {
        attempt->count++;
        attempt->attempt_us = now->mono_us;
        attempt->spent_us = 0;
        if (attempt->count == 1) {
            attempt->started_us = now->mono_us;
            attempt->started_at = now->wall_at;
        }
    }
    attempt->hop_us = poll->last_request_us = now->mono_us;
}

static void on_fetched(void *cookie, struct response *response);

/* Once a day for every feed; a new connection must come to show it. */
static bool wants_certificate(const struct poll *poll, const struct loop_time *now)
{
    return poll->service->alerts && poll->feed->alert.failures > 0 &&
           (poll->certificate_at == AT_NONE || now->wall_at - poll->certificate_at >= US_PER_DAY);
}

static void note_certificate(struct poll *poll, const struct response *response,
                             const struct loop_time *now)
{
    if (response->certificate_end_at == 0 || !poll->service->alerts)
        return;
    poll->certificate_at = now->wall_at;
    alerts_note_certificate(poll->service->alerts, host_name(poll->hop_host),
                            response->certificate_end_at, now->wall_at);
}

void poll_on_room(struct poll *poll, const struct loop_time *now)
{
    struct service *service = poll->service;
    struct err err = {0};

    if (!fuse_holds(poll, now)) {
        hosts_ended(service->hosts, poll->hop_host, now->mono_us, false);
        if (poll->attempt.count == 0)
            poll_pass(poll, DETAIL_BUSY, now);
        else
            poll_finish(poll, NULL, now);
        return;
    }
    note_start(poll, now);
    poll->fetch.wants_certificate = wants_certificate(poll, now);
    poll->transfer =
        fetch_start(&poll->fetch, service->transfers, service->secrets, &poll->previous,
                    timeout_left_ms(poll, now), on_fetched, poll, &err);
    if (poll->transfer) {
        poll_enter(poll, POLL_FETCHING, AT_NEVER);
        return;
    }
    hosts_ended(service->hosts, poll->hop_host, now->mono_us, false);
    service_pump_soon(service);
    log_event(LEVEL_WARN, "unaskable", "feed=%s reason=\"%s\"", poll->feed->name, err.text);
    finish_failed(poll, err.kind == ERR_ABSENT ? DETAIL_SECRET : DETAIL_PROTOCOL, now);
}

static void follow(struct poll *poll, const struct response *response, const struct loop_time *now)
{
    struct hosts *hosts = poll->service->hosts;
    const struct feed *feed = poll->feed;
    struct err err = {0};

    if (poll->attempt.spent_us >= feed->timeout_ms * US_PER_MS) {
        finish_failed(poll, DETAIL_TIMEOUT, now);
        return;
    }
    if (fetch_follow(&poll->fetch, response, &err) != 0) {
        log_event(LEVEL_WARN, "redirect", "feed=%s reason=\"%s\"", feed->name, err.text);
        finish_failed(poll, DETAIL_REDIRECT, now);
        return;
    }
    if (poll->hop_host != poll->host)
        hosts_leave(hosts, poll->hop_host, feed->host_gap_ms, feed->host_limit);
    poll->hop_host =
        hosts_join(hosts, fetch_url(&poll->fetch), feed->host_gap_ms, feed->host_limit);
    if (!poll->hop_host) {
        finish_failed(poll, DETAIL_REDIRECT, now);
        return;
    }
    if (poll->hop_host == poll->host) /* joined twice now: once is enough */
        hosts_leave(hosts, poll->hop_host, feed->host_gap_ms, feed->host_limit);
    poll_queue(poll, now);
}

/* true: another attempt will be made. */
static bool may_pause(struct poll *poll, const struct loop_time *now)
{
    struct attempt *attempt = &poll->attempt;
    const struct feed_retry *retry = &poll->feed->retry;
    int64_t asked_ms = attempt->verdict.asked_ms > 0 ? attempt->verdict.asked_ms : 0;
    int64_t wait_ms;

    if (attempt->count >= retry->attempts || poll->service->is_stopping || poll->is_leaving)
        return false;
    wait_ms = plan_retry_ms(retry, attempt->count, asked_ms, service_dice(poll->service));
    if (poll->service->is_once && wait_ms > retry->max_wait_ms)
        return false; /* nobody waits a day for --once */
    if (attempt->next_slot_at != AT_NEVER &&
        now->wall_at + wait_ms * US_PER_MS >= attempt->next_slot_at)
        return false;
    poll_enter(poll, POLL_PAUSING, now->wall_at + wait_ms * US_PER_MS);
    return true;
}

static void give_up(struct poll *poll, const struct loop_time *now)
{
    poll_end_slot(poll);
    if (poll->service->is_once) {
        poll->service->failures++;
    } else {
        account_skip(&poll->account, poll->attempt.slot_at, DETAIL_DOWN);
        account_flush(&poll->account, now->wall_at);
    }
    poll_rest(poll, now);
}

static void on_fetched(void *cookie, struct response *response)
{
    struct poll *poll = cookie;
    struct service *service = poll->service;
    struct attempt *attempt = &poll->attempt;
    struct loop_time now = loop_now(service->loop);

    poll->transfer = NULL;
    hosts_ended(service->hosts, poll->hop_host, now.mono_us, response->has_connected);
    service_pump_soon(service);
    attempt->spent_us += now.mono_us - attempt->hop_us;
    measures_note_request(&service->measures, response->total_us);
    note_certificate(poll, response, &now);
    attempt->status = response->status;
    snprintf(attempt->words, sizeof attempt->words, "%.*s", (int)sizeof attempt->words - 1,
             response->reason);
    if (response->error == RESPONSE_CANCELLED) {
        give_up(poll, &now);
        return;
    }
    attempt->verdict = fetch_outcome(&poll->fetch, response, &poll->previous, now.wall_at);
    if (attempt->verdict.holds_host)
        hosts_hold(service->hosts, poll->hop_host, now.mono_us,
                   now.mono_us + attempt->verdict.asked_ms * US_PER_MS);
    switch (attempt->verdict.kind) {
    case VERDICT_REDIRECT:
        follow(poll, response, &now);
        break;
    case VERDICT_RETRY:
        if (!may_pause(poll, &now))
            poll_finish(poll, response, &now);
        break;
    case VERDICT_NEW:
    case VERDICT_SAME:
    case VERDICT_FAILED:
        poll_finish(poll, response, &now);
        break;
    }
}
