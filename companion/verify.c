#include "storage/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "companion/open.h"

static const struct option_row options[] = {OPTION_CONFIG, OPTION_STORE, {0}};

static void on_fault(void *cookie, const char *text)
{
    (void)cookie;
    printf("%s\n", text);
}

static int run(const struct arguments *arguments, struct err *err)
{
    struct verify_counts counts = {0};
    char *dir = open_store_dir(arguments, err);
    int result = -1;

    if (!dir || verify_run_child(dir, on_fault, NULL, &counts, err))
        goto fail;
    if (counts.faults) {
        err_set(err, ERR_DAMAGED, "the store \"%s\" is damaged: %" PRIu64 " fault%s", dir,
                counts.faults, counts.faults == 1 ? "" : "s");
        goto fail;
    }
    printf("no fault in %" PRIu64 " values: %" PRIu64 " polls, %" PRIu64 " bodies of %" PRIu64
           " bytes\n",
           counts.values, counts.polls, counts.bodies, counts.raw_bytes);
    result = 0;
fail:
    free(dir);
    return result;
}

const struct command command_verify = {
    .name = "verify",
    .operands = "",
    .help = "reads every byte stored and checks it",
    .details = "Prints a line for everything that is wrong, and then ends with 1.",
    .options = options,
    .run = run,
};
