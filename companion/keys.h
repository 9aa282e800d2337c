/* `pollard help keys`: every key a user may write, from the tables that read them. */
#ifndef COMPANION_KEYS_H
#define COMPANION_KEYS_H

#include <stdio.h>

#include "base/settings.h"

enum { KEYS_RANGE_MAX = 100 };

void keys_print(FILE *out);
/* The bounds of a key, "50ms…1h", or "" if it has none. */
void keys_range(const struct setting *key, char out[KEYS_RANGE_MAX]);

#endif
