/* Compares what a run left with what its scenario expects. Every fault is a line on stdout. */
#ifndef TESTS_SIM_CHECK_H
#define TESTS_SIM_CHECK_H

#include <stdbool.h>

#include "tests/sim/runner.h"

struct check_result {
    unsigned faults;
    uint64_t slots;
    uint64_t hash; /* of everything stored */
};

/* Always: the store is sound, and every slot of every feed in the ledger is in it exactly once.
 * `prints`: every feed's slots go to stdout in the form of a scenario. */
void check_run(const struct run *run, const struct scenario *scenario, bool prints,
               struct check_result *result);

#endif
