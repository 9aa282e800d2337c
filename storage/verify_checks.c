#include "storage/verify_checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "storage/stored.h"

void verify_fault(struct verify *verify, enum table table, const MDB_val *key, const char *format,
                  ...)
{
    char place[TABLE_PLACE_MAX], text[FAULT_TEXT_MAX];
    va_list arguments;
    int length;

    table_place(table, key, place);
    length = snprintf(text, sizeof text, "%s: ", place);
    va_start(arguments, format);
    (void)vsnprintf(text + length, sizeof text - (size_t)length, format, arguments);
    va_end(arguments);
    verify->counts->faults++;
    verify->on_fault(verify->cookie, text);
}

void verify_fault_plain(struct verify *verify, const char *text)
{
    verify->counts->faults++;
    verify->on_fault(verify->cookie, text);
}

/* 1: it is there and sound; 0: it is not there; -1: it is damaged (told when its own table is
 * read). */
static int look_up(struct verify *verify, enum table table, const void *key, size_t length,
                   MDB_val *value)
{
    MDB_val sought = {length, (void *)key};

    return table_get(verify->store, verify->walk.txn, table, &sought, value, NULL);
}

static bool has_feed(struct verify *verify, uint32_t feed_id)
{
    uint8_t key[KEY_FEED_BYTES];
    MDB_val value;

    if (verify->feed.is_known && verify->feed.feed_id == feed_id)
        return verify->feed.exists;
    key_of_feed(feed_id, key);
    verify->feed = (struct lookup){.is_known = true, .feed_id = feed_id};
    verify->feed.exists = look_up(verify, TABLE_FEEDS, key, sizeof key, &value) != 0;
    return verify->feed.exists;
}

static bool has_definition(struct verify *verify, uint32_t feed_id, uint32_t number)
{
    uint8_t key[KEY_NUMBER_BYTES];
    MDB_val value;

    if (number == 0 || (verify->definition.is_known && verify->definition.feed_id == feed_id &&
                        verify->definition.number == number))
        return number == 0 || verify->definition.exists;
    key_of_number(feed_id, number, key);
    verify->definition = (struct lookup){.is_known = true, .feed_id = feed_id, .number = number};
    verify->definition.exists = look_up(verify, TABLE_DEFINITIONS, key, sizeof key, &value) != 0;
    return verify->definition.exists;
}

static void check_meta(struct verify *verify, const MDB_val *key, const MDB_val *value)
{
    bool is_note = key->mv_size > strlen(STORE_NOTE_PREFIX) &&
                   memcmp(key->mv_data, STORE_NOTE_PREFIX, strlen(STORE_NOTE_PREFIX)) == 0;

    if (is_note ? value->mv_size > NOTE_TEXT_MAX : value->mv_size != 8)
        verify_fault(verify, TABLE_META, key, "cannot be what was written");
}

static void check_feed(struct verify *verify, const MDB_val *key, const MDB_val *value)
{
    struct stored_feed feed;
    MDB_val id;
    uint32_t feed_id = key_feed(key->mv_data);

    if (stored_feed_decode(&feed, value->mv_data, value->mv_size)) {
        verify_fault(verify, TABLE_FEEDS, key, "cannot be what was written");
        return;
    }
    if (look_up(verify, TABLE_NAMES, feed.name, strlen(feed.name), &id) == 0)
        verify_fault(verify, TABLE_FEEDS, key, "its name \"%s\" is missing in names", feed.name);
    if (!has_definition(verify, feed_id, feed.last_definition))
        verify_fault(verify, TABLE_FEEDS, key, "its definition %u is missing",
                     feed.last_definition);
}

static void check_name(struct verify *verify, const MDB_val *key, const MDB_val *value)
{
    struct stored_feed feed;
    MDB_val bytes;
    int found;

    if (value->mv_size != KEY_FEED_BYTES) {
        verify_fault(verify, TABLE_NAMES, key, "cannot be what was written");
        return;
    }
    found = look_up(verify, TABLE_FEEDS, value->mv_data, value->mv_size, &bytes);
    if (found == 0)
        verify_fault(verify, TABLE_NAMES, key, "feed %u is missing", key_feed(value->mv_data));
    if (found > 0 && !stored_feed_decode(&feed, bytes.mv_data, bytes.mv_size) &&
        (strlen(feed.name) != key->mv_size || memcmp(feed.name, key->mv_data, key->mv_size) != 0))
        verify_fault(verify, TABLE_NAMES, key, "feed %u has the name \"%s\"",
                     key_feed(value->mv_data), feed.name);
}

static void check_definition(struct verify *verify, const MDB_val *key, const MDB_val *value)
{
    struct stored_definition definition;
    uint32_t feed_id = key_feed(key->mv_data);

    if (stored_definition_decode(&definition, value->mv_data, value->mv_size) ||
        definition.url_epoch > key_number(key->mv_data) || key_number(key->mv_data) == 0)
        verify_fault(verify, TABLE_DEFINITIONS, key, "cannot be what was written");
    if (!has_feed(verify, feed_id))
        verify_fault(verify, TABLE_DEFINITIONS, key, "there is no such feed");
}

static void check_shape(struct verify *verify, const MDB_val *key, const MDB_val *value)
{
    struct stored_shape shape;
    size_t length;

    if (stored_shape_decode(&shape, &length, value->mv_data, value->mv_size))
        verify_fault(verify, TABLE_SHAPES, key, "cannot be what was written");
    if (!has_feed(verify, key_feed(key->mv_data)))
        verify_fault(verify, TABLE_SHAPES, key, "there is no such feed");
}

static void check_run(struct verify *verify, const MDB_val *key, const MDB_val *value)
{
    struct stored_run run;

    if (stored_run_decode(&run, value->mv_data, value->mv_size))
        verify_fault(verify, TABLE_RUNS, key, "cannot be what was written");
}

static const struct lookup *kept_body(struct verify *verify, uint32_t feed_id, int64_t slot_at)
{
    const struct slot_key slot = {feed_id, slot_at};
    struct pack_entry entry;
    int found;

    if (verify->kept.is_known && verify->kept.feed_id == feed_id && verify->kept.slot_at == slot_at)
        return &verify->kept;
    found = body_find(&verify->bodies, verify->walk.txn, &slot, &entry, NULL);
    verify->kept = (struct lookup){
        .is_known = true, .exists = found != 0, .feed_id = feed_id, .slot_at = slot_at};
    if (found > 0) {
        verify->kept.hash = entry.hash;
        verify->kept.raw_bytes = entry.raw_bytes;
    } else {
        verify->kept.is_known = false; /* damaged ones are told when bodies are read */
    }
    return &verify->kept;
}

static void check_body_of(struct verify *verify, const MDB_val *key, const struct poll_record *poll)
{
    bool is_answered = poll->outcome == OUTCOME_NEW || poll->outcome == OUTCOME_SAME;
    const struct lookup *kept;

    if (!is_answered) {
        if (poll->body_slot_at != AT_NONE)
            verify_fault(verify, TABLE_POLLS, key, "a %s poll points at a body",
                         outcome_name(poll->outcome));
        return;
    }
    if (poll->body_slot_at == AT_NONE || !poll->has_hash) {
        verify_fault(verify, TABLE_POLLS, key, "a poll with an answer and no body");
        return;
    }
    kept = kept_body(verify, key_feed(key->mv_data), poll->body_slot_at);
    if (!kept->exists)
        verify_fault(verify, TABLE_POLLS, key, "its body is missing");
    if (kept->is_known && !hash_equal(&kept->hash, &poll->body_hash))
        verify_fault(verify, TABLE_POLLS, key, "its body has another hash");
    if (kept->is_known && poll->outcome == OUTCOME_NEW && kept->raw_bytes != poll->body_bytes)
        verify_fault(verify, TABLE_POLLS, key, "its body has %llu bytes, not %llu",
                     (unsigned long long)kept->raw_bytes, (unsigned long long)poll->body_bytes);
}

static void check_poll(struct verify *verify, const MDB_val *key, const MDB_val *value)
{
    struct poll_record poll;
    uint32_t feed_id = key_feed(key->mv_data);

    if (poll_record_decode(&poll, value->mv_data, value->mv_size, NULL) ||
        poll.slot_at != key_slot(key->mv_data)) {
        verify_fault(verify, TABLE_POLLS, key, "cannot be what was written");
        return;
    }
    verify->counts->polls += poll.count;
    if (verify->last_poll_feed == feed_id && verify->last_poll.count &&
        poll_record_last_slot(&verify->last_poll) >= poll.slot_at)
        verify_fault(verify, TABLE_POLLS, key, "the run before it reaches over it");
    verify->last_poll = poll;
    verify->last_poll_feed = feed_id;
    if (!has_feed(verify, feed_id))
        verify_fault(verify, TABLE_POLLS, key, "there is no such feed");
    if (!has_definition(verify, feed_id, poll.definition))
        verify_fault(verify, TABLE_POLLS, key, "its definition %u is missing", poll.definition);
    check_body_of(verify, key, &poll);
}

/* Usually the poll of the body's own slot; if that one was forgotten, one of those that follow,
 * whose bodies are never older than those of the polls before them: but for polls by --once, which
 * may lie anywhere. */
static bool is_referenced(struct verify *verify, uint32_t feed_id, int64_t slot_at)
{
    uint8_t bytes[KEY_POLL_BYTES];
    MDB_val key = {sizeof bytes, bytes}, value;
    MDB_cursor *cursor;
    struct poll_record poll;
    bool is_found = false;
    int rc;

    key_of_poll(feed_id, slot_at, bytes);
    if (mdb_cursor_open(verify->walk.txn, verify->store->tables[TABLE_POLLS], &cursor))
        return true;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (!rc && !is_found && key.mv_size == KEY_POLL_BYTES && key_feed(key.mv_data) == feed_id) {
        if (!table_unseal(TABLE_POLLS, &key, &value, NULL) &&
            !poll_record_decode(&poll, value.mv_data, value.mv_size, NULL)) {
            is_found = poll.body_slot_at == slot_at;
            if (poll.body_slot_at > slot_at && !(poll.flags & (POLL_ONCE | POLL_UNPLANNED)))
                break;
        } else {
            is_found = true; /* a damaged poll: who knows */
        }
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return is_found;
}

/* true: a poll points at it. */
static bool check_entry(struct verify *verify, const MDB_val *key, const struct pack_entry *entry)
{
    const struct slot_key slot = {key_feed(key->mv_data), entry->slot_at};
    struct err why = {0};

    if (body_read(&verify->bodies, verify->walk.txn, &slot, &verify->body, &why))
        verify_fault_plain(verify, why.text);
    verify->counts->bodies++;
    verify->counts->raw_bytes += entry->raw_bytes;
    return is_referenced(verify, slot.feed_id, slot.slot_at);
}

static void check_part(struct verify *verify, const MDB_val *key)
{
    uint8_t expected[KEY_BODY_BYTES];
    unsigned part = key_part(key->mv_data);

    memcpy(expected, verify->block_key, sizeof expected);
    if (memcmp(key->mv_data, expected, KEY_POLL_BYTES) != 0 || part >= verify->block_parts)
        verify_fault(verify, TABLE_BODIES, key, "a part without its block");
}

static void check_block(struct verify *verify, const MDB_val *key, const MDB_val *value)
{
    struct pack_header header;
    struct pack_entry entry = {0};
    int64_t last_at = AT_NONE;
    bool is_used = false;

    if (key_part(key->mv_data)) {
        check_part(verify, key);
        return;
    }
    verify->block_parts = 0;
    memcpy(verify->block_key, key->mv_data, KEY_BODY_BYTES);
    if (pack_read_header(value->mv_data, value->mv_size, &header, NULL)) {
        verify_fault(verify, TABLE_BODIES, key, "cannot be what was written");
        return;
    }
    verify->block_parts = header.parts;
    for (uint32_t i = 0; i < header.count; i++) {
        if (pack_read_entry(value->mv_data, value->mv_size, i, &entry, NULL) ||
            entry.slot_at <= last_at) {
            verify_fault(verify, TABLE_BODIES, key, "its bodies are not in order");
            return;
        }
        last_at = entry.slot_at;
        is_used |= check_entry(verify, key, &entry);
    }
    if (!is_used) /* a block of several goes when its last body does */
        verify_fault(verify, TABLE_BODIES, key, "no poll points at it");
    if (last_at != key_slot(key->mv_data))
        verify_fault(verify, TABLE_BODIES, key, "its last body is of another slot");
}

const struct verify_check verify_checks[TABLE_COUNT] = {
    {TABLE_META, 0, check_meta},
    {TABLE_FEEDS, KEY_FEED_BYTES, check_feed},
    {TABLE_NAMES, 0, check_name},
    {TABLE_DEFINITIONS, KEY_NUMBER_BYTES, check_definition},
    {TABLE_SHAPES, KEY_NUMBER_BYTES, check_shape},
    {TABLE_POLLS, KEY_POLL_BYTES, check_poll},
    {TABLE_BODIES, KEY_BODY_BYTES, check_block},
    {TABLE_RUNS, KEY_NUMBER_BYTES, check_run},
};
