/* Between scenario_read.c and scenario_expect.c. */
#ifndef TESTS_SIM_SCENARIO_PARTS_H
#define TESTS_SIM_SCENARIO_PARTS_H

#include "tests/sim/scenario_words.h"

/* Adds one to an array of the scenario and returns it, zeroed. */
#define ADD(array, count)                                                                          \
    (*(array) = must_grow(*(array), *(count) + 1, sizeof **(array)),                               \
     memset(*(array) + *(count), 0, sizeof **(array)), *(array) + (*(count))++)

void scenario_read_expect(struct scenario *scenario, struct words *words);
void scenario_read_slot(struct scenario *scenario, struct words *words);
void scenario_read_sums(struct scenario *scenario, struct words *words);

#endif
