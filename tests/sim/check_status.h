/* Compares what the service told of itself at its end with what it stored. */
#ifndef TESTS_SIM_CHECK_STATUS_H
#define TESTS_SIM_CHECK_STATUS_H

#include "storage/store.h"
#include "tests/sim/runner.h"

/* Every fault is a line on stdout; returns how many. */
unsigned check_status(const struct run *run, struct store *store, const char *file);

#endif
