#include "storage/poll_record.h"

#include <string.h>

#include "storage/bytes.h"

/* On disk: version, which fields follow, the slot, the small numbers every poll has, then those
 * fields in the order of their bits. Instants are kept as distances from the slot: they are near.
 */
enum { RECORD_VERSION = 1 };
enum field {
    FIELD_RUN = 1 << 0,
    FIELD_STARTED = 1 << 1,
    FIELD_ANSWERED = 1 << 2,
    FIELD_ENDED = 1 << 3,
    FIELD_HTTP = 1 << 4, /* status, attempts, wire_bytes, body_bytes */
    FIELD_BODY_SLOT = 1 << 5,
    FIELD_HASH = 1 << 6,
    FIELD_RETRY_AFTER = 1 << 7,
    FIELD_URL_HASH = 1 << 8,
    FIELD_FIRST_TEXT = 1 << 9 /* … and one bit for each of the texts */
};
enum { TEXT_COUNT = 6, FIELDS_ALL = (1 << (9 + TEXT_COUNT)) - 1 };
enum { FLAGS_ALL = POLL_INVALID | POLL_ONCE | POLL_UNPLANNED };

const char *outcome_name(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_NEW:
        return "new";
    case OUTCOME_SAME:
        return "same";
    case OUTCOME_FAILED:
        return "failed";
    case OUTCOME_MISSED:
        return "missed";
    }
    return "";
}

const char *poll_detail_name(enum poll_detail detail)
{
    switch (detail) {
#define POLL_DETAIL_NAME(name, number, text)                                                       \
    case DETAIL_##name:                                                                            \
        return text;
        POLL_DETAILS(POLL_DETAIL_NAME)
#undef POLL_DETAIL_NAME
    }
    return "";
}

static bool detail_is_known(uint32_t number)
{
    return number == DETAIL_NONE || poll_detail_name((enum poll_detail)number)[0] != '\0';
}

void poll_record_init(struct poll_record *record)
{
    memset(record, 0, sizeof *record);
    record->count = 1;
    record->started_at = AT_NONE;
    record->answered_at = AT_NONE;
    record->ended_at = AT_NONE;
    record->body_slot_at = AT_NONE;
    record->retry_after_at = AT_NONE;
}

bool poll_record_is_sound(const struct poll_record *record)
{
    int64_t span;

    if (record->slot_at == AT_NONE || record->slot_at == AT_NEVER || record->count == 0)
        return false;
    if (record->count == 1)
        return record->step_us == 0;
    if (record->outcome != OUTCOME_MISSED || record->step_us <= 0 || record->count > INT64_MAX)
        return false;
    if (__builtin_mul_overflow((int64_t)(record->count - 1), record->step_us, &span) ||
        __builtin_add_overflow(record->slot_at, span, &span))
        return false;
    return span != AT_NEVER;
}

int64_t poll_record_last_slot(const struct poll_record *record)
{
    if (record->count <= 1)
        return record->slot_at;
    return record->slot_at + (int64_t)(record->count - 1) * record->step_us;
}

static struct text *text_of(struct poll_record *record, unsigned index)
{
    struct text *const texts[TEXT_COUNT] = {
        &record->etag,        &record->last_modified,  &record->content_type,
        &record->server_date, &record->remote_address, &record->error_body,
    };

    return texts[index];
}

static struct text cut_text(const struct poll_record *record, unsigned index)
{
    struct poll_record copy = *record;
    struct text text = *text_of(&copy, index);

    if (text.length > POLL_TEXT_MAX)
        text.length = POLL_TEXT_MAX;
    return text;
}

static unsigned fields_of(const struct poll_record *record)
{
    unsigned fields = 0;

    fields |= record->count != 1 || record->step_us ? FIELD_RUN : 0;
    fields |= record->started_at != AT_NONE ? FIELD_STARTED : 0;
    fields |= record->answered_at != AT_NONE ? FIELD_ANSWERED : 0;
    fields |= record->ended_at != AT_NONE ? FIELD_ENDED : 0;
    if (record->status || record->attempts || record->wire_bytes || record->body_bytes)
        fields |= FIELD_HTTP;
    fields |= record->body_slot_at != AT_NONE ? FIELD_BODY_SLOT : 0;
    fields |= record->has_hash ? FIELD_HASH : 0;
    fields |= record->retry_after_at != AT_NONE ? FIELD_RETRY_AFTER : 0;
    fields |= record->url_hash ? FIELD_URL_HASH : 0;
    for (unsigned i = 0; i < TEXT_COUNT; i++)
        fields |= cut_text(record, i).length ? (unsigned)FIELD_FIRST_TEXT << i : 0;
    return fields;
}

/* Distances wrap around, so that every instant has one and comes back as it was. */
static int put_instant(struct buf *out, const struct poll_record *record, int64_t at)
{
    return bytes_put_signed(out, (int64_t)((uint64_t)at - (uint64_t)record->slot_at));
}

static int64_t get_instant(struct bytes_in *in, const struct poll_record *record)
{
    return (int64_t)((uint64_t)bytes_signed(in) + (uint64_t)record->slot_at);
}

static int put_texts(const struct poll_record *record, unsigned fields, struct buf *out)
{
    for (unsigned i = 0; i < TEXT_COUNT; i++) {
        struct text text = cut_text(record, i);

        if (fields & (unsigned)FIELD_FIRST_TEXT << i &&
            bytes_put_text(out, text.bytes, text.length))
            return -1;
    }
    return 0;
}

static int put_http(const struct poll_record *record, struct buf *out)
{
    return bytes_put_number(out, record->status) || bytes_put_number(out, record->attempts) ||
           bytes_put_number(out, record->wire_bytes) || bytes_put_number(out, record->body_bytes);
}

static int put_url_hash(const struct poll_record *record, struct buf *out)
{
    uint8_t bytes[8];

    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(record->url_hash >> (56 - 8 * i));
    return buf_append(out, bytes, sizeof bytes);
}

static int put_fields(const struct poll_record *record, unsigned fields, struct buf *out)
{
    if (fields & FIELD_RUN &&
        (bytes_put_number(out, record->count) || bytes_put_signed(out, record->step_us)))
        return -1;
    if (fields & FIELD_STARTED && put_instant(out, record, record->started_at))
        return -1;
    if (fields & FIELD_ANSWERED && put_instant(out, record, record->answered_at))
        return -1;
    if (fields & FIELD_ENDED && put_instant(out, record, record->ended_at))
        return -1;
    if (fields & FIELD_HTTP && put_http(record, out))
        return -1;
    if (fields & FIELD_BODY_SLOT && put_instant(out, record, record->body_slot_at))
        return -1;
    if (fields & FIELD_HASH &&
        buf_append(out, record->body_hash.bytes, sizeof record->body_hash.bytes))
        return -1;
    if (fields & FIELD_RETRY_AFTER && put_instant(out, record, record->retry_after_at))
        return -1;
    if (fields & FIELD_URL_HASH && put_url_hash(record, out))
        return -1;
    return put_texts(record, fields, out);
}

int poll_record_encode(const struct poll_record *record, struct buf *out)
{
    unsigned fields = fields_of(record);
    size_t length = out->length;

    if (!bytes_put_number(out, RECORD_VERSION) && !bytes_put_number(out, fields) &&
        !bytes_put_signed(out, record->slot_at) && !bytes_put_number(out, record->outcome) &&
        !bytes_put_number(out, record->detail) && !bytes_put_number(out, record->flags) &&
        !bytes_put_number(out, record->definition) && !put_fields(record, fields, out))
        return 0;
    out->length = length;
    return -1;
}

static uint64_t get_url_hash(struct bytes_in *in)
{
    const uint8_t *bytes = bytes_raw(in, 8);
    uint64_t number = 0;

    for (unsigned i = 0; bytes && i < 8; i++)
        number = number << 8 | bytes[i];
    return number;
}

static void get_fields(struct poll_record *record, unsigned fields, struct bytes_in *in)
{
    if (fields & FIELD_RUN) {
        record->count = bytes_number(in);
        record->step_us = bytes_signed(in);
    }
    if (fields & FIELD_STARTED)
        record->started_at = get_instant(in, record);
    if (fields & FIELD_ANSWERED)
        record->answered_at = get_instant(in, record);
    if (fields & FIELD_ENDED)
        record->ended_at = get_instant(in, record);
    if (fields & FIELD_HTTP) {
        record->status = bytes_number_up_to(in, UINT32_MAX);
        record->attempts = bytes_number_up_to(in, UINT32_MAX);
        record->wire_bytes = bytes_number(in);
        record->body_bytes = bytes_number(in);
    }
    if (fields & FIELD_BODY_SLOT)
        record->body_slot_at = get_instant(in, record);
    if (fields & FIELD_HASH) {
        const void *bytes = bytes_raw(in, sizeof record->body_hash.bytes);

        record->has_hash = bytes != NULL;
        if (bytes)
            memcpy(record->body_hash.bytes, bytes, sizeof record->body_hash.bytes);
    }
    if (fields & FIELD_RETRY_AFTER)
        record->retry_after_at = get_instant(in, record);
    if (fields & FIELD_URL_HASH)
        record->url_hash = get_url_hash(in);
    for (unsigned i = 0; i < TEXT_COUNT; i++) {
        struct text *text = text_of(record, i);
        size_t length = 0;

        if (fields & (unsigned)FIELD_FIRST_TEXT << i)
            text->bytes = bytes_text(in, POLL_TEXT_MAX, &length);
        text->length = (uint32_t)length;
    }
}

int poll_record_decode(struct poll_record *record, const void *bytes, size_t length,
                       struct err *err)
{
    struct bytes_in in;
    uint32_t fields, detail;

    poll_record_init(record);
    bytes_in_init(&in, bytes, length);
    if (bytes_number(&in) != RECORD_VERSION)
        return err_set(err, ERR_DAMAGED, "a poll of unknown form");
    fields = bytes_number_up_to(&in, FIELDS_ALL);
    record->slot_at = bytes_signed(&in);
    record->outcome = (enum outcome)bytes_number_up_to(&in, OUTCOME_MISSED);
    detail = bytes_number_up_to(&in, UINT8_MAX);
    record->detail = (enum poll_detail)detail;
    record->flags = bytes_number_up_to(&in, FLAGS_ALL);
    record->definition = bytes_number_up_to(&in, UINT32_MAX);
    get_fields(record, fields, &in);
    if (!bytes_are_done(&in) || !detail_is_known(detail) || !poll_record_is_sound(record))
        return err_set(err, ERR_DAMAGED, "a poll that cannot be what was written");
    return 0;
}

struct poll_record poll_record_piece(const struct poll_record *run, uint64_t first, uint64_t count)
{
    struct poll_record piece = *run;

    piece.slot_at += (int64_t)first * run->step_us;
    piece.count = count;
    if (count == 1)
        piece.step_us = 0;
    return piece;
}

uint64_t poll_record_slots_before(const struct poll_record *poll, int64_t at)
{
    uint64_t whole;

    if (at <= poll->slot_at)
        return 0;
    if (poll->step_us <= 0)
        return 1;
    whole = ((uint64_t)at - (uint64_t)poll->slot_at - 1) / (uint64_t)poll->step_us + 1;
    return whole < poll->count ? whole : poll->count;
}
