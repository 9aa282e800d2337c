#include "feeds/rows_arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 64 << 10 };

struct rows_arena_block {
    struct rows_arena_block *before;
    size_t size;
    alignas(max_align_t) unsigned char bytes[];
};

static int add_block(struct rows_arena *arena, size_t least)
{
    size_t size = least > BLOCK_BYTES ? least : BLOCK_BYTES;
    struct rows_arena_block *block = malloc(sizeof *block + size);

    if (!block)
        return -1;
    block->before = arena->block;
    block->size = size;
    arena->block = block;
    arena->used = 0;
    return 0;
}

static void *give(void *cookie, size_t size)
{
    struct rows_arena *arena = cookie;
    void *given;

    if (size > arena->limit - arena->given) {
        arena->is_full = true;
        return NULL;
    }
    /* Rounded up, it may pass the limit by less than one alignment. */
    size = (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    if ((!arena->block || size > arena->block->size - arena->used) && add_block(arena, size)) {
        arena->is_too_poor = true;
        return NULL;
    }
    given = arena->block->bytes + arena->used;
    arena->used += size;
    arena->given = size > arena->limit - arena->given ? arena->limit : arena->given + size;
    return given;
}

/* All at once, by reset. */
static void take_back(void *cookie, void *given)
{
    (void)cookie;
    (void)given;
}

void rows_arena_init(struct rows_arena *arena)
{
    *arena = (struct rows_arena){
        .allocator = {.alloc = give, .free = take_back, .allocator_data = arena}};
}

void rows_arena_release(struct rows_arena *arena)
{
    while (arena->block) {
        struct rows_arena_block *before = arena->block->before;

        free(arena->block);
        arena->block = before;
    }
}

void rows_arena_reset(struct rows_arena *arena, size_t limit)
{
    /* The first block is kept if it is an ordinary one: most messages need no other. */
    while (arena->block && (arena->block->before || arena->block->size > BLOCK_BYTES)) {
        struct rows_arena_block *before = arena->block->before;

        free(arena->block);
        arena->block = before;
    }
    arena->used = arena->given = 0;
    arena->limit = limit;
    arena->is_full = arena->is_too_poor = false;
}
