#include "companion/dump_words.h"

#include <string.h>

static int read_split(const char *text, enum dump_split *split, struct err *err)
{
    static const char *const names[] = {
        [SPLIT_NONE] = "", [SPLIT_FEED] = "feed", [SPLIT_DAY] = "day", [SPLIT_HOUR] = "hour"};
    size_t i;

    for (i = SPLIT_FEED; text && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], text) != 0)
            continue;
        *split = (enum dump_split)i;
        return 0;
    }
    return text ? err_set(err, ERR_USAGE, "--split \"%s\" must be feed, day or hour", text) : 0;
}

/* Words that contradict each other. */
static int check_together(const struct arguments *arguments, const struct dump_options *dump,
                          struct err *err)
{
    const struct export_words *words = &arguments->words;
    bool is_raw = dump->format == DUMP_RAW, is_split = dump->split != SPLIT_NONE;
    bool has_output = arguments->output != NULL;
    const struct {
        bool is_wrong;
        const char *text;
    } wrongs[] = {
        {arguments->is_following && has_output, "--follow writes to stdout: not with -o"},
        {arguments->is_following && is_split, "--follow writes to stdout: not with --split"},
        {is_split && is_raw, "--format raw has a file for each body: not with --split"},
        {is_split && !has_output, "--split writes files: say -o DIR"},
        {is_raw && !has_output, "--format raw writes files: say -o DIR"},
        {is_raw &&
             (words->rows || words->columns || words->with || words->kind || words->time_format),
         "--format raw gives bodies as they are: not with --rows, --columns, --with, --kind or "
         "--time-format"},
    };
    size_t i;

    for (i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        if (wrongs[i].is_wrong)
            return err_set(err, ERR_USAGE, "%s", wrongs[i].text);
    }
    return 0;
}

int dump_words(const struct arguments *arguments, struct dump_options *dump, struct buf *columns,
               struct err *err)
{
    return words_read_dump(&arguments->words, dump, columns, err) ||
                   read_split(arguments->split, &dump->split, err) ||
                   check_together(arguments, dump, err)
               ? -1
               : 0;
}
