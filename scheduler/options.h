/* The command line of pollardd: getopt_long, --help, the man page and the completions come from it.
 */
#ifndef SCHEDULER_OPTIONS_H
#define SCHEDULER_OPTIONS_H

enum {
    ARG_CONFIG,
    ARG_STORE,
    ARG_ONCE,
    ARG_FOR,
    ARG_LISTEN,
    ARG_LOG_LEVEL,
    ARG_HELP,
    ARG_VERSION,
    OPTION_COUNT
};

struct option_line {
    const char *name, *value; /* value NULL: takes none */
    const char *help;
};
extern const struct option_line option_lines[OPTION_COUNT]; /* by ARG_… */

#endif
