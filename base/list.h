/* A singly linked queue whose link lives in the object: push at the tail, take from the head.
 * Not thread-safe. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_link {
    struct list_link *next;
};

struct list {
    struct list_link *head, *tail;
    size_t count;
};

static inline void list_push(struct list *list, struct list_link *link)
{
    link->next = NULL;
    if (list->tail)
        list->tail->next = link;
    else
        list->head = link;
    list->tail = link;
    list->count++;
}

static inline struct list_link *list_take(struct list *list)
{
    struct list_link *link = list->head;

    if (!link)
        return NULL;
    list->head = link->next;
    if (!list->head)
        list->tail = NULL;
    list->count--;
    return link;
}

/* Appends all of `from` to `list` and empties it. */
static inline void list_move(struct list *list, struct list *from)
{
    if (!from->head)
        return;
    if (list->tail)
        list->tail->next = from->head;
    else
        list->head = from->head;
    list->tail = from->tail;
    list->count += from->count;
    from->head = from->tail = NULL;
    from->count = 0;
}

#endif
