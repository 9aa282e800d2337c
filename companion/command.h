/* What a command of pollard is: one table of options drives the parser and the help.
 *
 * A command's run() returns 0, or -1 with `err` filled; main prints the text as
 * `pollard: what failed: why` and turns the kind into the exit code. A kind of ERR_NONE with -1
 * means: end quietly with 0 (the reader of our output went away). */
#ifndef COMPANION_COMMAND_H
#define COMPANION_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "export/words.h"

/* What a user may say; NULL and false where it was not said. Texts live in argv. */
struct arguments {
    const char *config, *store, *listen;
    struct export_words words;
    const char *output, *split, *before;
    bool is_list, is_following;
    const char *const *feeds; /* FEED… */
    size_t feed_count;
};

enum option_kind {
    OPTION_END,
    OPTION_TEXT,  /* const char *: takes a value */
    OPTION_FLAG,  /* bool */
    OPTION_LATER, /* in the contract, not in this release: refused by name */
};

struct option_row {
    enum option_kind kind;
    char letter; /* 0: none */
    const char *name;
    size_t offset;
    const char *value; /* what it takes, for the help */
    const char *help;
};

#define ARGUMENT(field) offsetof(struct arguments, field)
#define OPTION_CONFIG                                                                              \
    {                                                                                              \
        OPTION_TEXT, 0, "config", ARGUMENT(config), "DIR",                                         \
            "the config directory: $POLLARD_CONFIG, else /etc/pollard"                             \
    }
#define OPTION_STORE                                                                               \
    {                                                                                              \
        OPTION_TEXT, 0, "store", ARGUMENT(store), "DIR",                                           \
            "the store: $POLLARD_STORE, else \"store\" of pollard.json, else /var/lib/pollard"     \
    }
/* For the tables of export/words.h. */
#define OPTION_WORD(kind, name, field, value, help)                                                \
    {                                                                                              \
        OPTION_##kind, 0, name, ARGUMENT(words.field), value, help                                 \
    }

struct command {
    const char *name;
    const char *operands; /* "[FEED…]", "" */
    size_t operands_least, operands_most;
    const char *help;    /* one line */
    const char *details; /* more lines for its --help, or NULL */
    const struct option_row *options;
    int (*run)(const struct arguments *arguments, struct err *err);
};

extern const struct command command_backup, command_check, command_feeds, command_try, command_dump,
    command_polls, command_gaps, command_definitions, command_prune, command_stat, command_status,
    command_verify, command_alert_test;

#endif
