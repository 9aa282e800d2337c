/* Inside export/ only: a dump under way, as dump.c (all of a range), follow.c (and what comes
 * after) and raw.c (bodies as files) drive it. One thread. */
#ifndef EXPORT_DUMP_PARTS_H
#define EXPORT_DUMP_PARTS_H

#include "export/calls.h"
#include "export/own_cells.h"
#include "export/row_text.h"
#include "export/source.h"

/* The body whose rows are at hand: the next poll is often answered with the same one. */
struct dump_body {
    bool is_at_hand;
    int64_t slot_at;
    enum source_result result;
    struct rows_counts counts;
};

/* Readings of the range: for the header, then for the rows. A dump without a header has one. */
enum dump_reading { READING_COLUMNS, READING_ROWS };

enum { DUMP_NAME_MAX = 160 }; /* of a file of a dump that is split: FEED/SLOT.EXT */

struct dump {
    const struct dump_options *options;
    struct store *store;
    struct reader *reader;
    struct selection selection;
    size_t feed; /* now: index into the selection */
    enum dump_reading reading;
    struct columns columns;
    struct own_cells own;
    struct outflow out;
    struct row_text rows;
    struct dump_body body;
    char file[DUMP_NAME_MAX];         /* --split: the file at hand */
    struct dump_counts counts, total; /* of the feed now; of those before it */
    struct wanted wanted;             /* of the options' columns, in all feeds */
    uint64_t read_bytes;              /* of bodies, in all readings */
};

typedef int dump_poll_fn(struct dump *dump, struct source *source, const struct poll_record *poll,
                         struct err *err);

/* Release it also after a failure. Selects the feeds and fixes how far each is read. */
int dump_start(struct dump *dump, struct store *store, const struct dump_options *options,
               const struct sink *sink, struct err *err);
void dump_release(struct dump *dump);

/* A header of our columns only. */
int dump_name_columns(struct dump *dump, struct err *err);
/* The columns of the feed now, by reading its polls if they are not given. */
int dump_learn_feed(struct dump *dump, struct err *err);
/* No column is added any more; where rows have a header it is written (but for --split). */
int dump_fix_columns(struct dump *dump, struct err *err);
/* Tells the watcher of the options' columns that no row had. */
void dump_tell_unmet(const struct dump *dump);
/* What `on_poll` makes of every poll of the feed now; tells the watcher what was counted. */
int dump_write_feed(struct dump *dump, dump_poll_fn *on_poll, struct err *err);

/* dump_rows.c: each a dump_poll_fn. */
int dump_learn_poll(struct dump *dump, struct source *source, const struct poll_record *poll,
                    struct err *err);
int dump_write_poll(struct dump *dump, struct source *source, const struct poll_record *poll,
                    struct err *err);
/* dump_files.c: the body as a file; the poll's rows go into the file that they belong to. */
int dump_write_body(struct dump *dump, struct source *source, const struct poll_record *poll,
                    struct err *err);
int dump_turn_to_file(struct dump *dump, int64_t call_at, struct err *err);

#endif
