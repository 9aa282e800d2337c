#include "companion/commands.h"

#include <stddef.h>

const struct command *const commands[] = {
    &command_check,       &command_feeds,
    &command_try,         &command_dump,
    &command_polls,       &command_gaps,
    &command_definitions, &command_stat,
    &command_status,      &command_verify,
    &command_backup,      &command_prune,
    &command_alert_test,  NULL,
};

_Static_assert(sizeof commands / sizeof commands[0] - 1 <= COMMANDS_MAX, "more commands than that");
