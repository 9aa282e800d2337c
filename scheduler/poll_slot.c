/* A slot comes, passes or is caught up: the part of a poll's cycle that waits. */
#include "base/log.h"
#include "scheduler/poll_parts.h"

enum { ONCE_LOOK_US = 1000 * 1000 }; /* how often --once looks at what waits for room */

/* The latest slot up to now was missed: polled once, late, if the feed wants that; others stay
 * missed. */
static void catch_up(struct poll *poll, enum poll_detail reason, const struct loop_time *now)
{
    struct account *account = &poll->account;
    int64_t latest_at = plan_slot_until(&account->plan, now->wall_at);
    int64_t due_at = now->wall_at + US_PER_MS * plan_catch_up_ms(&poll->feed->schedule,
                                                                 service_dice(poll->service));

    if (latest_at == AT_NONE || latest_at < account_next_slot(account)) {
        poll_rest(poll, now);
        return;
    }
    if (due_at < poll->not_before_at)
        due_at = poll->not_before_at;
    if (!poll->feed->catch_up || !plan_is_open(&account->plan, now->wall_at) ||
        due_at >= plan_slot_after(&account->plan, latest_at)) {
        account_skip(account, latest_at, reason);
        poll_rest(poll, now);
        return;
    }
    account_skip(account, latest_at - 1, reason);
    poll->attempt = (struct attempt){.slot_at = latest_at, .is_catch_up = true, .reason = reason};
    poll_enter(poll, POLL_WAITING, due_at);
}

void poll_begin(struct poll *poll, const struct loop_time *now, enum poll_detail missed)
{
    if (missed != DETAIL_NONE)
        catch_up(poll, missed, now);
    else
        poll_rest(poll, now);
}

/* A pause that the server asked for and that is shorter than the interval is waited out; a longer
 * one costs the slots that it covers. */
static bool pause_is_short(const struct poll *poll, int64_t asked_us, int64_t until_at,
                           int64_t slot_at)
{
    return asked_us < poll->feed->schedule.interval_ms * US_PER_MS &&
           until_at < plan_slot_after(&poll->account.plan, slot_at);
}

void poll_rest(struct poll *poll, const struct loop_time *now)
{
    int64_t slot_at, due_at;

    if (poll->is_leaving) {
        poll_retire(poll, now);
        return;
    }
    if (poll->successor)
        poll_take_over(poll, now);
    if (poll->service->is_once || poll->service->is_stopping) {
        poll_enter(poll, POLL_WAITING, AT_NEVER);
        return;
    }
    slot_at = due_at = account_next_slot(&poll->account);
    if (slot_at < poll->not_before_at) {
        if (poll->not_before_reason == DETAIL_RETRY_AFTER &&
            pause_is_short(poll, poll->asked_ms * US_PER_MS, poll->not_before_at, slot_at)) {
            due_at = poll->not_before_at;
        } else {
            account_skip(&poll->account, poll->not_before_at - 1, poll->not_before_reason);
            slot_at = due_at = account_next_slot(&poll->account);
        }
    }
    if (slot_at == AT_NEVER && poll->attempt.slot_at != AT_NEVER)
        log_event(LEVEL_INFO, "over", "feed=%s", poll->feed->name);
    poll->attempt = (struct attempt){.slot_at = slot_at};
    poll_enter(poll, POLL_WAITING, due_at);
}

void poll_pass(struct poll *poll, enum poll_detail reason, const struct loop_time *now)
{
    poll_end_slot(poll);
    if (poll->service->is_once) {
        log_event(LEVEL_ERROR, "passed", "feed=%s detail=%s", poll->feed->name,
                  poll_detail_name(reason));
        poll->service->failures++;
    } else {
        account_skip(&poll->account, poll->attempt.slot_at,
                     poll->attempt.is_catch_up ? poll->attempt.reason : reason);
    }
    poll_rest(poll, now);
}

void poll_queue(struct poll *poll, const struct loop_time *now)
{
    struct service *service = poll->service;
    int64_t due_at = service->is_once ? now->wall_at + ONCE_LOOK_US : poll->attempt.next_slot_at;

    if (hosts_wait(service->hosts, poll->hop_host, &poll->waiter, poll->last_request_us) != 0) {
        poll_pass(poll, DETAIL_BUSY, now);
        return;
    }
    poll_enter(poll, POLL_QUEUED, due_at);
    service_pump_soon(service);
}

/* A first attempt, or another: from the feed's URL on. */
static void begin_attempt(struct poll *poll, const struct loop_time *now)
{
    struct err err = {0};

    poll_end_slot(poll);
    if (fetch_init(&poll->fetch, poll->feed, poll->attempt.slot_at, poll->service->secrets, &err) !=
        0) {
        log_event(LEVEL_WARN, "unaskable", "feed=%s reason=\"%s\"", poll->feed->name, err.text);
        poll->attempt.verdict =
            (struct verdict){.kind = VERDICT_FAILED,
                             .detail = err.kind == ERR_ABSENT ? DETAIL_SECRET : DETAIL_PROTOCOL,
                             .asked_ms = -1};
        poll_finish(poll, NULL, now);
        return;
    }
    poll->has_fetch = true;
    poll->fetch.shape = poll->shape;
    poll->hop_host = poll->host;
    poll_queue(poll, now);
}

static bool is_held(struct poll *poll, const struct loop_time *now)
{
    int64_t from_us, until_us, until_at;

    host_hold_span(poll->host, &from_us, &until_us);
    if (until_us <= now->mono_us)
        return false;
    until_at = now->wall_at + (until_us - now->mono_us);
    if (pause_is_short(poll, until_us - from_us, until_at, poll->attempt.slot_at))
        return false;
    account_skip(&poll->account, until_at - 1, DETAIL_RETRY_AFTER);
    poll_rest(poll, now);
    return true;
}

/* Slots went by unseen: because the loop was held up, or this was a late poll for a slot now over.
 */
static bool has_gone_by(struct poll *poll, const struct loop_time *now)
{
    struct account *account = &poll->account;
    struct attempt *attempt = &poll->attempt;

    if (now->wall_at < plan_slot_after(&account->plan, attempt->slot_at))
        return false;
    if (attempt->is_catch_up)
        account_skip(account, attempt->slot_at, attempt->reason);
    else
        account_skip(account, plan_slot_until(&account->plan, now->wall_at) - 1, DETAIL_BUSY);
    poll_rest(poll, now);
    return true;
}

static void on_slot(struct poll *poll, const struct loop_time *now)
{
    struct service *service = poll->service;
    struct attempt *attempt = &poll->attempt;

    if (service->is_stopping) {
        poll_enter(poll, POLL_WAITING, AT_NEVER);
        return;
    }
    if (!attempt->is_catch_up && attempt->slot_at <= service->jump_until_at) {
        catch_up(poll, service->jump_reason, now);
        return;
    }
    if (has_gone_by(poll, now))
        return;
    if (service->is_disk_full || service->is_store_full)
        poll_pass(poll, DETAIL_DISK, now);
    else if (writer_is_full(service->writer))
        poll_pass(poll, DETAIL_BUSY, now);
    else if (!is_held(poll, now)) {
        account_flush(&poll->account, now->wall_at);
        attempt->next_slot_at = plan_slot_after(&poll->account.plan, attempt->slot_at);
        begin_attempt(poll, now);
    }
}

void poll_begin_once(struct poll *poll, int64_t slot_at, unsigned flags,
                     const struct loop_time *now)
{
    poll->attempt = (struct attempt){.slot_at = slot_at, .next_slot_at = AT_NEVER, .flags = flags};
    begin_attempt(poll, now);
}

/* --once has no next slot, and nobody waits a day for it: only a hold longer than the feed's own
 * waits ends the waiting. */
static bool may_go_on_waiting(const struct poll *poll, const struct loop_time *now)
{
    int64_t from_us, until_us;

    host_hold_span(poll->hop_host, &from_us, &until_us);
    return poll->service->is_once &&
           until_us <= now->mono_us + (int64_t)poll->feed->retry.max_wait_ms * US_PER_MS;
}

/* Its next slot has come while it waited for room. */
static void on_deadline(struct poll *poll, const struct loop_time *now)
{
    struct attempt *attempt = &poll->attempt;
    enum poll_detail reason = DETAIL_HOST_BUSY;

    if (may_go_on_waiting(poll, now)) {
        poll_enter(poll, POLL_QUEUED, now->wall_at + ONCE_LOOK_US);
        return;
    }
    switch (hosts_block(poll->service->hosts, poll->hop_host, now->mono_us)) {
    case HOST_FREE:
    case HOST_BUSY:
        break;
    case HOST_HELD:
        reason = DETAIL_RETRY_AFTER;
        break;
    case HOST_ALL_BUSY:
        reason = DETAIL_BUSY;
        break;
    }
    if (attempt->count == 0) {
        poll_pass(poll, reason, now);
        return;
    }
    if (attempt->verdict.kind == VERDICT_REDIRECT)
        attempt->verdict.detail = DETAIL_TIMEOUT;
    poll_finish(poll, NULL, now);
}

void poll_on_due(struct poll *poll, const struct loop_time *now)
{
    switch (poll->state) {
    case POLL_WAITING:
        on_slot(poll, now);
        break;
    case POLL_QUEUED:
        on_deadline(poll, now);
        break;
    case POLL_PAUSING:
        if (now->wall_at < poll->attempt.next_slot_at)
            begin_attempt(poll, now);
        else /* the clock jumped, or the loop was held up */
            poll_finish(poll, NULL, now);
        break;
    case POLL_FETCHING:
    case POLL_STORING:
    case POLL_RETIRED:
        break;
    }
}
