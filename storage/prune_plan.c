#include <errno.h>
#include <string.h>

#include "storage/pack.h"
#include "storage/prune_parts.h"

struct planning {
    struct store *store;
    MDB_txn *txn;
    MDB_cursor *polls, *bodies;
    uint32_t feed_id;
    int64_t before_at;
    struct prune_plan *plan;
    /* The last answer that goes. Whether its body goes too is known at the next answer. */
    bool has_held, is_held_changed;
    struct poll_record held;
    struct prune_poll held_place;
    uint64_t body_bytes;
    unsigned ahead; /* polls that stay, walked over since */
    int64_t begun_ms;
    bool is_over;
};

static bool is_answer(const struct poll_record *poll)
{
    return poll->outcome == OUTCOME_NEW || poll->outcome == OUTCOME_SAME;
}

/* The next poll of the feed. MDB_NOTFOUND: it has no more. */
static int read_poll(const struct planning *planning, MDB_cursor *cursor, MDB_cursor_op op,
                     struct poll_record *poll, uint64_t *bytes)
{
    uint8_t first[KEY_POLL_BYTES];
    MDB_val key = {sizeof first, first}, value;
    int rc;

    key_of_poll(planning->feed_id, AT_NONE, first);
    rc = mdb_cursor_get(cursor, &key, &value, op);
    if (rc)
        return rc;
    if (key.mv_size != KEY_POLL_BYTES || key_feed(key.mv_data) != planning->feed_id)
        return MDB_NOTFOUND;
    *bytes = key.mv_size + value.mv_size;
    if (table_unseal(TABLE_POLLS, &key, &value, NULL) ||
        poll_record_decode(poll, value.mv_data, value.mv_size, NULL) ||
        poll->slot_at != key_slot(key.mv_data))
        return EBADMSG;
    return 0;
}

static void drop_poll(struct planning *planning, const struct prune_poll *place,
                      const struct poll_record *poll)
{
    struct prune_plan *plan = planning->plan;
    int64_t last_at = poll->slot_at + (int64_t)(place->slots - 1) * poll->step_us;

    plan->polls[plan->poll_count++] = *place;
    if (!(poll->flags & (POLL_ONCE | POLL_UNPLANNED)) && last_at > plan->account_to_at)
        plan->account_to_at = last_at; /* a held one goes after some that came later */
}

/* A poll by --once may lie between others with a body of its own: the bodies of the polls around it
 * are still in use behind it. */
static int is_used_behind_once(const struct planning *planning, const struct poll_record *once,
                               int64_t body_slot_at, bool *is_used)
{
    struct poll_record poll = *once;
    MDB_cursor *cursor;
    uint8_t bytes[KEY_POLL_BYTES];
    MDB_val key = {sizeof bytes, bytes}, value;
    uint64_t ignored;
    int rc;

    *is_used = false;
    key_of_poll(planning->feed_id, once->slot_at, bytes);
    rc = mdb_cursor_open(planning->txn, planning->store->tables[TABLE_POLLS], &cursor);
    if (rc)
        return rc;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    for (unsigned i = 0; !rc && !*is_used && i < PRUNE_ONCE; i++) {
        if (is_answer(&poll) && !(poll.flags & (POLL_ONCE | POLL_UNPLANNED)))
            break;
        rc = read_poll(planning, cursor, MDB_NEXT, &poll, &ignored);
        *is_used = !rc && is_answer(&poll) && poll.body_slot_at == body_slot_at;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* A block of several bodies goes with its last. */
static int drop_body(struct planning *planning, int64_t slot_at)
{
    struct prune_plan *plan = planning->plan;
    struct pack_header header;
    uint8_t bytes[KEY_BODY_BYTES];
    MDB_val key = {sizeof bytes, bytes}, value;
    int rc;

    if (slot_at == AT_NONE)
        return 0;
    key_of_body(planning->feed_id, slot_at, 0, bytes);
    rc = mdb_cursor_get(planning->bodies, &key, &value, MDB_SET_KEY);
    if (rc)
        return rc == MDB_NOTFOUND ? 0 : rc;
    if (table_unseal(TABLE_BODIES, &key, &value, NULL) ||
        pack_read_header(value.mv_data, value.mv_size, &header, NULL))
        return EBADMSG;
    plan->bodies[plan->body_count++] = (struct prune_body){
        slot_at, header.parts, header.count,
        header.header_bytes + header.packed_bytes + header.parts * (uint64_t)KEY_BODY_BYTES};
    planning->body_bytes += header.packed_bytes;
    return 0;
}

static void inherit(struct text *mine, const struct text *before)
{
    if (!mine->length)
        *mine = *before;
}

/* The first that is left of those which point at a body stands for the poll that brought it, and
 * for what only that one said. */
static void make_heir(struct poll_record *poll, const struct poll_record *held)
{
    poll->outcome = OUTCOME_NEW;
    if (poll->body_slot_at != held->body_slot_at)
        return;
    inherit(&poll->content_type, &held->content_type);
    poll->flags |= held->flags & POLL_INVALID;
    if (poll->definition != held->definition || poll->url_hash != held->url_hash)
        return;
    inherit(&poll->etag, &held->etag);
    inherit(&poll->last_modified, &held->last_modified);
}

/* `next` is the answer behind the held one; NULL: there is none. */
static int settle_held(struct planning *planning, const struct poll_record *next)
{
    int64_t body_slot_at = planning->held.body_slot_at;
    bool is_used = next && next->body_slot_at == body_slot_at;
    int rc = 0;

    planning->has_held = false;
    if (next && !is_used && next->flags & (POLL_ONCE | POLL_UNPLANNED))
        rc = is_used_behind_once(planning, next, body_slot_at, &is_used);
    if (rc)
        return rc;
    drop_poll(planning, &planning->held_place, &planning->held);
    planning->plan->has_lost_body |= !next;
    return is_used ? 0 : drop_body(planning, body_slot_at);
}

static int hold(struct planning *planning, const struct poll_record *poll, uint64_t bytes)
{
    struct poll_record next = *poll;
    bool is_changed = planning->has_held && next.outcome == OUTCOME_SAME;
    int rc = 0;

    if (is_changed)
        make_heir(&next, &planning->held);
    if (planning->has_held)
        rc = settle_held(planning, poll);
    planning->has_held = true;
    planning->is_held_changed = is_changed;
    planning->held = next;
    planning->held_place = (struct prune_poll){poll->slot_at, 1, bytes};
    return rc;
}

static bool is_enough(const struct planning *planning)
{
    return planning->plan->poll_count + 1 >= PRUNE_POLLS || planning->body_bytes > PRUNE_BYTES ||
           (planning->plan->poll_count && clock_mono_ms() - planning->begun_ms > PRUNE_MS);
}

/* A poll, or a run, that goes: the whole of it, or of a run what lies before. */
static int pass(struct planning *planning, const struct poll_record *poll, uint64_t bytes)
{
    struct prune_plan *plan = planning->plan;
    struct prune_poll place = {poll->slot_at, poll->count, bytes};
    uint64_t slots;

    if (is_answer(poll))
        return hold(planning, poll, bytes);
    if (poll_record_last_slot(poll) >= planning->before_at) {
        slots = poll_record_slots_before(poll, planning->before_at);
        plan->has_rest = true;
        plan->rest = poll_record_piece(poll, slots, poll->count - slots);
        plan->oldest_at = plan->rest.slot_at;
        place.slots = slots;
    }
    drop_poll(planning, &place, poll);
    return 0;
}

/* A poll that stays. */
static int meet(struct planning *planning, const struct poll_record *poll)
{
    struct prune_plan *plan = planning->plan;
    int rc;

    if (plan->oldest_at == AT_NONE)
        plan->oldest_at = poll->slot_at;
    if (planning->has_held && !is_answer(poll)) {
        planning->is_over = ++planning->ahead >= PRUNE_AHEAD;
        return 0;
    }
    planning->is_over = true;
    if (!planning->has_held)
        return 0;
    if (poll->outcome == OUTCOME_SAME && poll->body_slot_at < planning->before_at) {
        plan->has_heir = true;
        plan->heir = *poll;
        make_heir(&plan->heir, &planning->held);
    }
    rc = settle_held(planning, poll);
    return rc;
}

static int walk(struct planning *planning)
{
    struct prune_plan *plan = planning->plan;
    struct poll_record poll;
    uint64_t bytes;
    int rc = read_poll(planning, planning->polls, MDB_SET_RANGE, &poll, &bytes);

    plan->is_done = true;
    while (!rc && !planning->is_over) {
        bool goes = poll.slot_at < planning->before_at;

        if (goes && is_enough(planning)) {
            plan->is_done = false;
            plan->oldest_at = poll.slot_at;
            break;
        }
        rc = goes ? pass(planning, &poll, bytes) : meet(planning, &poll);
        if (!rc && !planning->is_over)
            rc = read_poll(planning, planning->polls, MDB_NEXT, &poll, &bytes);
    }
    if (rc == MDB_NOTFOUND)
        return planning->has_held ? settle_held(planning, NULL) : 0;
    if (rc || !planning->has_held)
        return rc;
    /* It stays for now: the next answer is too far away. */
    plan->oldest_at = planning->held.slot_at;
    plan->has_heir = planning->is_held_changed;
    plan->heir = planning->held;
    return 0;
}

int prune_decide(struct store *store, MDB_txn *txn, uint32_t feed_id, int64_t before_at,
                 struct prune_plan *plan)
{
    struct planning planning = {.store = store,
                                .txn = txn,
                                .feed_id = feed_id,
                                .before_at = before_at,
                                .plan = plan,
                                .begun_ms = clock_mono_ms()};
    int rc;

    plan->poll_count = plan->body_count = 0;
    plan->has_rest = plan->has_heir = plan->is_done = plan->has_lost_body = false;
    plan->account_to_at = plan->oldest_at = AT_NONE;
    rc = mdb_cursor_open(txn, store->tables[TABLE_POLLS], &planning.polls);
    if (rc)
        return rc;
    rc = mdb_cursor_open(txn, store->tables[TABLE_BODIES], &planning.bodies);
    if (!rc) {
        rc = walk(&planning);
        mdb_cursor_close(planning.bodies);
    }
    mdb_cursor_close(planning.polls);
    return rc;
}
