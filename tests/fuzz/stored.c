/* Stored bytes: what a damaged store may hold. The first byte says what the rest is: r a poll,
 * b a block of bodies, p bodies to pack, f a feed, d a definition, s a shape, u a run. */
#include <stdlib.h>
#include <string.h>

#include "storage/pack.h"
#include "storage/poll_record.h"
#include "storage/stored.h"
#include "tests/fuzz/input.h"

enum { TEXT_MAX = 1 << 20, BODY_MAX = 1 << 20, BODIES_MAX = 16, BODY_STEP = 50 };

/* Written again and read again, the text is the same: numbers have other forms only in input. */
static void read_poll(const char *bytes, size_t length)
{
    struct err err = {.kind = ERR_NONE};
    struct poll_record record, again;
    struct buf text, second;

    if (poll_record_decode(&record, bytes, length, &err)) {
        must(err.kind == ERR_DAMAGED);
        return;
    }
    must(poll_record_is_sound(&record));
    must(poll_record_last_slot(&record) >= record.slot_at);
    must(outcome_name(record.outcome)[0]);
    buf_init(&text, TEXT_MAX);
    buf_init(&second, TEXT_MAX);
    must(poll_record_encode(&record, &text) == 0);
    must(poll_record_decode(&again, text.bytes, text.length, &err) == 0);
    must(poll_record_encode(&again, &second) == 0);
    must(text.length == second.length && memcmp(text.bytes, second.bytes, text.length) == 0);
    must(again.slot_at == record.slot_at && again.count == record.count);
    must(again.body_slot_at == record.body_slot_at && again.ended_at == record.ended_at);
    buf_release(&text);
    buf_release(&second);
}

static void read_block(struct packer *packer, const char *bytes, size_t length)
{
    struct pack_header header;
    struct pack_entry entry;
    struct err err = {.kind = ERR_NONE};
    struct buf body;

    if (pack_read_header(bytes, length, &header, &err)) {
        must(err.kind == ERR_DAMAGED);
        return;
    }
    must(header.header_bytes <= length);
    must(pack_read_entry(bytes, length, header.count - 1, &entry, &err) == 0);
    if (header.raw_bytes > BODY_MAX)
        return;
    buf_init(&body, BODY_MAX);
    if (packer_unpack(packer, bytes, length, entry.slot_at, &body, &err)) {
        must(err.kind == ERR_DAMAGED || err.kind == ERR_ABSENT);
    } else {
        struct hash hash = hash_of(body.bytes, body.length);

        must(hash_equal(&hash, &entry.hash));
    }
    buf_release(&body);
}

/* A block comes back body by body; with one byte of it changed it comes back, or does not. */
static void check_packed(struct packer *packer, struct buf *block, const struct pack_entry *entries,
                         size_t count, const char *raw)
{
    struct err err = {.kind = ERR_NONE};
    size_t changed = (size_t)(entries[0].slot_at + (int64_t)count) % block->length;
    struct buf body;

    buf_init(&body, BODY_MAX);
    for (size_t i = 0; i < count; i++) {
        size_t length = (size_t)entries[i].raw_bytes;

        must(packer_unpack(packer, block->bytes, block->length, entries[i].slot_at, &body, &err) ==
             0);
        must(body.length == length && (!length || memcmp(body.bytes, raw, length) == 0));
        raw += length;
    }
    block->bytes[changed] ^= 0x10;
    read_block(packer, block->bytes, block->length);
    buf_release(&body);
}

/* Every body is BODY_STEP bytes long, but for the last. */
static void pack_bodies(struct packer *packer, const char *raw, size_t length)
{
    struct pack_entry entries[BODIES_MAX];
    struct err err = {.kind = ERR_NONE};
    size_t count = 0, at = 0;
    struct buf block;

    do {
        size_t left = length - at,
               bytes = count + 1 == BODIES_MAX || left < BODY_STEP ? left : (size_t)BODY_STEP;

        entries[count] = (struct pack_entry){.slot_at = (int64_t)(7 * (length + count)),
                                             .raw_bytes = bytes,
                                             .hash = hash_of(raw + at, bytes)};
        count++;
        at += bytes;
    } while (at < length);
    buf_init(&block, 2 * BODY_MAX);
    must(packer_pack(packer, entries, count, raw, length, &block, &err) == 0);
    check_packed(packer, &block, entries, count, raw);
    buf_release(&block);
}

static void rewrite_feed(const char *bytes, size_t length, struct buf *text)
{
    struct stored_feed feed, again;

    if (stored_feed_decode(&feed, bytes, length))
        return;
    must(stored_feed_encode(&feed, text) == 0);
    must(stored_feed_decode(&again, text->bytes, text->length) == 0);
    must(memcmp(&feed, &again, sizeof feed) == 0);
}

static void rewrite_definition(const char *bytes, size_t length, struct buf *text)
{
    struct stored_definition definition, again;

    if (stored_definition_decode(&definition, bytes, length))
        return;
    must(stored_definition_encode(&definition, text) == 0);
    must(stored_definition_decode(&again, text->bytes, text->length) == 0);
    must(definition.from_at == again.from_at && definition.url_epoch == again.url_epoch);
    must(definition.json_length == again.json_length);
    must(memcmp(definition.json, again.json, again.json_length) == 0);
}

static void rewrite_run(const char *bytes, size_t length, struct buf *text)
{
    struct stored_run run, again;

    if (stored_run_decode(&run, bytes, length))
        return;
    must(stored_run_encode(&run, text) == 0);
    must(stored_run_decode(&again, text->bytes, text->length) == 0);
    must(memcmp(&run, &again, sizeof run) == 0);
}

static void read_shape(const char *bytes, size_t length)
{
    struct stored_shape shape;
    size_t path_length;

    if (stored_shape_decode(&shape, &path_length, bytes, length))
        return;
    must(path_length <= length && (shape.path || !path_length));
}

static void read_other(unsigned char what, const char *bytes, size_t length)
{
    struct buf text;

    buf_init(&text, TEXT_MAX);
    if (what == 'f')
        rewrite_feed(bytes, length, &text);
    else if (what == 'd')
        rewrite_definition(bytes, length, &text);
    else if (what == 'u')
        rewrite_run(bytes, length, &text);
    else
        read_shape(bytes, length);
    buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* One for all inputs, as the reader has it. */
    static struct packer *packer;
    struct input input = {(const char *)data, size};
    unsigned char what = input_byte(&input);
    size_t length;
    char *bytes = input_rest(&input, &length);

    if (!packer)
        must(packer = packer_new());
    if (what == 'r')
        read_poll(bytes, length);
    else if (what == 'b')
        read_block(packer, bytes, length);
    else if (what == 'p')
        pack_bodies(packer, bytes, length);
    else
        read_other(what, bytes, length);
    free(bytes);
    return 0;
}
