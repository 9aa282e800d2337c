#include "export/calls.h"

int64_t calls_time(const struct poll_record *poll)
{
    if (poll->answered_at != AT_NONE)
        return poll->answered_at;
    return poll->started_at != AT_NONE ? poll->started_at : poll->slot_at;
}

static bool is_wanted(const struct calls *calls, const struct poll_record *poll)
{
    int64_t call_at = calls_time(poll);

    if (poll->outcome != OUTCOME_NEW && (poll->outcome != OUTCOME_SAME || calls->is_changes_only))
        return false;
    return call_at >= calls->from_at && call_at < calls->to_at &&
           poll->slot_at <= calls->last_slot_at;
}

/* A call begins at its slot or after it, and before the next: the poll before `from` is the only
 * one of an earlier slot that may belong to the range. */
static int find_start(const struct calls *calls, int64_t *start_at, struct err *err)
{
    struct poll_record poll;
    int got;

    *start_at = calls->from_at;
    if (calls->from_at == AT_NONE)
        return 0;
    if (reader_seek_back(calls->reader, calls->feed_id, calls->from_at, err))
        return -1;
    got = reader_previous(calls->reader, &poll, err);
    if (got > 0)
        *start_at = poll.slot_at;
    return got < 0 ? -1 : 0;
}

/* The slot of the last but `last` poll wanted. */
static int find_last(const struct calls *calls, uint64_t last, int64_t *start_at, struct err *err)
{
    struct poll_record poll;
    uint64_t found = 0;
    int got;

    *start_at = AT_NEVER;
    if (reader_seek_back(calls->reader, calls->feed_id, calls->to_at, err))
        return -1;
    while ((got = reader_previous(calls->reader, &poll, err)) > 0) {
        if (is_wanted(calls, &poll)) {
            *start_at = poll.slot_at;
            found++;
        }
        if (found == last || poll.slot_at < calls->from_at)
            return 0;
    }
    return got;
}

int calls_start(struct calls *calls, struct reader *reader, const struct selected *selected,
                const struct dump_options *options, struct err *err)
{
    int64_t start_at;

    calls->reader = reader;
    calls->feed_id = selected->stored.id;
    calls->from_at = options->range.from_at;
    calls->to_at = options->range.to_at;
    calls->last_slot_at = selected->last_slot_at;
    calls->is_changes_only = options->is_changes_only;
    if (selected->done_slot_at != AT_NONE)
        return reader_seek(reader, calls->feed_id, selected->done_slot_at + 1, err);
    if (options->last ? find_last(calls, options->last, &start_at, err)
                      : find_start(calls, &start_at, err))
        return -1;
    return reader_seek(reader, calls->feed_id, start_at, err);
}

int calls_next(struct calls *calls, struct poll_record *poll, struct err *err)
{
    int got;

    while ((got = reader_next(calls->reader, poll, err)) > 0) {
        if (poll->slot_at >= calls->to_at || poll->slot_at > calls->last_slot_at)
            return 0;
        if (is_wanted(calls, poll))
            return 1;
    }
    return got;
}
