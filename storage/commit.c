#include "storage/commit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "storage/body.h"
#include "storage/key.h"
#include "storage/pack.h"
#include "storage/poll_put.h"
#include "storage/record.h"
#include "storage/stored.h"
#include "storage/tables.h"
#include "storage/value.h"

enum { PACKED_KEPT_BYTES = 4 * 1024 * 1024 };
/* An I/O error with less than this left on the volume is taken for a full disk: LMDB says EIO for
 * a write that was cut short. */
enum { LITTLE_BYTES = 4 * 1024 * 1024 };

struct commit {
    struct store *store;
    struct packer *packer;
    struct buf value, packed;
    MDB_txn *txn; /* while a batch is written */
};

struct commit *commit_new(struct store *store)
{
    struct commit *commit = calloc(1, sizeof *commit);

    if (!commit)
        return NULL;
    commit->store = store;
    buf_init(&commit->value, VALUE_MAX);
    buf_init(&commit->packed, (size_t)PACK_RAW_MAX + PACK_PART_BYTES);
    commit->packer = packer_new();
    if (commit->packer)
        return commit;
    free(commit);
    return NULL;
}

void commit_free(struct commit *commit)
{
    if (!commit)
        return;
    packer_free(commit->packer);
    buf_release(&commit->value);
    buf_release(&commit->packed);
    free(commit);
}

static MDB_val value_of(const struct commit *commit)
{
    return (MDB_val){commit->value.length, commit->value.bytes};
}

/* EBADMSG: it is there and cannot be read. */
static int find_feed(struct commit *commit, uint32_t feed_id, struct stored_feed *feed)
{
    uint8_t bytes[KEY_FEED_BYTES];
    MDB_val key = {sizeof bytes, bytes}, value;
    int rc;

    key_of_feed(feed_id, bytes);
    rc = table_find(commit->store, commit->txn, TABLE_FEEDS, &key, &value);
    if (rc)
        return rc;
    return stored_feed_decode(feed, value.mv_data, value.mv_size) ? EBADMSG : 0;
}

static int put_feed(struct commit *commit, uint32_t feed_id, const struct stored_feed *feed,
                    unsigned flags)
{
    uint8_t bytes[KEY_FEED_BYTES];
    MDB_val key = {sizeof bytes, bytes}, value;

    buf_reset(&commit->value);
    if (stored_feed_encode(feed, &commit->value))
        return ENOMEM;
    key_of_feed(feed_id, bytes);
    value = value_of(commit);
    return table_put(commit->store, commit->txn, TABLE_FEEDS, &key, &value, flags);
}

/* A feed that is missing or cannot be read is verify's to report; its polls are kept all the same.
 */
static int note_first_slot(struct commit *commit, const struct record *record)
{
    struct stored_feed feed;
    int rc = find_feed(commit, record->feed_id, &feed);

    if (rc == MDB_NOTFOUND || rc == EBADMSG)
        return 0;
    if (rc || feed.first_slot_at != AT_NONE)
        return rc;
    feed.first_slot_at = record->poll.slot_at;
    return put_feed(commit, record->feed_id, &feed, 0);
}

static int put_parts(struct commit *commit, const struct record *record)
{
    size_t length = commit->packed.length;
    int rc = 0;

    for (size_t at = 0; !rc && at < length; at += PACK_PART_BYTES) {
        uint8_t bytes[KEY_BODY_BYTES];
        MDB_val key = {sizeof bytes, bytes};
        MDB_val value = {length - at < PACK_PART_BYTES ? length - at : PACK_PART_BYTES,
                         commit->packed.bytes + at};

        key_of_body(record->feed_id, record->poll.slot_at, (uint16_t)(at / PACK_PART_BYTES), bytes);
        rc = table_put(commit->store, commit->txn, TABLE_BODIES, &key, &value, MDB_NOOVERWRITE);
    }
    return rc;
}

static int put_body(struct commit *commit, const struct record *record)
{
    struct pack_entry entry = {record->poll.slot_at, record->body_length, record->poll.body_hash};
    struct err why = {0};
    int rc;

    if (packer_pack(commit->packer, &entry, 1, record->body, record->body_length, &commit->packed,
                    &why))
        rc = why.kind == ERR_MEMORY ? ENOMEM : EINVAL;
    else
        rc = put_parts(commit, record);
    if (commit->packed.capacity > PACKED_KEPT_BYTES) {
        buf_release(&commit->packed);
        buf_init(&commit->packed, (size_t)PACK_RAW_MAX + PACK_PART_BYTES);
    }
    return rc;
}

/* The answer is the same as one that was forgotten meanwhile. */
static void lose_body(struct record *record)
{
    struct poll_record *poll = &record->poll;

    record->has_lost_body = true;
    poll->body_slot_at = AT_NONE;
    if (record->body) {
        poll->outcome = OUTCOME_NEW;
    } else if (poll->status == 304) {
        poll->outcome = OUTCOME_FAILED;
        poll->detail = DETAIL_HTTP_STATUS;
        poll->has_hash = false;
        poll->body_bytes = 0;
    } else {
        struct poll_record missed;

        poll_record_init(&missed);
        missed.slot_at = poll->slot_at;
        missed.definition = poll->definition;
        missed.flags = poll->flags & ~(unsigned)POLL_INVALID;
        missed.outcome = OUTCOME_MISSED;
        missed.detail = DETAIL_BUSY;
        *poll = missed;
    }
}

/* A body that is damaged is there: verify's to tell. */
static bool has_body(const struct commit *commit, const struct record *record)
{
    struct body_source source = {.store = commit->store};
    const struct slot_key slot = {record->feed_id, record->poll.body_slot_at};
    struct pack_entry entry;

    return body_find(&source, commit->txn, &slot, &entry, NULL) != 0;
}

static int apply_poll(struct commit *commit, struct record *record)
{
    const struct poll_put put = {commit->store, commit->txn, &commit->value};
    struct poll_record *poll = &record->poll;
    bool was_put;
    int rc;

    if (poll->outcome == OUTCOME_SAME && poll->body_slot_at != AT_NONE && !has_body(commit, record))
        lose_body(record);
    if (poll->outcome == OUTCOME_NEW) {
        poll->body_slot_at = poll->slot_at;
        poll->body_bytes = record->body_length;
        if (!poll->has_hash)
            poll->body_hash = hash_of(record->body, record->body_length);
        poll->has_hash = true;
    }
    rc = poll_put(&put, record->feed_id, poll, &was_put);
    if (rc)
        return rc;
    record->was_refused = !was_put;
    if (!was_put)
        return 0;
    rc = note_first_slot(commit, record);
    return rc || poll->outcome != OUTCOME_NEW ? rc : put_body(commit, record);
}

static int apply_feed(struct commit *commit, struct record *record)
{
    struct stored_feed feed = {.created_at = record->at,
                               .first_slot_at = AT_NONE,
                               .opened_at = AT_NONE,
                               .closed_at = AT_NONE,
                               .forgotten_to_at = AT_NONE};
    size_t length = record->text ? strlen(record->text) : 0;
    uint8_t bytes[KEY_FEED_BYTES];
    MDB_val key = {length, record->text}, value = {sizeof bytes, bytes};
    int rc;

    if (length == 0 || length >= sizeof feed.name)
        return EINVAL;
    memcpy(feed.name, record->text, length + 1);
    key_of_feed(record->feed_id, bytes);
    rc = put_feed(commit, record->feed_id, &feed, MDB_NOOVERWRITE);
    if (!rc)
        rc = table_put(commit->store, commit->txn, TABLE_NAMES, &key, &value, MDB_NOOVERWRITE);
    return rc;
}

static int apply_definition(struct commit *commit, struct record *record)
{
    const char *text = record->text ? record->text : "";
    struct stored_definition definition = {record->number, record->at, record->url_epoch, text,
                                           strlen(text)};
    struct stored_feed feed;
    uint8_t bytes[KEY_NUMBER_BYTES];
    MDB_val key = {sizeof bytes, bytes}, value;
    int rc = find_feed(commit, record->feed_id, &feed);

    if (rc)
        return rc;
    if (record->number == 0 || definition.json_length > STORED_TEXT_MAX)
        return EINVAL;
    buf_reset(&commit->value);
    if (stored_definition_encode(&definition, &commit->value))
        return ENOMEM;
    key_of_number(record->feed_id, record->number, bytes);
    value = value_of(commit);
    rc = table_put(commit->store, commit->txn, TABLE_DEFINITIONS, &key, &value, MDB_NOOVERWRITE);
    if (rc || record->number <= feed.last_definition)
        return rc;
    feed.last_definition = record->number;
    return put_feed(commit, record->feed_id, &feed, 0);
}

static int apply_shape(struct commit *commit, struct record *record)
{
    struct stored_shape shape = {record->format, record->text != NULL, record->text};
    uint8_t bytes[KEY_NUMBER_BYTES];
    MDB_val key = {sizeof bytes, bytes}, value;

    if (shape.path && strlen(shape.path) > STORED_TEXT_MAX)
        return EINVAL;
    buf_reset(&commit->value);
    if (stored_shape_encode(&shape, &commit->value))
        return ENOMEM;
    key_of_number(record->feed_id, record->url_epoch, bytes);
    value = value_of(commit);
    return table_put(commit->store, commit->txn, TABLE_SHAPES, &key, &value, 0);
}

static int apply_account(struct commit *commit, struct record *record)
{
    struct stored_feed feed;
    int rc = find_feed(commit, record->feed_id, &feed);

    if (rc)
        return rc;
    feed.is_open = record->kind == RECORD_OPEN;
    if (feed.is_open)
        feed.opened_at = record->at;
    else
        feed.closed_at = record->at;
    return put_feed(commit, record->feed_id, &feed, 0);
}

static int apply_run(struct commit *commit, struct record *record)
{
    struct stored_run run = {.alive_at = record->alive_at, .ended_at = record->ended_at};
    size_t length = record->text ? strlen(record->text) : 0;
    uint8_t bytes[KEY_TIME_BYTES];
    MDB_val key = {sizeof bytes, bytes}, value;

    if (length >= sizeof run.version)
        length = sizeof run.version - 1;
    if (length)
        memcpy(run.version, record->text, length);
    buf_reset(&commit->value);
    if (stored_run_encode(&run, &commit->value))
        return ENOMEM;
    key_of_time(record->at, bytes);
    value = value_of(commit);
    return table_put(commit->store, commit->txn, TABLE_RUNS, &key, &value, 0);
}

static int apply_note(struct commit *commit, const struct record *record)
{
    char name[STORE_NOTE_KEY_MAX];
    MDB_val key = {0, name}, value = {0, record->text};
    int rc;

    if (!record->name || store_note_key(record->name, name))
        return EINVAL;
    key.mv_size = strlen(name);
    if (!record->text) {
        rc = mdb_del(commit->txn, commit->store->tables[TABLE_META], &key, NULL);
        return rc == MDB_NOTFOUND ? 0 : rc;
    }
    value.mv_size = strlen(record->text);
    if (value.mv_size > NOTE_TEXT_MAX)
        return EINVAL;
    return table_put(commit->store, commit->txn, TABLE_META, &key, &value, 0);
}

static int apply(struct commit *commit, struct record *record)
{
    record->was_refused = false;
    switch (record->kind) {
    case RECORD_POLL:
        return apply_poll(commit, record);
    case RECORD_FEED:
        return apply_feed(commit, record);
    case RECORD_DEFINITION:
        return apply_definition(commit, record);
    case RECORD_SHAPE:
        return apply_shape(commit, record);
    case RECORD_OPEN:
    case RECORD_CLOSE:
        return apply_account(commit, record);
    case RECORD_RUN:
        return apply_run(commit, record);
    case RECORD_NOTE:
        return apply_note(commit, record);
    case RECORD_FORGET: /* goes by transactions of its own */
        break;
    }
    return EINVAL;
}

struct applying {
    struct commit *commit;
    const struct list *batch;
};

static int apply_batch(void *cookie, MDB_txn *txn)
{
    struct applying *applying = cookie;
    int rc = 0;

    applying->commit->txn = txn;
    for (struct list_link *link = applying->batch->head; !rc && link; link = link->next)
        rc = apply(applying->commit, (struct record *)link);
    return rc;
}

int commit_batch(struct commit *commit, const struct list *batch)
{
    struct applying applying = {commit, batch};

    return store_change(commit->store, apply_batch, &applying);
}

static bool has_little_space(const struct store *store, size_t batch_bytes)
{
    int64_t free_bytes = store_free_bytes(store);

    return free_bytes >= 0 && (uint64_t)free_bytes < (uint64_t)LITTLE_BYTES + 2 * batch_bytes;
}

enum commit_result commit_judge(const struct store *store, int rc, size_t batch_bytes)
{
    switch (rc) {
    case 0:
        return COMMIT_DONE;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return COMMIT_NO_SPACE;
    case EIO:
        return has_little_space(store, batch_bytes) ? COMMIT_NO_SPACE : COMMIT_BROKEN;
    case ENOMEM:
    case EAGAIN:
        return COMMIT_LATER;
    case EINVAL:
    case EBADMSG:
    case MDB_BAD_VALSIZE:
    case MDB_KEYEXIST:
    case MDB_NOTFOUND:
    case MDB_TXN_FULL:
        return COMMIT_ONE_RECORDS;
    default:
        return COMMIT_BROKEN;
    }
}
