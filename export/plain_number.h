/* Is a text nothing but a number: digits, perhaps a minus before, a fraction and an exponent after?
 * Pure. */
#ifndef EXPORT_PLAIN_NUMBER_H
#define EXPORT_PLAIN_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* Leading zeros pass, which JSON would not have. */
bool is_plain_number(const char *text, size_t length);

#endif
