/* A scenario as written in a file: what happens when, and what must come out. README.md has the
 * form. Reading ends the program at the first mistake, with file and line. */
#ifndef TESTS_SIM_SCENARIO_H
#define TESTS_SIM_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "feeds/feed.h"
#include "storage/poll_record.h"
#include "tests/sim/sim_servers.h"

enum action_kind {
    ACTION_WRITE,   /* path, text: a file of the config directory */
    ACTION_REMOVE,  /* path */
    ACTION_HUP,     /* SIGHUP */
    ACTION_TERM,    /* SIGTERM */
    ACTION_STEP,    /* us */
    ACTION_SUSPEND, /* us */
    ACTION_KILL,    /* as kill -9: what is not in the store is lost */
    ACTION_START,
    ACTION_MEASURE, /* memory and descriptors, for `flat` */
};

struct action {
    int64_t at_us; /* elapsed; negative: before the start */
    enum action_kind kind;
    char *path, *text;
    int64_t us;
    int line;
};

enum { DETAIL_MAX = 64, ANY = -1 };

/* Slots in a row that ended alike. */
struct expected {
    int64_t first_at, step_us;
    uint64_t count;
    enum outcome outcome;
    enum poll_detail detail;
    int64_t late_least_us, late_most_us; /* of the start, after the slot; 0 … 1 ms if not given */
    int attempts, status;                /* ANY: as usual */
    uint32_t definition;
    bool is_invalid;
    int line;
};

struct expectation {
    char feed[FEED_NAME_MAX];
    struct expected *runs;
    size_t count;
    int line;
};

/* Sums over the feeds that match; whatever is not named must be 0. */
struct sums {
    char glob[128];
    uint64_t by_outcome[4][DETAIL_MAX];
    int line;
};

struct tally_check {
    struct tally tally, reference; /* reference: of PEAK */
    int64_t least, most;           /* of tally.seen; PEAK: most is in percent of reference.seen */
    int line;
};

struct scenario {
    char *file;
    int64_t start_at, run_us, for_ms;
    uint64_t seed;
    bool is_once, has_start;
    int64_t flat_kib, space_percent; /* ANY: not asked for */
    struct action *actions;
    struct server_rule *rules;
    struct expectation *expectations;
    struct sums *sums;
    struct tally_check *checks;
    size_t action_count, rule_count, expectation_count, sums_count, check_count;
};

struct scenario *scenario_read(const char *file);
void scenario_free(struct scenario *scenario);

#endif
