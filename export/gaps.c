#include "export/gaps.h"

#include <stdio.h>

#include "export/slots.h"
#include "export/table.h"

/* How a slot counts: an invalid poll is neither new nor same, whatever its outcome. */
enum account { ACCOUNT_NEW, ACCOUNT_SAME, ACCOUNT_INVALID, ACCOUNT_FAILED, ACCOUNT_MISSED };
enum { ACCOUNT_COUNT = ACCOUNT_MISSED + 1 };

static const char *const account_names[ACCOUNT_COUNT] = {"new", "same", "invalid", "failed",
                                                         "missed"};
static const char *const summary_columns[] = {"feed",
                                              "from",
                                              "to",
                                              "slots",
                                              "new",
                                              "same",
                                              "invalid",
                                              "failed",
                                              "missed",
                                              "complete_percent",
                                              "longest_gap_slots",
                                              NULL};
static const char *const list_columns[] = {"feed",    "from",   "to", "slots",
                                           "outcome", "detail", NULL};

static enum account account_of(const struct poll_record *poll)
{
    switch (poll->outcome) {
    case OUTCOME_FAILED:
        return ACCOUNT_FAILED;
    case OUTCOME_MISSED:
        return ACCOUNT_MISSED;
    case OUTCOME_NEW:
        return poll->flags & POLL_INVALID ? ACCOUNT_INVALID : ACCOUNT_NEW;
    case OUTCOME_SAME:
        return poll->flags & POLL_INVALID ? ACCOUNT_INVALID : ACCOUNT_SAME;
    }
    return ACCOUNT_INVALID;
}

static bool is_complete(enum account account)
{
    return account == ACCOUNT_NEW || account == ACCOUNT_SAME;
}

static int64_t last_of(const struct slot_span *span)
{
    return span->first_at + (int64_t)(span->count - 1) * span->step_us;
}

struct gaps {
    struct table table;
    const struct zone *zone;
    const char *feed; /* now */
    struct slots slots;
};

struct summary {
    int64_t first_at, last_at;
    uint64_t slots, gap_slots, longest_gap_slots;
    uint64_t counts[ACCOUNT_COUNT];
};

static int summarise(struct gaps *gaps, struct summary *summary, struct err *err)
{
    struct poll_record poll;
    struct slot_span span;
    int got;

    *summary = (struct summary){.first_at = AT_NONE, .last_at = AT_NONE};
    while ((got = slots_next(&gaps->slots, &poll, &span, err)) > 0) {
        enum account account = account_of(&poll);

        if (!summary->slots)
            summary->first_at = span.first_at;
        summary->last_at = last_of(&span);
        summary->slots += span.count;
        summary->counts[account] += span.count;
        summary->gap_slots = is_complete(account) ? 0 : summary->gap_slots + span.count;
        if (summary->gap_slots > summary->longest_gap_slots)
            summary->longest_gap_slots = summary->gap_slots;
    }
    return got;
}

static int print_percent(struct table *table, const struct summary *summary, struct err *err)
{
    uint64_t complete = summary->counts[ACCOUNT_NEW] + summary->counts[ACCOUNT_SAME];
    char text[16];
    int length =
        snprintf(text, sizeof text, "%.2f", 100.0 * (double)complete / (double)summary->slots);

    return table_cell(table, CELL_NUMBER, text, (size_t)length, err);
}

static int print_summary(struct gaps *gaps, struct err *err)
{
    struct table *table = &gaps->table;
    struct summary summary;
    size_t i;

    if (summarise(gaps, &summary, err))
        return -1;
    if (!summary.slots)
        return 0;
    if (table_text(table, gaps->feed, err) ||
        table_instant(table, gaps->zone, summary.first_at, err) ||
        table_instant(table, gaps->zone, summary.last_at, err) ||
        table_number(table, summary.slots, err))
        return -1;
    for (i = 0; i < ACCOUNT_COUNT; i++) {
        if (table_number(table, summary.counts[i], err))
            return -1;
    }
    if (print_percent(table, &summary, err))
        return -1;
    return table_number(table, summary.longest_gap_slots, err);
}

/* Slots one after another of a gap that were lost in the same way. */
struct gap_part {
    int64_t first_at, gap_end_at;
    uint64_t slots; /* 0: none yet */
    enum account account;
    enum poll_detail detail;
};

static int print_part(struct gaps *gaps, const struct gap_part *part, struct err *err)
{
    struct table *table = &gaps->table;

    if (!part->slots)
        return 0;
    if (table_text(table, gaps->feed, err) ||
        table_instant(table, gaps->zone, part->first_at, err) ||
        table_instant(table, gaps->zone, part->gap_end_at, err) ||
        table_number(table, part->slots, err) ||
        table_text(table, account_names[part->account], err))
        return -1;
    return table_text(table, poll_detail_name(part->detail), err);
}

/* Reads on to the next complete slot, beyond the end of the range too: a gap that the range cuts
 * off has ended all the same. AT_NONE: there is none. */
static int find_gap_end(struct gaps *gaps, int64_t *end_at, struct err *err)
{
    struct slots beyond = gaps->slots;
    struct poll_record poll;
    struct slot_span span;
    int got;

    *end_at = AT_NONE;
    beyond.to_at = AT_NEVER;
    while ((got = slots_next(&beyond, &poll, &span, err)) > 0) {
        if (!is_complete(account_of(&poll)))
            continue;
        *end_at = span.first_at;
        return 0;
    }
    return got;
}

/* Prints the gap that begins at `from_at`, reading it a second time now that its end is known:
 * a gap of months may change its reason at every slot, and is not kept in memory. */
static int print_gap(struct gaps *gaps, int64_t from_at, struct err *err)
{
    struct gap_part part = {0};
    struct poll_record poll;
    struct slot_span span;
    int64_t end_at;
    int got;

    if (find_gap_end(gaps, &end_at, err) || slots_seek(&gaps->slots, from_at, err))
        return -1;
    while ((got = slots_next(&gaps->slots, &poll, &span, err)) > 0) {
        enum account account = account_of(&poll);

        if (is_complete(account))
            break;
        if (!part.slots || part.account != account || part.detail != poll.detail) {
            struct gap_part next = {span.first_at, end_at, 0, account, poll.detail};

            if (print_part(gaps, &part, err))
                return -1;
            part = next;
        }
        part.slots += span.count;
    }
    return got < 0 ? -1 : print_part(gaps, &part, err);
}

static int print_list(struct gaps *gaps, struct err *err)
{
    struct poll_record poll;
    struct slot_span span;
    int got;

    while ((got = slots_next(&gaps->slots, &poll, &span, err)) > 0) {
        if (!is_complete(account_of(&poll)) && print_gap(gaps, span.first_at, err))
            return -1;
    }
    return got;
}

static int print_feeds(struct gaps *gaps, const struct selection *selection,
                       const struct export_range *range, bool is_list, struct err *err)
{
    struct reader *reader = gaps->table.out.reader;
    size_t i;

    for (i = 0; i < selection->count; i++) {
        gaps->feed = selection->feeds[i].stored.name;
        if (slots_start(&gaps->slots, reader, &selection->feeds[i], range, err) ||
            (is_list ? print_list(gaps, err) : print_summary(gaps, err)))
            return err_within(err, "feed \"%s\"", gaps->feed);
    }
    return table_finish(&gaps->table, err);
}

int gaps_run(struct store *store, const struct export_range *range, bool is_list, bool is_json,
             const struct sink *sink, int64_t *until_at, struct err *err)
{
    const char *const *columns = is_list ? list_columns : summary_columns;
    struct reader *reader = NULL;
    struct selection selection;
    struct gaps gaps = {0};
    int result = -1;

    if (selection_make(&selection, store, range, err))
        return -1;
    gaps.zone = selection.zone;
    if (until_at)
        *until_at = selection_until(&selection);
    if (reader_open(&reader, store, err) ||
        table_start(&gaps.table, columns, is_json, sink, reader, err) ||
        print_feeds(&gaps, &selection, range, is_list, err))
        goto fail;
    result = 0;
fail:
    table_release(&gaps.table);
    if (reader)
        reader_close(reader);
    selection_release(&selection);
    return result;
}
