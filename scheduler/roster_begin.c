/* How a feed comes in: its poll, and its account over the time when nobody ran. */
#include <stdlib.h>

#include "base/log.h"
#include "scheduler/roster_parts.h"

enum { SHAPE_PATH_MAX = 64 * 1024 };

int roster_append(struct roster *roster, struct record *record)
{
    struct err err = {0};

    if (!record) {
        log_event(LEVEL_ERROR, "lost", "reason=memory");
        return -1;
    }
    if (writer_append(roster->service->writer, record, &err) != 0) {
        log_event(LEVEL_ERROR, "lost", "reason=\"%s\"", err.text);
        return -1;
    }
    return 0;
}

static int add_poll(struct roster *roster, struct poll *poll)
{
    if (roster->count == roster->capacity) {
        size_t capacity = roster->capacity ? roster->capacity * 2 : 64;
        struct poll **polls = realloc(roster->polls, capacity * sizeof(struct poll *));

        if (!polls)
            return -1;
        roster->polls = polls;
        roster->capacity = capacity;
    }
    if (heap_reserve(&roster->service->due, roster->count + 1) != 0)
        return -1;
    roster->polls[roster->count++] = poll;
    return 0;
}

struct poll *roster_make_poll(struct roster *roster, struct known *known, struct feed *feed,
                              struct resume *resume, const struct loop_time *now)
{
    struct poll_identity identity = {.feed_id = known->stored.id,
                                     .definition = known->stored.last_definition,
                                     .url_epoch = known->url_epoch,
                                     .first_slot_at = known->stored.first_slot_at};
    struct poll *poll = NULL;
    struct err err = {0};
    uint8_t format = FORMAT_AUTO;
    struct buf path;

    buf_init(&path, SHAPE_PATH_MAX);
    if (store_shape(roster->store, identity.feed_id, identity.url_epoch, &format,
                    &identity.has_rows_path, &path, &err) < 0 ||
        reader_resume(roster->reader, identity.feed_id, resume, &err) != 0)
        goto done;
    identity.shape = (enum feed_format)format;
    poll = poll_new(roster->service, feed, &identity, &err);
    if (poll && add_poll(roster, poll) != 0) {
        poll_free(poll);
        poll = NULL;
        err_memory(&err);
    }
    if (poll) {
        known->poll = poll;
        poll_resume(poll, resume, now);
    }
done:
    reader_rest(roster->reader);
    buf_release(&path);
    if (!poll)
        log_event(LEVEL_ERROR, "left_out", "feed=%s reason=\"%s\"", feed->name, err.text);
    return poll;
}

/* A poll of exactly this slot is in the store, made by --once. */
bool roster_has_poll(struct roster *roster, uint32_t feed_id, int64_t slot_at)
{
    struct poll_record found;
    bool has = reader_seek(roster->reader, feed_id, slot_at, NULL) == 0 &&
               reader_next(roster->reader, &found, NULL) == 1 && found.slot_at <= slot_at;

    reader_rest(roster->reader);
    return has;
}

void roster_open_account(struct roster *roster, struct known *known, const struct resume *resume,
                         const struct loop_time *now)
{
    struct poll *poll = known->poll;
    struct account *account = &poll->account;
    struct record *record = record_new(RECORD_OPEN, known->stored.id);
    int64_t opened_at = now->wall_at;

    if (poll->feed->catch_up && plan_is_open(&account->plan, now->wall_at)) {
        int64_t latest_at = plan_slot_until(&account->plan, now->wall_at);

        if (latest_at != AT_NONE && latest_at > resume->accounted_to_at &&
            !roster_has_poll(roster, known->stored.id, latest_at))
            opened_at = latest_at;
    }
    if (opened_at <= resume->accounted_to_at)
        opened_at = resume->accounted_to_at + 1;
    if (record)
        record->at = opened_at;
    roster_append(roster, record);
    known->stored.is_open = true;
    known->stored.opened_at = opened_at;
    account->accounted_to_at = account->skipped_to_at = opened_at - 1;
    poll_begin(poll, now, DETAIL_NONE);
}

/* Nobody polled it since `resume`: that time belongs to the definition of then. */
void roster_reopen_account(struct roster *roster, struct known *known, const struct resume *resume,
                           const struct feed *old, const struct loop_time *now)
{
    struct account *account = &known->poll->account;
    struct plan plan = account->plan, old_plan = {.schedule = &old->schedule, .end_at = AT_NEVER};
    enum poll_detail reason = DETAIL_DOWN;
    int64_t latest_at;

    if (old->schedule.for_ms > 0 && known->stored.first_slot_at != AT_NONE)
        old_plan.end_at = known->stored.first_slot_at + old->schedule.for_ms * US_PER_MS;
    account->accounted_to_at = account->skipped_to_at =
        resume->accounted_to_at != AT_NONE ? resume->accounted_to_at : known->stored.opened_at - 1;
    account->plan = old_plan;
    if (roster->started_at < now->wall_at) { /* its file was broken until now */
        account_skip(account, roster->started_at, reason);
        reason = DETAIL_CONFIG;
    }
    latest_at = plan_slot_until(&old_plan, now->wall_at);
    if (latest_at == AT_NONE || latest_at == plan_slot_until(&plan, now->wall_at)) {
        if (latest_at != AT_NONE)
            account_skip(account, latest_at - 1, reason);
        account_flush(account, now->wall_at);
        account->plan = plan;
        poll_begin(known->poll, now, reason);
        return;
    }
    account_change(account, now->wall_at, reason, &plan);
    poll_begin(known->poll, now, DETAIL_NONE);
}
