/* struct loop, for sim_loop.c (time and what moves it) and sim_world.c (what the runner and the
 * outside do to it). Not for others. */
#ifndef TESTS_SIM_SIM_LOOP_PARTS_H
#define TESTS_SIM_SIM_LOOP_PARTS_H

#include <pthread.h>

#include "tests/sim/sim_loop.h"

struct loop {
    struct loop_time now;
    int64_t started_us; /* boot */
    struct heap alarms; /* by mono_us */
    struct heap events; /* by boot_us */
    unsigned alarm_count, event_count, spins;
    bool is_stopped;
    struct signal_watch *signals;
    struct dir_watch *dirs;
    void (*on_noticed)(void *cookie);
    void *noticed_cookie;
    bool (*is_settled)(void *cookie);
    void *settled_cookie;
    struct servers *servers;
    FILE *log;
    uint64_t log_hash;
    pthread_mutex_t lock; /* over the wakes' is_sent */
    pthread_cond_t sent;
    struct wake *wakes;
};

#endif
