/* An intrusive min-heap on an int64_t key, four children a node: the alarm clock of thousands of
 * polls.
 *
 * The node lives inside the object; CONTAINER_OF gets back to it. Not thread-safe. Grows by
 * doubling; heap_reserve() first makes heap_set() infallible. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

struct heap_node {
    int64_t key;
    size_t index; /* 0: in no heap; else place + 1. Zero it at birth. */
};

struct heap {
    struct heap_node **nodes;
    size_t count, capacity;
};

void heap_init(struct heap *heap);
void heap_release(struct heap *heap);              /* the nodes are not touched */
int heap_reserve(struct heap *heap, size_t count); /* -1: no memory */
/* Inserts, or moves a node that is in this heap. -1: no memory (only if not reserved). */
int heap_set(struct heap *heap, struct heap_node *node, int64_t key);
void heap_remove(struct heap *heap, struct heap_node *node); /* fine if it is in none */
struct heap_node *heap_top(const struct heap *heap);         /* NULL: empty */
bool heap_holds(const struct heap_node *node);

#endif
