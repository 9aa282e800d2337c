#include "scheduler/options.h"

#include <stddef.h>

const struct option_line option_lines[OPTION_COUNT] = {
    [ARG_CONFIG] = {"config", "DIR",
                    "the config directory (default $POLLARD_CONFIG, else /etc/pollard)"},
    [ARG_STORE] =
        {"store", "DIR",
         "the store's directory, created if absent (default $POLLARD_STORE, else \"store\" of "
         "pollard.json, else $STATE_DIRECTORY, else /var/lib/pollard)"},
    [ARG_ONCE] = {"once", NULL, "poll every enabled feed once, now, and exit: 1 if any failed"},
    [ARG_FOR] = {"for", "DURATION", "collect that long, such as 24h, then end"},
    [ARG_LISTEN] = {"listen", "ADDR:PORT|off",
                    "where the page is (default \"listen\" of pollard.json)"},
    [ARG_LOG_LEVEL] = {"log-level", "LEVEL", "debug, info (default), warn or error"},
    [ARG_HELP] = {"help", NULL, "this text"},
    [ARG_VERSION] = {"version", NULL, "the version"},
};
