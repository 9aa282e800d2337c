/* Runs a scenario: the real service on a simulated loop, in a directory of its own. */
#ifndef TESTS_SIM_RUNNER_H
#define TESTS_SIM_RUNNER_H

#include <stdio.h>

#include "base/buf.h"
#include "tests/sim/ledger.h"
#include "tests/sim/scenario.h"

enum { RUN_DIR_MAX = 128 };

/* What is left after a run. */
struct run {
    char dir[RUN_DIR_MAX]; /* with everything in it; run_release() removes it */
    char config_dir[RUN_DIR_MAX + 8], store_dir[RUN_DIR_MAX + 16];
    struct ledger *ledger;
    int64_t ended_at; /* wall; of the service that ran last */
    unsigned starts;
    int64_t began_us, lasted_us; /* of that service, monotonic */
    struct buf status;           /* what it told at its end; empty: it was killed */
    uint64_t requests, log_hash;
    double real_s;
    long first_kib, last_kib; /* measured memory; 0: not */
    int first_fds, last_fds;
    uint64_t first_bytes, last_bytes; /* of the store's file, measured likewise */
};

/* `log`: every action, or NULL. Ends the program when the service cannot be run at all. */
void run_scenario(struct run *run, struct scenario *scenario, FILE *log);
void run_release(struct run *run);

#endif
