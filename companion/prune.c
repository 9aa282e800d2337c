#include "storage/prune.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "companion/open.h"
#include "companion/progress.h"
#include "companion/range.h"
#include "export/selection.h"

static const struct option_row options[] = {
    OPTION_CONFIG,
    OPTION_STORE,
    ZONE_WORD(OPTION_WORD),
    {OPTION_TEXT, 0, "before", ARGUMENT(before), "T", "polls whose slots are before T go"},
    {0},
};

struct going {
    struct store *store;
    struct selection selection;
    int64_t before_at;
    struct pruned sum;
    struct progress progress;
    struct err *err;
};

/* Of one feed: how much of the time that goes is gone. */
static double share_of(const struct going *going, const struct selected *feed, int64_t first_at,
                       int64_t oldest_at)
{
    int64_t end_at = feed->last_slot_at < going->before_at ? feed->last_slot_at : going->before_at;

    if (oldest_at == AT_NONE || end_at <= first_at || oldest_at >= end_at)
        return 1;
    return (double)(oldest_at - first_at) / (double)(end_at - first_at);
}

/* A service that runs shall have the store half of the time. */
static void rest_since(int64_t began_us)
{
    int64_t us = clock_mono_us() - began_us;
    struct timespec rest = {us / US_PER_SECOND, us % US_PER_SECOND * 1000};

    nanosleep(&rest, NULL);
}

static int prune_feed(struct going *going, size_t index)
{
    const struct selected *feed = &going->selection.feeds[index];
    struct pruned step = {.is_done = feed->last_slot_at == AT_NONE};
    int64_t first_at = AT_NONE;

    while (!step.is_done) {
        int64_t began_us = clock_mono_us();

        if (prune_step(going->store, feed->stored.id, going->before_at, &step, going->err))
            return -1;
        going->sum.polls += step.polls;
        going->sum.bodies += step.bodies;
        going->sum.bytes += step.bytes;
        if (first_at == AT_NONE)
            first_at = step.oldest_at;
        progress_draw(&going->progress,
                      ((double)index + share_of(going, feed, first_at, step.oldest_at)) /
                          (double)going->selection.count,
                      going->sum.bytes);
        if (!step.is_done)
            rest_since(began_us);
    }
    return 0;
}

static int prune_all(struct going *going)
{
    size_t i;
    int result = 0;

    progress_init(&going->progress, true);
    for (i = 0; i < going->selection.count && !result; i++)
        result = prune_feed(going, i);
    progress_clear(&going->progress);
    printf("%-19s %" PRIu64 "\n%-19s %" PRIu64 "\n%-19s %" PRIu64 "\n", "polls", going->sum.polls,
           "bodies", going->sum.bodies, "bytes", going->sum.bytes);
    return result;
}

static int run(const struct arguments *arguments, struct err *err)
{
    struct going going = {.err = err};
    struct export_range range;
    int result = -1;

    if (range_check_before(arguments, err) || open_store_to_change(&going.store, arguments, err))
        return -1;
    if (!range_read_before(arguments, going.store, &range, &going.before_at, err) &&
        !selection_make(&going.selection, going.store, &range, err)) {
        result = prune_all(&going);
        selection_release(&going.selection);
    }
    store_close(going.store);
    return result;
}

const struct command command_prune = {
    .name = "prune",
    .operands = "[FEED…]",
    .operands_most = SIZE_MAX,
    .help = "forgets old polls",
    .details =
        "Prints how many polls and bodies went, and the bytes that they took. The file keeps its\n"
        "size: what was freed is used again. A body stays while a poll that is kept points at it.\n"
        "Whatever ends this, the store is whole; run it again to go on.",
    .options = options,
    .run = run,
};
