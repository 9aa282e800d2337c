/* The table of commands: main, help, the man page and the completions come from it. */
#ifndef COMPANION_COMMANDS_H
#define COMPANION_COMMANDS_H

#include "companion/command.h"

enum { COMMANDS_MAX = 40 };
extern const struct command *const commands[]; /* NULL at the end */

#endif
