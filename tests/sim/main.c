/* sim [--print] [--log] [--twice] [--log-level LEVEL] SCENARIO: runs it; 1 if anything is not as
 * expected. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/zone.h"
#include "tests/sim/check.h"
#include "tests/sim/fatal.h"

struct wish {
    bool prints, logs, is_twice;
};

struct end {
    struct check_result result;
    uint64_t log_hash;
};

static struct end run_once(const char *file, const struct wish *wish)
{
    struct scenario *scenario = scenario_read(file);
    struct end end;
    struct run run;
    double days = (double)scenario->run_us / (double)US_PER_DAY;

    run_scenario(&run, scenario, wish->logs ? stdout : NULL);
    check_run(&run, scenario, wish->prints, &end.result);
    end.log_hash = run.log_hash;
    printf("%s: %" PRIu64 " slots, %" PRIu64 " requests, %.2f days in %.2f s (%.1f days/s), seed "
           "%" PRIu64 ", log %016" PRIx64 ", store %016" PRIx64 ", %u faults\n",
           file, end.result.slots, run.requests, days, run.real_s, days / run.real_s,
           scenario->seed, end.log_hash, end.result.hash, end.result.faults);
    run_release(&run);
    scenario_free(scenario);
    return end;
}

static void read_arguments(int argc, char **argv, struct wish *wish, const char **file)
{
    enum log_level level = LEVEL_ERROR;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--print") == 0)
            wish->prints = true;
        else if (strcmp(argv[i], "--log") == 0)
            wish->logs = true;
        else if (strcmp(argv[i], "--twice") == 0)
            wish->is_twice = true;
        else if (strcmp(argv[i], "--log-level") == 0 && i + 1 < argc &&
                 log_parse_level(argv[i + 1], &level) == 0)
            i++;
        else if (argv[i][0] == '-' || *file)
            fatal("usage: sim [--print] [--log] [--twice] [--log-level LEVEL] SCENARIO");
        else
            *file = argv[i];
    }
    log_start(level);
}

int main(int argc, char **argv)
{
    struct wish wish = {false, false, false};
    const char *file = NULL;
    struct end first, second;
    bool is_good;

    read_arguments(argc, argv, &wish, &file);
    if (!file)
        fatal("which scenario?");
    first = run_once(file, &wish);
    is_good = first.result.faults == 0;
    if (wish.is_twice) {
        second = run_once(file, &wish);
        if (first.log_hash != second.log_hash || first.result.hash != second.result.hash) {
            printf("%s: two runs with one seed differ\n", file);
            is_good = false;
        }
    }
    zones_release();
    return is_good ? 0 : 1;
}
