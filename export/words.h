/* What a user says of an export: the options of `pollard dump`, `polls` and `gaps`, which are the
 * query of the page's addresses too. Their names and texts stand here once; errors (ERR_USAGE) name
 * them as the command line spells them. Texts are borrowed. Any thread. */
#ifndef EXPORT_WORDS_H
#define EXPORT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "export/dump.h"

/* NULL and false where it was not said. */
struct export_words {
    const char *from, *to, *zone;
    const char *time_format, *rows, *columns, *last, *with, *kind, *format;
    bool is_changes_only, is_spreadsheet_safe, is_json;
};

/* WORD(kind, name, field, value, help): TEXT takes a value, FLAG takes none. */
#define ZONE_WORD(WORD)                                                                            \
    WORD(TEXT, "tz", zone, "ZONE",                                                                 \
         "time zone of what is read and written: the feed's, of several UTC")
#define JSON_WORD(WORD) WORD(FLAG, "json", is_json, NULL, "one JSON array of objects")
#define RANGE_WORDS(WORD, what)                                                                    \
    WORD(TEXT, "from", from, "T", what " at or after T"),                                          \
        WORD(TEXT, "to", to, "T", what " before T"), ZONE_WORD(WORD)
#define SLOT_WORDS(WORD) RANGE_WORDS(WORD, "slots"), JSON_WORD(WORD)
#define DUMP_WORDS(WORD)                                                                           \
    RANGE_WORDS(WORD, "calls"),                                                                    \
        WORD(TEXT, "time-format", time_format, "FORMAT",                                           \
             "of call_time: iso, unix, unix-ms, or for strftime such as \"%d.%m. %H:%M\""),        \
        WORD(TEXT, "rows", rows, "PATH", "where the rows are: \"$.features\""),                    \
        WORD(TEXT, "columns", columns, "LIST",                                                     \
             "names with commas between, or JSON as in the feed's \"columns\""),                   \
        WORD(TEXT, "last", last, "N", "of each feed only the last N polls that were answered"),    \
        WORD(TEXT, "with", with, "LIST",                                                           \
             "columns of \"pollard polls\" after call_time: slot,status"),                         \
        WORD(FLAG, "changes-only", is_changes_only, NULL,                                          \
             "leave out what was the same as before"),                                             \
        WORD(TEXT, "kind", kind, "KIND",                                                           \
             "entities of GTFS-Realtime: vehicle, trip_update or alert"),                          \
        WORD(TEXT, "format", format, "FORMAT",                                                     \
             "csv, tsv, ndjson, or raw: each body as a file DIR/FEED/SLOT.EXT"),                   \
        WORD(FLAG, "spreadsheet-safe", is_spreadsheet_safe, NULL,                                  \
             "an apostrophe before cells that a spreadsheet would run")

/* For words that do not come by getopt: a table of their names, ending with a NULL. */
struct export_word {
    const char *name;
    size_t offset; /* in struct export_words */
    bool is_flag;
};
extern const struct export_word words_of_dump[], words_of_slots[];

/* One word as it was said; `value` NULL: it had none. A flag may say 1 or true, 0 or false, because
 * libraries that make addresses know no words without a value. */
int words_say(struct export_words *words, const struct export_word *table, const char *name,
              const char *value, struct err *err);

/* Are the range's words well-formed? Before a store is opened for them. */
int words_check_range(const struct export_words *words, int64_t now_at, struct err *err);
/* What they mean for the feeds of `range`, whose globs are given. ERR_ABSENT: no such feed. */
int words_read_range(const struct export_words *words, struct store *store, int64_t now_at,
                     struct export_range *range, struct err *err);
/* All the others. `columns`: an empty buf, into which they are put as JSON; borrowed as well. */
int words_read_dump(const struct export_words *words, struct dump_options *dump,
                    struct buf *columns, struct err *err);

#endif
