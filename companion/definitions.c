#include <stdint.h>

#include "companion/open.h"
#include "companion/output.h"
#include "companion/range.h"
#include "export/selection.h"
#include "export/table.h"

static const struct option_row options[] = {
    OPTION_CONFIG, OPTION_STORE, ZONE_WORD(OPTION_WORD), JSON_WORD(OPTION_WORD), {0},
};

static const char *const columns[] = {"feed", "definition", "from", "keys", NULL};

struct printing {
    struct table table;
    const char *feed;
    const struct zone *zone;
    struct err *err;
    bool has_failed;
};

static int on_definition(void *cookie, const struct stored_definition *definition)
{
    struct printing *printing = cookie;
    struct table *table = &printing->table;
    struct err *err = printing->err;

    printing->has_failed =
        table_text(table, printing->feed, err) || table_number(table, definition->number, err) ||
        table_instant(table, printing->zone, definition->from_at, err) ||
        table_cell(table, CELL_TEXT, definition->json, definition->json_length, err);
    return printing->has_failed ? 1 : 0;
}

static int print(struct store *store, struct selection *selection, struct printing *printing)
{
    size_t i;

    for (i = 0; i < selection->count; i++) {
        printing->feed = selection->feeds[i].stored.name;
        if (store_each_definition(store, selection->feeds[i].stored.id, on_definition, printing,
                                  printing->err) ||
            printing->has_failed)
            return -1;
    }
    return table_finish(&printing->table, printing->err);
}

static int print_store(const struct arguments *arguments, struct store *store, struct err *err)
{
    struct export_range range;
    struct selection selection;
    struct output output;
    struct printing printing = {.err = err};
    int result = -1;

    if (range_read(arguments, store, &range, err) || selection_make(&selection, store, &range, err))
        return -1;
    printing.zone = range.zone;
    if (!output_open(&output, NULL, err) &&
        !table_start(&printing.table, columns, arguments->words.is_json, &output.sink, NULL, err))
        result = print(store, &selection, &printing);
    table_release(&printing.table);
    output_close(&output);
    selection_release(&selection);
    return result;
}

static int run(const struct arguments *arguments, struct err *err)
{
    struct store *store = NULL;
    int result = -1;

    if (!range_check(arguments, err) && !open_store(&store, arguments, err))
        result = print_store(arguments, store, err);
    store_close(store);
    return result;
}

const struct command command_definitions = {
    .name = "definitions",
    .operands = "[FEED…]",
    .operands_most = SIZE_MAX,
    .help = "each definition a feed has had",
    .details = "Secrets are in it by name only.",
    .options = options,
    .run = run,
};
