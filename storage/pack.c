#include "storage/pack.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { PACK_VERSION = 1, CODEC_PLAIN = 0, CODEC_ZSTD = 1 };
enum { HEADER_BYTES = 16, ENTRY_BYTES = 32, WINDOW_LOG_MAX = 27 };
/* So that the header of a block is never cut: it lies whole in part 0. */
enum { COUNT_MAX = 4096, PARTS_MAX = UINT16_MAX };

struct packer {
    ZSTD_CCtx *compressor;
    ZSTD_DCtx *decompressor;
    struct buf block; /* a block of many bodies, decoded */
};

static void put_be(uint8_t *out, uint64_t number, unsigned bytes)
{
    for (unsigned i = bytes; i-- > 0; number >>= 8)
        out[i] = (uint8_t)number;
}

static uint64_t get_be(const uint8_t *at, unsigned bytes)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < bytes; i++)
        number = number << 8 | at[i];
    return number;
}

struct packer *packer_new(void)
{
    struct packer *packer = calloc(1, sizeof *packer);

    if (!packer)
        return NULL;
    buf_init(&packer->block, (size_t)PACK_RAW_MAX);
    packer->compressor = ZSTD_createCCtx();
    packer->decompressor = ZSTD_createDCtx();
    if (!packer->compressor || !packer->decompressor ||
        ZSTD_isError(
            ZSTD_CCtx_setParameter(packer->compressor, ZSTD_c_compressionLevel, PACK_LEVEL)) ||
        ZSTD_isError(
            ZSTD_DCtx_setParameter(packer->decompressor, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
        packer_free(packer);
        return NULL;
    }
    return packer;
}

void packer_free(struct packer *packer)
{
    if (!packer)
        return;
    ZSTD_freeCCtx(packer->compressor);
    ZSTD_freeDCtx(packer->decompressor);
    buf_release(&packer->block);
    free(packer);
}

static int put_entries(const struct pack_entry *entries, size_t count, size_t length, uint8_t *out,
                       struct err *err)
{
    uint64_t raw_bytes = 0;

    for (size_t i = 0; i < count; i++) {
        uint8_t *at = out + i * ENTRY_BYTES;

        if (i && entries[i].slot_at <= entries[i - 1].slot_at)
            return err_set(err, ERR_INPUT, "bodies of a block are not in order");
        put_be(at, (uint64_t)entries[i].slot_at, 8);
        put_be(at + 8, entries[i].raw_bytes, 8);
        memcpy(at + 16, entries[i].hash.bytes, sizeof entries[i].hash.bytes);
        raw_bytes += entries[i].raw_bytes;
    }
    if (raw_bytes != length)
        return err_set(err, ERR_INPUT, "bodies of a block do not add up");
    return 0;
}

/* Appends the packed bytes and returns the codec, or -1. Room is asked for at most as much as the
 * bytes themselves take: what zstd cannot make smaller is kept as it is. */
static int put_packed(struct packer *packer, const char *raw, size_t length, struct buf *out,
                      struct err *err)
{
    size_t packed;
    char *room = buf_reserve(out, length);

    if (!room)
        return err_memory(err);
    packed = ZSTD_compress2(packer->compressor, room, length, raw, length);
    if (ZSTD_isError(packed) || packed >= length) {
        if (length)
            memcpy(room, raw, length);
        out->length += length;
        return CODEC_PLAIN;
    }
    out->length += packed;
    return CODEC_ZSTD;
}

int packer_pack(struct packer *packer, const struct pack_entry *entries, size_t count,
                const char *raw, size_t length, struct buf *out, struct err *err)
{
    size_t header_bytes = HEADER_BYTES + count * ENTRY_BYTES;
    uint8_t *header;
    size_t parts;
    int codec;

    buf_reset(out);
    if (count == 0 || count > COUNT_MAX || length > (size_t)PACK_RAW_MAX)
        return err_set(err, ERR_INPUT, "a block of %zu bodies, %zu bytes", count, length);
    if (!buf_reserve(out, header_bytes + length))
        return err_memory(err);
    header = (uint8_t *)out->bytes;
    if (put_entries(entries, count, length, header + HEADER_BYTES, err))
        return -1;
    out->length = header_bytes;
    codec = put_packed(packer, raw, length, out, err);
    if (codec < 0)
        return -1;
    parts = (out->length + PACK_PART_BYTES - 1) / PACK_PART_BYTES;
    header = (uint8_t *)out->bytes;
    header[0] = PACK_VERSION;
    header[1] = (uint8_t)codec;
    put_be(header + 2, parts, 2);
    put_be(header + 4, count, 4);
    put_be(header + 8, out->length - header_bytes, 8);
    return 0;
}

static int damaged(struct err *err)
{
    return err_set(err, ERR_DAMAGED, "a block that cannot be what was written");
}

int pack_read_header(const void *bytes, size_t length, struct pack_header *header, struct err *err)
{
    const uint8_t *at = bytes;
    uint64_t whole;

    memset(header, 0, sizeof *header);
    if (length < HEADER_BYTES || at[0] != PACK_VERSION || at[1] > CODEC_ZSTD)
        return damaged(err);
    header->parts = (uint16_t)get_be(at + 2, 2);
    header->count = (uint32_t)get_be(at + 4, 4);
    header->packed_bytes = get_be(at + 8, 8);
    if (header->count == 0 || header->count > COUNT_MAX)
        return damaged(err);
    header->header_bytes = HEADER_BYTES + (size_t)header->count * ENTRY_BYTES;
    if (length < header->header_bytes || header->packed_bytes > (uint64_t)PACK_RAW_MAX)
        return damaged(err);
    for (uint32_t i = 0; i < header->count; i++) {
        const uint8_t *entry = at + HEADER_BYTES + (size_t)i * ENTRY_BYTES;
        uint64_t raw_bytes = get_be(entry + 8, 8);

        if (raw_bytes > (uint64_t)PACK_RAW_MAX - header->raw_bytes ||
            (i && (int64_t)get_be(entry, 8) <= (int64_t)get_be(entry - ENTRY_BYTES, 8)))
            return damaged(err);
        header->raw_bytes += raw_bytes;
    }
    whole = header->header_bytes + header->packed_bytes;
    if (header->parts != (whole + PACK_PART_BYTES - 1) / PACK_PART_BYTES)
        return damaged(err);
    return 0;
}

int pack_read_entry(const void *bytes, size_t length, uint32_t index, struct pack_entry *entry,
                    struct err *err)
{
    const uint8_t *at = (const uint8_t *)bytes + HEADER_BYTES + (size_t)index * ENTRY_BYTES;

    if (index >= COUNT_MAX || length < HEADER_BYTES + ((size_t)index + 1) * ENTRY_BYTES)
        return damaged(err);
    entry->slot_at = (int64_t)get_be(at, 8);
    entry->raw_bytes = get_be(at + 8, 8);
    memcpy(entry->hash.bytes, at + 16, sizeof entry->hash.bytes);
    return 0;
}

/* Where the body of `slot_at` begins in the decoded block. */
static int find_entry(const void *block, const struct pack_header *header, int64_t slot_at,
                      struct pack_entry *entry, uint64_t *offset)
{
    *offset = 0;
    for (uint32_t i = 0; i < header->count; i++) {
        if (pack_read_entry(block, header->header_bytes, i, entry, NULL))
            return -1;
        if (entry->slot_at == slot_at)
            return 0;
        *offset += entry->raw_bytes;
    }
    return -1;
}

/* Decodes the packed bytes into the emptied `out`; they must come out as long as was said. */
static int decode(struct packer *packer, const void *block, const struct pack_header *header,
                  struct buf *out, struct err *err)
{
    const uint8_t *packed = (const uint8_t *)block + header->header_bytes;
    size_t raw_bytes = (size_t)header->raw_bytes;
    char *room;
    size_t got;

    buf_reset(out);
    if (raw_bytes > out->max_bytes)
        return err_set(err, ERR_FULL, "a body of %zu bytes is larger than asked for", raw_bytes);
    room = buf_reserve(out, raw_bytes);
    if (!room)
        return err_memory(err);
    if (((const uint8_t *)block)[1] == CODEC_ZSTD) {
        got = ZSTD_decompressDCtx(packer->decompressor, room, raw_bytes, packed,
                                  (size_t)header->packed_bytes);
        if (ZSTD_isError(got) || got != raw_bytes)
            return err_set(err, ERR_DAMAGED, "a block cannot be unpacked");
    } else {
        if (header->packed_bytes != header->raw_bytes)
            return damaged(err);
        memcpy(room, packed, raw_bytes);
    }
    out->length = raw_bytes;
    return 0;
}

int packer_unpack(struct packer *packer, const void *block, size_t length, int64_t slot_at,
                  struct buf *out, struct err *err)
{
    struct pack_header header;
    struct pack_entry entry = {0};
    struct hash hash;
    uint64_t offset;
    struct buf *decoded;

    buf_reset(out);
    if (pack_read_header(block, length, &header, err))
        return -1;
    if (length != header.header_bytes + header.packed_bytes)
        return damaged(err);
    if (find_entry(block, &header, slot_at, &entry, &offset))
        return err_set(err, ERR_ABSENT, "no such body in its block");
    decoded = header.count == 1 ? out : &packer->block;
    if (decode(packer, block, &header, decoded, err))
        return -1;
    if (decoded != out && buf_append(out, decoded->bytes + (size_t)offset, (size_t)entry.raw_bytes))
        return err_memory(err);
    hash = hash_of(out->bytes, out->length);
    if (!hash_equal(&hash, &entry.hash)) {
        buf_reset(out);
        return err_set(err, ERR_DAMAGED, "a body that does not match its hash");
    }
    return 0;
}
