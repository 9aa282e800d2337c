/* argv → struct arguments, and the help that belongs to it. */
#ifndef COMPANION_ARGUMENTS_H
#define COMPANION_ARGUMENTS_H

#include <stdio.h>

#include "companion/command.h"

enum wanted { WANTED_RUN, WANTED_HELP, WANTED_VERSION };

/* Reads argv[1…] of `command`. ERR_USAGE. */
int arguments_read(struct arguments *arguments, const struct command *command, int argc,
                   char **argv, enum wanted *wanted, struct err *err);
void arguments_help(const struct command *command, FILE *out);

#endif
