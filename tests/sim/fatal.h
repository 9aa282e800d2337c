/* The simulation's way to fail: at once and loudly. A test program has nothing to save. */
#ifndef TESTS_SIM_FATAL_H
#define TESTS_SIM_FATAL_H

#include <stddef.h>

_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *must_alloc(size_t count, size_t size); /* zeroed */
void *must_grow(void *array, size_t count, size_t size);
char *must_copy(const char *text);

#endif
