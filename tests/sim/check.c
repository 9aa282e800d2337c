#include "tests/sim/check.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/zone.h"
#include "storage/reader.h"
#include "storage/verify.h"
#include "tests/sim/check_status.h"
#include "tests/sim/fatal.h"
#include "tests/sim/print.h"

struct check {
    const struct run *run;
    const struct scenario *scenario;
    struct check_result *result;
    struct store *store;
    struct reader *reader;
    uint64_t (*sums)[4][DETAIL_MAX]; /* as the scenario's, counted */
    struct print print;
    bool prints;
};

/* One feed's slots, walked beside what was expected of it. */
struct feed_check {
    struct check *check;
    const char *name;
    struct ledger_walk owed;
    int64_t forgotten_to_at;               /* what was owed up to here is not stored any more */
    bool is_owed_wrong;                    /* said once */
    const struct expectation *expectation; /* NULL: none */
    size_t run;
    uint64_t in_run;
    bool is_wrong; /* said once */
};

static void fault(struct check *check, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void fault(struct check *check, int line, const char *format, ...)
{
    va_list arguments;

    check->result->faults++;
    printf("%s:%d: ", check->scenario->file, line);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

static void on_store_fault(void *cookie, const char *text)
{
    fault(cookie, 0, "verify: %s", text);
}

static void check_sound(struct check *check)
{
    struct verify_counts counts = {0};
    struct err err = {0};

    if (verify_store(check->run->store_dir, on_store_fault, check, &counts, &err) != 0)
        fault(check, 0, "verify: %s", err.text);
}

static void check_owed(struct feed_check *feed, int64_t slot_at)
{
    int64_t owed_at;
    char stored[ZONE_ISO_MAX], owed[ZONE_ISO_MAX] = "none";

    if (feed->is_owed_wrong || feed->check->scenario->is_once)
        return;
    do
        owed_at = ledger_next(&feed->owed);
    while (owed_at <= feed->forgotten_to_at);
    if (owed_at == slot_at)
        return;
    feed->is_owed_wrong = true;
    zone_format_iso(zone_utc(), slot_at, 6, stored);
    if (owed_at != AT_NEVER)
        zone_format_iso(zone_utc(), owed_at, 6, owed);
    fault(feed->check, 0, "feed %s: the next slot should be %s, stored is %s", feed->name, owed,
          stored);
}

/* One slot may be open at the end: the one that a stop left to the next start. */
static void check_rest_owed(struct feed_check *feed)
{
    unsigned open = 0, lost = 0;
    int64_t owed_at;

    if (feed->is_owed_wrong || feed->check->scenario->is_once)
        return;
    while ((owed_at = ledger_next(&feed->owed)) <= feed->check->run->ended_at &&
           owed_at != AT_NEVER) {
        if (owed_at <= feed->forgotten_to_at)
            continue;
        if (ledger_is_closed(&feed->owed))
            lost++;
        else
            open++;
    }
    if (lost > 0 || open > 1)
        fault(feed->check, 0, "feed %s: %u slots at the end are not accounted for", feed->name,
              lost + open);
}

/* What a line does not say must be as usual: one attempt, 200 or no answer at all, the feed's first
 * definition. */
static bool is_as_expected(const struct expected *expected, const struct poll_record *poll,
                           int64_t slot_at)
{
    int64_t late_us = poll->started_at == AT_NONE ? 0 : poll->started_at - slot_at;
    bool is_late = late_us < expected->late_least_us || late_us > expected->late_most_us;
    bool is_invalid = (poll->flags & POLL_INVALID) != 0;

    if (poll->outcome != expected->outcome || poll->detail != expected->detail ||
        poll->definition != expected->definition)
        return false;
    if (poll->outcome == OUTCOME_MISSED)
        return true;
    if (expected->attempts == ANY ? poll->attempts > 1
                                  : poll->attempts != (unsigned)expected->attempts)
        return false;
    if (expected->status == ANY ? poll->status != 0 && poll->status != 200
                                : poll->status != (unsigned)expected->status)
        return false;
    return !is_late && is_invalid == expected->is_invalid;
}

static void check_expected(struct feed_check *feed, const struct poll_record *poll, int64_t slot_at)
{
    const struct expected *expected;
    char text[PRINT_SLOT_MAX];

    if (!feed->expectation || feed->is_wrong)
        return;
    print_slot(poll, slot_at, text);
    if (feed->run == feed->expectation->count) {
        feed->is_wrong = true;
        fault(feed->check, feed->expectation->line, "feed %s: not expected: %s", feed->name, text);
        return;
    }
    expected = feed->expectation->runs + feed->run;
    if (slot_at != expected->first_at + (int64_t)feed->in_run * expected->step_us ||
        !is_as_expected(expected, poll, slot_at)) {
        feed->is_wrong = true;
        fault(feed->check, expected->line, "feed %s: slot %" PRIu64 " of this line is %s",
              feed->name, feed->in_run + 1, text);
        return;
    }
    if (++feed->in_run == expected->count) {
        feed->run++;
        feed->in_run = 0;
    }
}

static void add_sums(struct feed_check *feed, const struct poll_record *poll)
{
    struct check *check = feed->check;

    for (size_t i = 0; i < check->scenario->sums_count; i++)
        if (fnmatch(check->scenario->sums[i].glob, feed->name, 0) == 0)
            check->sums[i][poll->outcome][poll->detail] += poll->count;
}

static void add_hash(struct check *check, const struct poll_record *poll)
{
    const int64_t kept[] = {poll->slot_at,         (int64_t)poll->count,   (int64_t)poll->outcome,
                            (int64_t)poll->detail, poll->started_at,       poll->ended_at,
                            (int64_t)poll->status, (int64_t)poll->attempts};

    check->result->hash = hash64(kept, sizeof kept, check->result->hash);
}

static void check_poll(struct feed_check *feed, const struct poll_record *poll)
{
    struct check *check = feed->check;

    add_sums(feed, poll);
    add_hash(check, poll);
    check->result->slots += poll->count;
    if (check->prints)
        print_poll(&check->print, poll);
    for (uint64_t i = 0; i < poll->count; i++) {
        int64_t slot_at = poll->slot_at + (int64_t)i * poll->step_us;

        check_owed(feed, slot_at);
        check_expected(feed, poll, slot_at);
    }
}

static const struct expectation *expectation_of(const struct scenario *scenario, const char *name)
{
    for (size_t i = 0; i < scenario->expectation_count; i++)
        if (strcmp(scenario->expectations[i].feed, name) == 0)
            return scenario->expectations + i;
    return NULL;
}

static int check_feed(void *cookie, const struct stored_feed *stored)
{
    struct check *check = cookie;
    struct feed_check feed = {
        .check = check, .name = stored->name, .forgotten_to_at = stored->forgotten_to_at};
    struct poll_record poll;
    struct err err = {0};
    int found;

    ledger_begin(check->run->ledger, stored->name, &feed.owed);
    feed.expectation = expectation_of(check->scenario, stored->name);
    if (check->prints)
        print_feed(&check->print, stored->name);
    if (reader_seek(check->reader, stored->id, AT_NONE, &err) != 0)
        fatal("%s", err.text);
    while ((found = reader_next(check->reader, &poll, &err)) == 1)
        check_poll(&feed, &poll);
    if (found < 0)
        fault(check, 0, "feed %s: %s", stored->name, err.text);
    if (check->prints)
        print_end(&check->print);
    check_rest_owed(&feed);
    if (feed.expectation && !feed.is_wrong && feed.run < feed.expectation->count)
        fault(check, feed.expectation->runs[feed.run].line,
              "feed %s: slot %" PRIu64 " of this line is missing", stored->name, feed.in_run + 1);
    return 0;
}

static int note_name(void *cookie, const struct stored_feed *stored)
{
    const char **name = cookie;

    if (*name && strcmp(stored->name, *name) == 0)
        *name = NULL;
    return 0;
}

static void check_is_stored(void *cookie, const char *name)
{
    struct check *check = cookie;
    const char *wanted = name;

    store_each_feed(check->store, note_name, &wanted, NULL);
    if (wanted)
        fault(check, 0, "feed %s is not in the store", name);
}

static void check_sums(struct check *check)
{
    for (size_t i = 0; i < check->scenario->sums_count; i++) {
        const struct sums *sums = check->scenario->sums + i;

        for (int outcome = 0; outcome < 4; outcome++)
            for (int detail = 0; detail < DETAIL_MAX; detail++)
                if (check->sums[i][outcome][detail] != sums->by_outcome[outcome][detail])
                    fault(check, sums->line, "%s: %s%s%s=%" PRIu64, sums->glob,
                          outcome_name((enum outcome)outcome), detail ? "/" : "",
                          poll_detail_name((enum poll_detail)detail),
                          check->sums[i][outcome][detail]);
    }
}

static void check_tallies(struct check *check)
{
    for (size_t i = 0; i < check->scenario->check_count; i++) {
        const struct tally_check *wanted = check->scenario->checks + i;
        int64_t seen = wanted->tally.seen, most = wanted->most;

        if (wanted->tally.kind == TALLY_PEAK) {
            printf("%s:%d: peak %" PRId64 "/s, elsewhere %" PRId64 "/s\n", check->scenario->file,
                   wanted->line, seen, wanted->reference.seen);
            most = most * wanted->reference.seen / 100;
        }
        if (seen < wanted->least || seen > most)
            fault(check, wanted->line, "seen is %" PRId64, seen);
    }
}

static void check_space(struct check *check)
{
    uint64_t first_bytes = check->run->first_bytes, last_bytes = check->run->last_bytes;
    struct store_space space = {0};

    if (check->scenario->space_percent == ANY)
        return;
    (void)store_space(check->store, &space, NULL);
    printf("%s: file %" PRIu64 " bytes, then %" PRIu64 ", of which %" PRIu64 " are in use\n",
           check->scenario->file, first_bytes, last_bytes, space.used_bytes);
    if (first_bytes == 0 ||
        last_bytes > first_bytes / 100 * (100 + (uint64_t)check->scenario->space_percent))
        fault(check, 0, "the store grew");
}

static void check_flat(struct check *check)
{
    const struct run *run = check->run;

    if (check->scenario->flat_kib == ANY)
        return;
    printf("%s: memory %ld KiB, then %ld KiB; descriptors %d, then %d\n", check->scenario->file,
           run->first_kib, run->last_kib, run->first_fds, run->last_fds);
    if (run->first_kib == 0 || run->last_kib - run->first_kib > check->scenario->flat_kib)
        fault(check, 0, "memory grew by %ld KiB", run->last_kib - run->first_kib);
    if (run->last_fds > run->first_fds)
        fault(check, 0, "descriptors grew by %d", run->last_fds - run->first_fds);
}

void check_run(const struct run *run, const struct scenario *scenario, bool prints,
               struct check_result *result)
{
    struct check check = {.run = run, .scenario = scenario, .result = result, .prints = prints};
    struct err err = {0};

    memset(result, 0, sizeof *result);
    check.sums = must_alloc(scenario->sums_count, sizeof *check.sums);
    check_sound(&check);
    if (store_open(&check.store, run->store_dir, STORE_READ, &err) != 0 ||
        reader_open(&check.reader, check.store, &err) != 0 ||
        store_each_feed(check.store, check_feed, &check, &err) != 0)
        fatal("%s", err.text);
    ledger_each(run->ledger, check_is_stored, &check);
    check_sums(&check);
    check_tallies(&check);
    check_flat(&check);
    check_space(&check);
    result->faults += check_status(run, check.store, scenario->file);
    reader_close(check.reader);
    store_close(check.store);
    free(check.sums);
}
