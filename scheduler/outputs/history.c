#include "scheduler/outputs/history.h"

#include <string.h>

#define FAR_AT (INT64_C(1400000) * US_PER_DAY) /* the year 5800: numbers of buckets still fit */

/* `count` buckets: the window's length and the one that is not over yet. 90 minutes at the shortest
 * interval are 54,000 slots: they fit. */
static const struct window {
    const char *name;
    int64_t bucket_us;
    int first, count;
} windows[WINDOW_COUNT] = {
    [WINDOW_HOUR] = {"1h", US_PER_MINUTE, 0, 61},
    [WINDOW_DAY] = {"24h", 30 * US_PER_MINUTE, 61, 49},
    [WINDOW_WEEK] = {"7d", 90 * US_PER_MINUTE, 61 + 49, 113},
};

void history_init(struct history *history)
{
    *history = (struct history){.first_at = AT_NONE};
    for (int i = 0; i < WINDOW_COUNT; i++)
        history->newest[i] = INT32_MIN;
}

const char *history_window_name(enum history_window window)
{
    return windows[window].name;
}

int64_t history_window_us(enum history_window window)
{
    return windows[window].bucket_us * (windows[window].count - 1);
}

static int64_t bucket_of(const struct window *window, int64_t at)
{
    return clock_floor_div(at, window->bucket_us);
}

static int place_of(const struct window *window, int64_t bucket)
{
    int place = (int)(bucket % window->count);

    return window->first + (place < 0 ? place + window->count : place);
}

/* The ring's latest bucket is at least `bucket`; those that come in between are empty. */
static void advance(struct history *history, int number, int64_t bucket)
{
    const struct window *window = &windows[number];
    int64_t from = history->newest[number];

    if (bucket <= from)
        return;
    if (bucket - from > window->count)
        from = bucket - window->count;
    while (from++ < bucket) {
        history->slots[place_of(window, from)] = 0;
        history->complete[place_of(window, from)] = 0;
    }
    history->newest[number] = (int32_t)bucket;
}

static void add(uint16_t *sum, uint64_t count)
{
    *sum = count > (uint64_t)(UINT16_MAX - *sum) ? UINT16_MAX : (uint16_t)(*sum + count);
}

/* Slots of the poll before `at`. */
static uint64_t slots_before(const struct poll_record *poll, int64_t at)
{
    uint64_t before;

    if (at <= poll->slot_at)
        return 0;
    if (poll->count <= 1 || poll->step_us <= 0)
        return 1;
    before = (uint64_t)((at - poll->slot_at - 1) / poll->step_us) + 1;
    return before < poll->count ? before : poll->count;
}

static void note_window(struct history *history, int number, const struct poll_record *poll,
                        bool is_complete)
{
    const struct window *window = &windows[number];
    int64_t last = bucket_of(window, poll_record_last_slot(poll));
    int64_t bucket = bucket_of(window, poll->slot_at);

    advance(history, number, last);
    if (bucket <= history->newest[number] - window->count)
        bucket = history->newest[number] - window->count + 1;
    for (; bucket <= last; bucket++) {
        int64_t from_at = bucket * window->bucket_us;
        uint64_t count =
            slots_before(poll, from_at + window->bucket_us) - slots_before(poll, from_at);

        add(&history->slots[place_of(window, bucket)], count);
        if (is_complete)
            add(&history->complete[place_of(window, bucket)], count);
    }
}

static char letter_of(const struct poll_record *poll)
{
    switch (poll->outcome) {
    case OUTCOME_NEW:
        return poll->flags & POLL_INVALID ? 'i' : 'n';
    case OUTCOME_SAME:
        return poll->flags & POLL_INVALID ? 'i' : 's';
    case OUTCOME_FAILED:
        return 'f';
    case OUTCOME_MISSED:
        break;
    }
    return 'm';
}

void history_note(struct history *history, const struct poll_record *poll)
{
    char letter = letter_of(poll);

    if (poll->slot_at < -FAR_AT || poll_record_last_slot(poll) > FAR_AT)
        return;
    if (history->first_at == AT_NONE)
        history->first_at = poll->slot_at;
    for (int i = 0; i < WINDOW_COUNT; i++)
        note_window(history, i, poll, letter == 'n' || letter == 's');
    for (uint64_t i = 0; i < poll->count && i < HISTORY_RECENT; i++) {
        history->recent[history->recent_next] = letter;
        history->recent_next = (uint8_t)((history->recent_next + 1) % HISTORY_RECENT);
        if (history->recent_count < HISTORY_RECENT)
            history->recent_count++;
    }
}

uint64_t history_slots(const struct history *history, enum history_window number, int64_t now_at,
                       uint64_t *complete)
{
    const struct window *window = &windows[number];
    int64_t last = bucket_of(window, now_at);
    int64_t bucket = last - window->count + 1;
    uint64_t slots = 0;

    *complete = 0;
    if (bucket <= (int64_t)history->newest[number] - window->count)
        bucket = (int64_t)history->newest[number] - window->count + 1;
    if (last > history->newest[number])
        last = history->newest[number];
    for (; bucket <= last; bucket++) {
        slots += history->slots[place_of(window, bucket)];
        *complete += history->complete[place_of(window, bucket)];
    }
    return slots;
}

void history_recent(const struct history *history, char out[HISTORY_RECENT + 1])
{
    size_t count = history->recent_count;
    size_t start = (history->recent_next + HISTORY_RECENT - count) % HISTORY_RECENT;

    for (size_t i = 0; i < count; i++)
        out[i] = history->recent[(start + i) % HISTORY_RECENT];
    out[count] = '\0';
}
