#include "base/heap.h"

#include <stdlib.h>

enum { CHILDREN = 4, SMALLEST = 16 };

void heap_init(struct heap *heap)
{
    *heap = (struct heap){0};
}

void heap_release(struct heap *heap)
{
    free(heap->nodes);
    *heap = (struct heap){0};
}

int heap_reserve(struct heap *heap, size_t count)
{
    size_t capacity = heap->capacity ? heap->capacity : SMALLEST;
    struct heap_node **nodes;

    if (count <= heap->capacity)
        return 0;
    if (count > SIZE_MAX / 2 / sizeof(struct heap_node *))
        return -1;
    while (capacity < count)
        capacity *= 2;
    nodes = realloc(heap->nodes, capacity * sizeof(struct heap_node *));
    if (!nodes)
        return -1;
    heap->nodes = nodes;
    heap->capacity = capacity;
    return 0;
}

static void put(struct heap *heap, size_t place, struct heap_node *node)
{
    heap->nodes[place] = node;
    node->index = place + 1;
}

/* `place` is a hole; finds where `node` belongs above it and returns that place. */
static size_t rise(struct heap *heap, size_t place, const struct heap_node *node)
{
    while (place) {
        size_t parent = (place - 1) / CHILDREN;

        if (heap->nodes[parent]->key <= node->key)
            break;
        put(heap, place, heap->nodes[parent]);
        place = parent;
    }
    return place;
}

static size_t sink(struct heap *heap, size_t place, const struct heap_node *node)
{
    for (;;) {
        size_t child = place * CHILDREN + 1, least = child, end = child + CHILDREN;

        if (child >= heap->count)
            return place;
        if (end > heap->count)
            end = heap->count;
        while (++child < end) {
            if (heap->nodes[child]->key < heap->nodes[least]->key)
                least = child;
        }
        if (heap->nodes[least]->key >= node->key)
            return place;
        put(heap, place, heap->nodes[least]);
        place = least;
    }
}

/* Fills the hole at `place` with `node`, wherever its key wants it. */
static void settle(struct heap *heap, size_t place, struct heap_node *node)
{
    put(heap, sink(heap, rise(heap, place, node), node), node);
}

int heap_set(struct heap *heap, struct heap_node *node, int64_t key)
{
    if (!node->index) {
        if (heap_reserve(heap, heap->count + 1))
            return -1;
        put(heap, heap->count++, node);
    }
    node->key = key;
    settle(heap, node->index - 1, node);
    return 0;
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    size_t place = node->index - 1;
    struct heap_node *last;

    if (!node->index)
        return;
    node->index = 0;
    last = heap->nodes[--heap->count];
    if (last != node)
        settle(heap, place, last);
}

struct heap_node *heap_top(const struct heap *heap)
{
    return heap->count ? heap->nodes[0] : NULL;
}

bool heap_holds(const struct heap_node *node)
{
    return node->index != 0;
}
