/* The running service: its parts, wired; what moves it (due polls, hosts with room, commits,
 * signals); reload, stop. Loop thread. */
#ifndef SCHEDULER_DAEMON_H
#define SCHEDULER_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "scheduler/net/loop.h"

/* Strings are borrowed until daemon_free(). */
struct daemon_options {
    const char *config_dir, *store_dir;
    const char *listen; /* over "listen" of pollard.json; NULL: not given */
    bool is_once;
    int64_t for_ms;    /* collect that long from readiness; 0: until stopped */
    uint64_t seed;     /* of the dice; not 0 */
    int64_t linger_ms; /* of the writer */
};

struct daemon;

/* Loads the configuration, opens the store, brings every feed in: ready. ERR_CONFIG (every mistake
 * is then on stderr if pollard.json is broken), ERR_IN_USE, ERR_IO … Borrows `loop`. Returns owned.
 */
int daemon_new(struct daemon **daemon, const struct daemon_options *options, struct loop *loop,
               struct err *err);
/* After loop_run: the last commit, and everything freed. */
void daemon_free(struct daemon *daemon);
/* Begins to end, as SIGTERM does; loop_run returns within 10 s. */
void daemon_stop(struct daemon *daemon);
void daemon_reload(struct daemon *daemon);     /* soon, as SIGHUP does; many are one */
void daemon_log_status(struct daemon *daemon); /* as SIGUSR1 does */
int daemon_exit_code(const struct daemon *daemon);
/* Nothing waits for the writer's thread: a simulated clock may go on. */
bool daemon_is_settled(const struct daemon *daemon);

#endif
