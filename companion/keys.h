/* `pollard help keys`: every key a user may write, from the tables that read them. */
#ifndef COMPANION_KEYS_H
#define COMPANION_KEYS_H

#include <stdio.h>

void keys_print(FILE *out);

#endif
