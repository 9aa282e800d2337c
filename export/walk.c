#include "export/walk.h"

int64_t walk_call_time(const struct poll_record *poll)
{
    if (poll->answered_at != AT_NONE)
        return poll->answered_at;
    return poll->started_at != AT_NONE ? poll->started_at : poll->slot_at;
}

static bool is_wanted(const struct walk *walk, const struct poll_record *poll)
{
    int64_t call_at = walk_call_time(poll);

    if (poll->outcome != OUTCOME_NEW && (poll->outcome != OUTCOME_SAME || walk->is_changes_only))
        return false;
    return call_at >= walk->from_at && call_at < walk->to_at && poll->slot_at <= walk->last_slot_at;
}

/* A call begins at its slot or after it, and before the next: the poll before `from` is the only
 * one of an earlier slot that may belong to the range. */
static int find_start(const struct walk *walk, int64_t *start_at, struct err *err)
{
    struct poll_record poll;
    int got;

    *start_at = walk->from_at;
    if (walk->from_at == AT_NONE)
        return 0;
    if (reader_seek_back(walk->reader, walk->feed_id, walk->from_at, err))
        return -1;
    got = reader_previous(walk->reader, &poll, err);
    if (got > 0)
        *start_at = poll.slot_at;
    return got < 0 ? -1 : 0;
}

/* The slot of the last but `last` poll wanted. */
static int find_last(const struct walk *walk, uint64_t last, int64_t *start_at, struct err *err)
{
    struct poll_record poll;
    uint64_t found = 0;
    int got;

    *start_at = AT_NEVER;
    if (reader_seek_back(walk->reader, walk->feed_id, walk->to_at, err))
        return -1;
    while ((got = reader_previous(walk->reader, &poll, err)) > 0) {
        if (is_wanted(walk, &poll)) {
            *start_at = poll.slot_at;
            found++;
        }
        if (found == last || poll.slot_at < walk->from_at)
            return 0;
    }
    return got;
}

int walk_start(struct walk *walk, struct reader *reader, const struct selected *selected,
               const struct dump_options *options, struct err *err)
{
    int64_t start_at;

    walk->reader = reader;
    walk->feed_id = selected->stored.id;
    walk->from_at = options->range.from_at;
    walk->to_at = options->range.to_at;
    walk->last_slot_at = selected->last_slot_at;
    walk->is_changes_only = options->is_changes_only;
    if (options->last ? find_last(walk, options->last, &start_at, err)
                      : find_start(walk, &start_at, err))
        return -1;
    return reader_seek(reader, walk->feed_id, start_at, err);
}

int walk_next(struct walk *walk, struct poll_record *poll, struct err *err)
{
    int got;

    while ((got = reader_next(walk->reader, poll, err)) > 0) {
        if (poll->slot_at >= walk->to_at || poll->slot_at > walk->last_slot_at)
            return 0;
        if (is_wanted(walk, poll))
            return 1;
    }
    return got;
}
