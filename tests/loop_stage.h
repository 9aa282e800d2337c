/* For tests on a real loop: one, and a guard that ends a test in which nothing happens any more. */
#ifndef TESTS_LOOP_STAGE_H
#define TESTS_LOOP_STAGE_H

#include <stdlib.h>

#include "scheduler/net/loop.h"

enum { GUARD_S = 20 };

static struct loop *loop;
static struct alarm *guard;

static inline int64_t mono_us(void)
{
    return loop_now(loop).mono_us;
}

static inline void on_guard(void *cookie)
{
    (void)cookie;
    print_message("nothing happened for %d s\n", GUARD_S);
    abort();
}

static inline void run(void)
{
    alarm_set(guard, mono_us() + GUARD_S * US_PER_SECOND);
    assert_int_equal(loop_run(loop, NULL), 0);
}

static inline int make_loop(void **state)
{
    (void)state;
    if (loop_new(&loop, NULL) < 0)
        return -1;
    guard = alarm_new(loop, on_guard, NULL);
    return guard ? 0 : -1;
}

static inline int free_loop(void **state)
{
    (void)state;
    alarm_free(guard);
    loop_free(loop);
    return 0;
}

#endif
