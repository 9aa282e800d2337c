#include "storage/prune.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "storage/prune_parts.h"
#include "storage/stored.h"
#include "storage/value.h"

struct pruning {
    struct store *store;
    MDB_txn *txn;
    uint32_t feed_id;
    int64_t before_at;
    struct prune_plan plan;
    struct buf value;
};

static int put_poll(struct pruning *pruning, const struct poll_record *poll)
{
    uint8_t bytes[KEY_POLL_BYTES];
    MDB_val key = {sizeof bytes, bytes}, value;

    buf_reset(&pruning->value);
    if (poll_record_encode(poll, &pruning->value))
        return ENOMEM;
    key_of_poll(pruning->feed_id, poll->slot_at, bytes);
    value = (MDB_val){pruning->value.length, pruning->value.bytes};
    return table_put(pruning->store, pruning->txn, TABLE_POLLS, &key, &value, 0);
}

static int drop_polls(struct pruning *pruning)
{
    const struct prune_plan *plan = &pruning->plan;
    uint8_t bytes[KEY_POLL_BYTES];
    MDB_val key = {sizeof bytes, bytes};
    int rc = 0;

    for (size_t i = 0; !rc && i < plan->poll_count; i++) {
        key_of_poll(pruning->feed_id, plan->polls[i].slot_at, bytes);
        rc = mdb_del(pruning->txn, pruning->store->tables[TABLE_POLLS], &key, NULL);
    }
    return rc;
}

static int drop_bodies(struct pruning *pruning)
{
    const struct prune_plan *plan = &pruning->plan;
    uint8_t bytes[KEY_BODY_BYTES];
    MDB_val key = {sizeof bytes, bytes};
    int rc = 0;

    for (size_t i = 0; !rc && i < plan->body_count; i++)
        for (unsigned part = 0; !rc && part < plan->bodies[i].parts; part++) {
            key_of_body(pruning->feed_id, plan->bodies[i].slot_at, (uint16_t)part, bytes);
            rc = mdb_del(pruning->txn, pruning->store->tables[TABLE_BODIES], &key, NULL);
            if (rc == MDB_NOTFOUND) /* a damaged store: verify's to tell */
                rc = 0;
        }
    return rc;
}

/* How far the account went must not be forgotten with its polls. A feed that cannot be read is
 * verify's to report. */
static int note_account(struct pruning *pruning)
{
    struct stored_feed feed;
    uint8_t bytes[KEY_FEED_BYTES];
    MDB_val key = {sizeof bytes, bytes}, value;
    int rc;

    key_of_feed(pruning->feed_id, bytes);
    rc = table_find(pruning->store, pruning->txn, TABLE_FEEDS, &key, &value);
    if (rc)
        return rc == MDB_NOTFOUND || rc == EBADMSG ? 0 : rc;
    if (stored_feed_decode(&feed, value.mv_data, value.mv_size) ||
        feed.forgotten_to_at >= pruning->plan.account_to_at)
        return 0;
    feed.forgotten_to_at = pruning->plan.account_to_at;
    buf_reset(&pruning->value);
    if (stored_feed_encode(&feed, &pruning->value))
        return ENOMEM;
    value = (MDB_val){pruning->value.length, pruning->value.bytes};
    return table_put(pruning->store, pruning->txn, TABLE_FEEDS, &key, &value, 0);
}

/* The heir's texts lie in pages that the first change may move: it goes first. */
static int prune_once(void *cookie, MDB_txn *txn)
{
    struct pruning *pruning = cookie;
    struct prune_plan *plan = &pruning->plan;
    int rc = prune_decide(pruning->store, txn, pruning->feed_id, pruning->before_at, plan);

    pruning->txn = txn;
    if (rc)
        return rc;
    if (!plan->poll_count)
        return CHANGE_NOTHING;
    if (plan->has_heir)
        rc = put_poll(pruning, &plan->heir);
    if (!rc)
        rc = drop_polls(pruning);
    if (!rc && plan->has_rest)
        rc = put_poll(pruning, &plan->rest);
    if (!rc)
        rc = drop_bodies(pruning);
    return rc ? rc : note_account(pruning);
}

static void tell(const struct prune_plan *plan, struct pruned *pruned)
{
    pruned->oldest_at = plan->oldest_at;
    pruned->is_done = plan->is_done;
    pruned->has_lost_body = plan->has_lost_body;
    for (size_t i = 0; i < plan->poll_count; i++) {
        pruned->polls += plan->polls[i].slots;
        pruned->bytes += plan->polls[i].bytes;
    }
    for (size_t i = 0; i < plan->body_count; i++) {
        pruned->bodies += plan->bodies[i].count;
        pruned->bytes += plan->bodies[i].bytes;
    }
}

static int refuse(const struct store *store, int rc, struct err *err)
{
    if (rc == EBADMSG)
        return err_set(err, ERR_DAMAGED,
                       "store \"%s\" is damaged: a poll that should go cannot be read: run "
                       "pollard verify",
                       store_dir(store));
    return table_error(store, rc, "cannot forget", err);
}

int prune_step(struct store *store, uint32_t feed_id, int64_t before_at, struct pruned *pruned,
               struct err *err)
{
    struct pruning *pruning = calloc(1, sizeof *pruning);
    int rc;

    *pruned = (struct pruned){.oldest_at = AT_NONE};
    if (!pruning)
        return err_memory(err);
    pruning->store = store;
    pruning->feed_id = feed_id;
    pruning->before_at = before_at;
    buf_init(&pruning->value, VALUE_MAX);
    rc = store_change(store, prune_once, pruning);
    if (!rc)
        tell(&pruning->plan, pruned);
    buf_release(&pruning->value);
    free(pruning);
    return rc ? refuse(store, rc, err) : 0;
}
