#include "storage/backup.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "companion/open.h"
#include "companion/output.h"
#include "companion/progress.h"

static const struct option_row options[] = {OPTION_CONFIG, OPTION_STORE, {0}};

static int on_progress(void *cookie, uint64_t done_bytes, uint64_t total_bytes)
{
    double share = total_bytes ? (double)done_bytes / (double)total_bytes : 0;

    progress_draw(cookie, share < 1 ? share : 1, done_bytes);
    return output_stopped_by();
}

static int back_up(const char *dir, const char *dest, const struct backup_watcher *watcher,
                   struct err *err)
{
    if (strcmp(dest, "-") != 0)
        return backup_to_dir(dir, dest, watcher, err);
    if (isatty(STDOUT_FILENO))
        return err_set(err, ERR_USAGE,
                       "a store is nothing for a terminal: name a directory, or send it on: "
                       "pollard backup - > copy/data.mdb");
    return backup_to_fd(dir, STDOUT_FILENO, watcher, err);
}

static int run(const struct arguments *arguments, struct err *err)
{
    struct progress progress;
    const struct backup_watcher watcher = {on_progress, &progress};
    const char *dest = arguments->feeds[0];
    char *dir = open_store_dir(arguments, err);
    int result;

    if (!dir)
        return -1;
    output_stop_softly();
    progress_init(&progress, strcmp(dest, "-") != 0);
    result = back_up(dir, dest, &watcher, err);
    progress_clear(&progress);
    free(dir);
    /* Now that nothing is left behind it may end us as its sender meant. */
    if (result && output_stopped_by())
        raise(output_stopped_by());
    return result;
}

const struct command command_backup = {
    .name = "backup",
    .operands = "DEST",
    .operands_least = 1,
    .operands_most = 1,
    .help = "a consistent copy of the store, also while it is in use",
    .details =
        "DEST is a new directory, for --store; it appears whole and checked, or not at all.\n"
        "\"-\" sends the one file that matters: ssh HOST pollard backup - > copy/data.mdb",
    .options = options,
    .run = run,
};
