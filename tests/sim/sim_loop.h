/* scheduler/net/loop.h with clocks of its own, and what a runner does with it beyond that header.
 *
 * Time stands still while anything can be done: alarms that are due, then records that the writer's
 * thread has not given back, then the runner's events. Only then all clocks jump to the next alarm
 * or event. The writer's thread is the one thing that takes real time; it is waited for before each
 * jump and before each event, and what it brings is delivered at that point only, so that a run
 * does not depend on its pace. A writer that gives no sign for a real minute, or a loop that never
 * comes to rest at one instant, ends the program. */
#ifndef TESTS_SIM_SIM_LOOP_H
#define TESTS_SIM_SIM_LOOP_H

#include <stdbool.h>
#include <stdio.h>

#include "base/heap.h"
#include "scheduler/net/loop.h"

struct servers;

/* Times of the runner count from the start on the boot clock: neither a clock that is set nor a
 * machine that sleeps stops them. */
void sim_set_start(struct loop *loop, int64_t wall_at);
int64_t sim_elapsed_us(const struct loop *loop);

/* A one-shot event of the runner, called with nothing of the service on the stack. */
struct sim_event {
    struct heap_node node;
    void (*on_event)(void *cookie);
    void *cookie;
};
void sim_at(struct loop *loop, struct sim_event *event, int64_t elapsed_us);

void sim_step(struct loop *loop, int64_t us);    /* somebody sets the wall clock */
void sim_suspend(struct loop *loop, int64_t us); /* the machine sleeps */
void sim_raise(struct loop *loop, int number);
void sim_touch(struct loop *loop, const char *dir); /* something in it changed */
/* Called after the service was told of a changed directory. */
void sim_on_noticed(struct loop *loop, void (*on_noticed)(void *cookie), void *cookie);
/* Nothing waits for the writer. NULL: no service runs. */
void sim_settle_by(struct loop *loop, bool (*is_settled)(void *cookie), void *cookie);

void sim_set_servers(struct loop *loop, struct servers *servers);
struct servers *sim_servers(const struct loop *loop);

/* Every action goes into one log: its running hash, and `stream` if there is one. */
void sim_log(struct loop *loop, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_log_to(struct loop *loop, FILE *stream);
uint64_t sim_log_hash(const struct loop *loop);

#endif
