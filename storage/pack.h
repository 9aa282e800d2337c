/* Bodies ↔ the bytes kept for them. A value of `bodies` is a block of one body or more of one feed,
 * so that several can be sealed into one later without a new format:
 *
 *   header  version, codec, how many bodies, how many parts, packed length
 *   entry   slot, raw length, hash            one for each body, ascending slots
 *   packed  the bodies one after another, as one zstd frame (or as they are, if that is smaller)
 *
 * The block's key is the slot of its last body; a block over PACK_PART_BYTES goes on in further
 * values with part 1, 2, …. Looking for slot S: the first block at or after S holds it or nobody
 * does. A packer holds compression contexts and belongs to one thread. */
#ifndef STORAGE_PACK_H
#define STORAGE_PACK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

enum { PACK_PART_BYTES = 256 * 1024 - 64, PACK_LEVEL = 1 };
#define PACK_RAW_MAX (INT64_C(1) << 30) /* no body, and no block decoded, is larger */

struct pack_entry {
    int64_t slot_at;
    uint64_t raw_bytes;
    struct hash hash;
};

struct packer;
struct packer *packer_new(void); /* NULL: no memory */
void packer_free(struct packer *packer);
/* Appends a whole block (header, entries, packed) to the emptied `out`; the caller cuts it in
 * parts. */
int packer_pack(struct packer *packer, const struct pack_entry *entries, size_t count,
                const char *raw, size_t length, struct buf *out, struct err *err);

struct pack_header {
    uint32_t count;
    uint16_t parts;
    uint64_t packed_bytes, raw_bytes;
    size_t header_bytes; /* where the packed bytes begin */
};
int pack_read_header(const void *bytes, size_t length, struct pack_header *header, struct err *err);
int pack_read_entry(const void *bytes, size_t length, uint32_t index, struct pack_entry *entry,
                    struct err *err);
/* Unpacks the body of `slot_at` from a whole block and checks its hash. ERR_ABSENT: not in it;
 * ERR_DAMAGED. */
int packer_unpack(struct packer *packer, const void *block, size_t length, int64_t slot_at,
                  struct buf *out, struct err *err);

#endif
