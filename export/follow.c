#include "export/follow.h"

#include "export/dump_parts.h"

/* Of each feed so many answers before the range are asked for their columns. */
enum { FOLLOW_LEARN = 16, FOLLOW_COMMIT_MS = 2000 };

struct follow {
    struct dump dump;
    const struct follow_watcher *watcher;
    struct columns late; /* those that were told of */
    uint64_t version;    /* of the store, when it was read */
    bool has_told_unmet; /* columns that no row had: once, of the range and what came first */
};

static void on_late(void *cookie, const char *payload_name)
{
    struct follow *follow = cookie;
    size_t before = columns_payload_count(&follow->late);
    uint32_t place;

    /* One that cannot be remembered is told again, at worst. */
    if (columns_place(&follow->late, payload_name, &place, NULL) == 0 &&
        columns_payload_count(&follow->late) == before)
        return;
    follow->watcher->on_late_column(follow->watcher->cookie, payload_name);
}

static int learn_feeds(struct dump *dump, struct err *err)
{
    for (dump->feed = 0; dump->feed < dump->selection.count; dump->feed++) {
        if (dump_learn_feed(dump, err))
            return -1;
    }
    return 0;
}

static int learn(struct dump *dump, struct err *err)
{
    const struct dump_options *asked = dump->options;
    struct dump_options before = *asked;
    int result;

    if (dump_name_columns(dump, err) || learn_feeds(dump, err))
        return -1;
    before.range.from_at = AT_NONE;
    before.range.to_at = AT_NEVER;
    before.last = FOLLOW_LEARN;
    before.watcher = NULL;
    dump->options = &before;
    result = learn_feeds(dump, err);
    dump->options = asked;
    return result;
}

/* A call that began before the range's end is committed a while after it. */
static int64_t over_at(const struct dump *dump)
{
    int64_t to_at = dump->options->range.to_at, longest_ms = 0;
    size_t i;

    for (i = 0; i < dump->selection.count; i++) {
        const struct feed *feed = dump->selection.feeds[i].feed;

        if (feed && feed->timeout_ms > longest_ms)
            longest_ms = feed->timeout_ms;
    }
    if (to_at > AT_NEVER - (longest_ms + FOLLOW_COMMIT_MS) * US_PER_MS)
        return AT_NEVER;
    return to_at + (longest_ms + FOLLOW_COMMIT_MS) * US_PER_MS;
}

/* 0: the store has something new, and the selection knows it; 1: enough. */
static int wait_for_more(struct follow *follow, struct err *err)
{
    struct dump *dump = &follow->dump;
    int result;

    do {
        reader_rest(dump->reader);
        result = follow->watcher->on_idle(follow->watcher->cookie, over_at(dump), err);
        if (result)
            return result;
    } while (store_version(dump->store) == follow->version);
    /* Asked before it is read: what is committed in between is seen once more. */
    follow->version = store_version(dump->store);
    return selection_renew(&dump->selection, dump->store, &dump->options->range, err);
}

static int write_new(struct dump *dump, struct err *err)
{
    for (dump->feed = 0; dump->feed < dump->selection.count; dump->feed++) {
        struct selected *selected = &dump->selection.feeds[dump->feed];

        if (selected->last_slot_at == AT_NONE || selected->last_slot_at <= selected->done_slot_at)
            continue;
        if (dump_write_feed(dump, dump_write_poll, err))
            return -1;
        selected->done_slot_at = selected->last_slot_at;
    }
    return outflow_flush(&dump->out, err);
}

/* Without any column a header would leave everything out that is to come. */
static int make_header(struct follow *follow, struct err *err)
{
    struct dump *dump = &follow->dump;
    int result;

    while (!dump->own.form.is_json) {
        if (learn(dump, err))
            return -1;
        if (columns_payload_count(&dump->columns))
            break;
        result = wait_for_more(follow, err);
        if (result)
            return result;
    }
    if (dump->own.form.is_json && dump_name_columns(dump, err))
        return -1;
    return dump_fix_columns(dump, err);
}

static int go_on(struct follow *follow, struct err *err)
{
    struct dump *dump = &follow->dump;
    int result = make_header(follow, err);

    dump->columns.on_late = on_late;
    dump->columns.cookie = follow;
    while (!result) {
        if (write_new(dump, err))
            return -1;
        if (!follow->has_told_unmet)
            dump_tell_unmet(dump);
        follow->has_told_unmet = dump->total.rows > 0;
        result = wait_for_more(follow, err);
    }
    return result;
}

/* What comes after the range comes in small pieces, and late columns are told in order: one thread.
 */
int follow_run(struct store *store, const struct dump_options *options,
               const struct follow_watcher *watcher, const struct sink *sink,
               struct dump_counts *counts, struct err *err)
{
    struct follow follow = {.watcher = watcher, .version = store_version(store)};
    struct dump_options alone = *options;
    int result;

    alone.threads = 1;
    columns_init(&follow.late);
    result = dump_start(&follow.dump, store, &alone, sink, err);
    if (!result)
        result = go_on(&follow, err);
    if (counts)
        *counts = follow.dump.total;
    columns_release(&follow.late);
    dump_release(&follow.dump);
    return result < 0 ? -1 : 0;
}
