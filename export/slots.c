#include "export/slots.h"

int slots_start(struct slots *slots, struct reader *reader, const struct selected *selected,
                const struct export_range *range, struct err *err)
{
    slots->reader = reader;
    slots->feed_id = selected->stored.id;
    slots->from_at = range->from_at;
    slots->to_at = range->to_at;
    slots->last_slot_at = selected->last_slot_at;
    return slots_seek(slots, range->from_at, err);
}

int slots_seek(struct slots *slots, int64_t slot_at, struct err *err)
{
    return reader_seek(slots->reader, slots->feed_id, slot_at, err);
}

/* How many slots of the grid first, first + step, … come before `at`. */
static uint64_t slots_before(const struct slot_span *span, int64_t at)
{
    uint64_t distance, count;

    if (at <= span->first_at)
        return 0;
    if (span->count == 1 || span->step_us <= 0)
        return span->count;
    /* As unsigned: the distance of two instants may not fit in an int64_t. */
    distance = (uint64_t)at - (uint64_t)span->first_at;
    count = (distance - 1) / (uint64_t)span->step_us + 1;
    return count < span->count ? count : span->count;
}

static bool clip(const struct slots *slots, const struct poll_record *poll, struct slot_span *span)
{
    uint64_t skipped;

    *span = (struct slot_span){poll->slot_at, poll->step_us, poll->count ? poll->count : 1};
    span->count = slots_before(span, slots->to_at);
    if (slots->last_slot_at < INT64_MAX)
        span->count = slots_before(span, slots->last_slot_at + 1);
    skipped = slots_before(span, slots->from_at);
    span->count -= skipped;
    span->first_at += (int64_t)skipped * span->step_us;
    return span->count > 0;
}

int slots_next(struct slots *slots, struct poll_record *poll, struct slot_span *span,
               struct err *err)
{
    int got;

    while ((got = reader_next(slots->reader, poll, err)) > 0) {
        if (poll->slot_at >= slots->to_at || poll->slot_at > slots->last_slot_at)
            return 0;
        if (clip(slots, poll, span))
            return 1;
    }
    return got;
}
