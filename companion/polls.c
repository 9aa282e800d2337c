#include "export/polls.h"

#include <stdint.h>

#include "companion/open.h"
#include "companion/output.h"
#include "companion/range.h"

static const struct option_row options[] = {
    OPTION_CONFIG,
    OPTION_STORE,
    SLOT_WORDS(OPTION_WORD),
    {0},
};

static int run(const struct arguments *arguments, struct err *err)
{
    struct store *store = NULL;
    struct export_range range;
    struct output output = {.fd = -1};
    int64_t until_at;
    int result = -1;

    if (range_check(arguments, err) || open_store(&store, arguments, err) ||
        range_read(arguments, store, &range, err) || output_open(&output, NULL, err) ||
        polls_run(store, &range, arguments->words.is_json, &output.sink, &until_at, err) ||
        range_tell(&range, store, until_at, err))
        goto fail;
    result = 0;
fail:
    output_close(&output);
    store_close(store);
    return result;
}

const struct command command_polls = {
    .name = "polls",
    .operands = "[FEED…]",
    .operands_most = SIZE_MAX,
    .help = "one CSV row per slot: what happened",
    .options = options,
    .run = run,
};
