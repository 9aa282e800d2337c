/* Memory for one unpacked message: given out piece by piece, taken back all at once, never more
 * than a limit. In the form that protobuf-c asks for. Any thread, one at a time. */
#ifndef FEEDS_ROWS_ARENA_H
#define FEEDS_ROWS_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

struct rows_arena_block;

struct rows_arena {
    ProtobufCAllocator allocator;   /* whose calls come here */
    struct rows_arena_block *block; /* the newest; each knows the one before */
    size_t used;                    /* of its bytes */
    size_t given, limit;
    bool is_full;     /* the limit was met since the last reset, */
    bool is_too_poor; /* or there was no memory */
};

/* Holds nothing yet; must not move afterwards. */
void rows_arena_init(struct rows_arena *arena);
void rows_arena_release(struct rows_arena *arena); /* safe on a zeroed one */
/* Everything given is taken back; up to `limit` bytes may be given from now on. */
void rows_arena_reset(struct rows_arena *arena, size_t limit);

#endif
