#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/heap.h"

enum { NODES = 300, STEPS = 60000 };

struct alarm {
    int number;
    struct heap_node node;
};

static uint64_t dice = 0x9E3779B97F4A7C15;

static uint64_t roll(uint64_t sides)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice % sides;
}

/* The model: keys in order, as a plain sorted array. */
struct model {
    int64_t keys[NODES];
    size_t count;
};

static void model_add(struct model *model, int64_t key)
{
    size_t place = model->count++;

    for (; place && model->keys[place - 1] > key; place--)
        model->keys[place] = model->keys[place - 1];
    model->keys[place] = key;
}

static void model_take(struct model *model, int64_t key)
{
    size_t place = 0;

    while (place < model->count && model->keys[place] != key)
        place++;
    assert_true(place < model->count);
    for (model->count--; place < model->count; place++)
        model->keys[place] = model->keys[place + 1];
}

static void check(const struct heap *heap, const struct model *model)
{
    assert_int_equal(heap->count, model->count);
    assert_int_equal(heap_top(heap) == NULL, model->count == 0);
    if (model->count)
        assert_int_equal(heap_top(heap)->key, model->keys[0]);
    for (size_t i = 0; i < heap->count; i++) {
        assert_int_equal(heap->nodes[i]->index, i + 1);
        if (i)
            assert_true(heap->nodes[(i - 1) / 4]->key <= heap->nodes[i]->key);
    }
}

static void a_random_life_agrees_with_a_sorted_array(void **state)
{
    static struct alarm alarms[NODES];
    struct model model = {.count = 0};
    struct heap heap;

    (void)state;
    heap_init(&heap);
    for (int step = 0; step < STEPS; step++) {
        struct heap_node *node = &alarms[roll(NODES)].node;
        int64_t key = (int64_t)roll(200) - 100; /* few keys: many are equal */

        if (heap_holds(node))
            model_take(&model, node->key);
        /* Waves: the heap fills and empties. */
        if (roll(100) < (step / 5000 % 2 ? 30 : 80)) {
            assert_int_equal(heap_set(&heap, node, key), 0);
            model_add(&model, key);
            assert_true(heap_holds(node));
        } else {
            heap_remove(&heap, node);
            assert_false(heap_holds(node));
        }
        if (step % 7 == 0)
            check(&heap, &model);
    }
    while (model.count) {
        struct heap_node *top = heap_top(&heap);

        assert_int_equal(top->key, model.keys[0]);
        model_take(&model, top->key);
        heap_remove(&heap, top);
        check(&heap, &model);
    }
    heap_release(&heap);
}

static void the_ends_of_the_key_are_keys(void **state)
{
    struct alarm last = {.number = 1}, first = {.number = 2}, middle = {.number = 3};
    struct heap heap;

    (void)state;
    heap_init(&heap);
    assert_int_equal(heap_set(&heap, &last.node, INT64_MAX), 0);
    assert_int_equal(heap_set(&heap, &first.node, INT64_MIN), 0);
    assert_int_equal(heap_set(&heap, &middle.node, 0), 0);
    assert_int_equal(CONTAINER_OF(heap_top(&heap), struct alarm, node)->number, 2);
    assert_int_equal(heap_set(&heap, &first.node, INT64_MAX), 0);
    assert_int_equal(CONTAINER_OF(heap_top(&heap), struct alarm, node)->number, 3);
    heap_remove(&heap, &middle.node);
    heap_remove(&heap, &middle.node);
    assert_int_equal(heap.count, 2);
    heap_release(&heap);
}

static void reserved_room_is_not_asked_for_again(void **state)
{
    static struct alarm alarms[NODES];
    struct heap_node **nodes;
    struct heap heap;

    (void)state;
    heap_init(&heap);
    assert_null(heap_top(&heap));
    assert_int_equal(heap_reserve(&heap, NODES), 0);
    nodes = heap.nodes;
    for (int i = 0; i < NODES; i++)
        assert_int_equal(heap_set(&heap, &alarms[i].node, NODES - i), 0);
    assert_ptr_equal(heap.nodes, nodes);
    assert_int_equal(heap_reserve(&heap, SIZE_MAX), -1);
    assert_int_equal(heap_reserve(&heap, SIZE_MAX / sizeof(void *)), -1);
    assert_int_equal(heap.count, NODES);
    assert_int_equal(heap_top(&heap)->key, 1);
    heap_release(&heap);
    assert_int_equal(heap.capacity, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_random_life_agrees_with_a_sorted_array),
        cmocka_unit_test(the_ends_of_the_key_are_keys),
        cmocka_unit_test(reserved_room_is_not_asked_for_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
