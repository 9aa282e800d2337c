/* Inside export/ only: a dump under way, as dump.c (all of a range) and follow.c (and what comes
 * after) drive it.
 *
 *   dump_jobs   reads polls ahead; the threads of a crew read their bodies and decode them
 *   dump_rows   takes what was made ahead, or makes it, and writes it: in order, by the caller
 *   dump_files  the files of a dump that has several
 *
 * What the threads share does not change while they work: options, selection, the fixed header. */
#ifndef EXPORT_DUMP_PARTS_H
#define EXPORT_DUMP_PARTS_H

#include "export/calls.h"
#include "export/crew.h"
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

/* Larger ones are not done ahead, so that memory stays flat. */
enum { JOB_BODY_BYTES = 1024 * 1024, JOB_TEXT_BYTES = 1024 * 1024, JOBS_A_THREAD = 3 };

/* A poll that was read, and what a thread made of its body ahead of its turn. */
struct dump_job {
    struct poll_record poll; /* of its texts only content_type is there */
    char content_type[POLL_TEXT_MAX];
    struct buf prefix; /* READING_ROWS: our own cells; unless has_no_prefix, as `err` says */
    bool has_no_prefix;
    struct err err;
    bool is_made;            /* ahead: */
    struct buf body;         /* READING_COLUMNS: the body itself */
    struct row_text rows;    /* READING_ROWS: its rows, */
    struct dump_body answer; /* and what else the decoder said */
    size_t body_bytes;
};

/* What a thread of the crew works with. */
struct dump_hand {
    struct reader *reader; /* NULL until it is needed */
    struct source source;  /* of the feed now; zeroed: none yet */
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
    struct source *source;    /* of the feed now */
    const struct buf *prefix; /* of the poll now */
    struct crew *crew;
    struct dump_job *jobs; /* by place in the crew */
    size_t job_count;
    struct dump_hand hands[CREW_THREADS_MAX]; /* the first is the caller's and not used */
    char file[DUMP_NAME_MAX];                 /* --split: the file at hand */
    struct dump_counts counts, total;         /* of the feed now; of those before it */
    struct wanted wanted;                     /* of the options' columns, in all feeds */
    uint64_t read_bytes;                      /* of bodies, in all readings */
};

/* Makes of a job that is next what becomes of it. */
typedef int dump_job_fn(struct dump *dump, struct dump_job *job, struct err *err);

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
/* What `on_job` makes of every poll of the feed now; tells the watcher what was counted. */
int dump_write_feed(struct dump *dump, dump_job_fn *on_job, struct err *err);

/* dump_jobs.c. Release them also after a failure. */
int dump_jobs_start(struct dump *dump, struct err *err);
void dump_jobs_release(struct dump *dump);
/* The header is fixed, or is to be learnt anew. */
int dump_jobs_prepare(struct dump *dump, struct err *err);
/* on_job for every poll of the feed now, in order; dump->source is open. */
int dump_jobs_run(struct dump *dump, dump_job_fn *on_job, struct err *err);
/* dump.c: a job is over. -1: enough. */
int dump_job_over(struct dump *dump, int64_t slot_at, struct err *err);

/* dump_rows.c: each a dump_job_fn. */
int dump_learn_poll(struct dump *dump, struct dump_job *job, struct err *err);
int dump_write_poll(struct dump *dump, struct dump_job *job, struct err *err);
/* dump_files.c: the body as a file; the poll's rows go into the file that they belong to. */
int dump_write_body(struct dump *dump, struct dump_job *job, struct err *err);
int dump_turn_to_file(struct dump *dump, int64_t call_at, struct err *err);

#endif
