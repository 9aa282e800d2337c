#include "export/gaps.h"

#include <stdint.h>

#include "companion/open.h"
#include "companion/output.h"
#include "companion/range.h"

static const struct option_row options[] = {
    OPTION_CONFIG,
    OPTION_STORE,
    SLOT_WORDS(OPTION_WORD),
    {OPTION_FLAG, 0, "list", ARGUMENT(is_list), NULL, "every gap with its reasons"},
    {0},
};

static int run(const struct arguments *arguments, struct err *err)
{
    bool is_list = arguments->is_list, is_json = arguments->words.is_json;
    struct store *store = NULL;
    struct export_range range;
    struct output output = {.fd = -1};
    int64_t until_at;
    int result = -1;

    if (range_check(arguments, err) || open_store(&store, arguments, err) ||
        range_read(arguments, store, &range, err) || output_open(&output, NULL, err) ||
        gaps_run(store, &range, is_list, is_json, &output.sink, &until_at, err) ||
        range_tell(&range, store, until_at, err))
        goto fail;
    result = 0;
fail:
    output_close(&output);
    store_close(store);
    return result;
}

const struct command command_gaps = {
    .name = "gaps",
    .operands = "[FEED…]",
    .operands_most = SIZE_MAX,
    .help = "how complete each feed is, and every gap",
    .details =
        "A slot is complete if it was answered as new or same. In the list a gap goes up to\n"
        "\"to\", the next complete slot, with a row for each change of its reason.",
    .options = options,
    .run = run,
};
