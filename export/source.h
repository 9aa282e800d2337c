/* One feed's stored bodies as rows: which decoder a body needs, and where its cells belong in the
 * header. One thread; one feed at a time. */
#ifndef EXPORT_SOURCE_H
#define EXPORT_SOURCE_H

#include "export/columns.h"
#include "export/selection.h"
#include "export/shape_seen.h"
#include "export/wanted.h"
#include "feeds/rows.h"
#include "storage/reader.h"

/* The rows path found by looking belongs to a URL, so a feed whose URL or format changed needs
 * several decoders; more than these are made anew each time. */
enum { SOURCE_DECODERS = 4 };

struct decoder {
    enum feed_format format;
    uint32_t url_epoch;
    struct rows *rows; /* NULL: free */
    uint32_t *places;  /* its column → payload column of the header, or COLUMN_NONE */
    size_t place_count, place_capacity;
    bool has_shapes; /* its columns depend on nothing but a body's shape */
    struct shape_seen shapes;
};

struct source_definition {
    uint32_t number, url_epoch;
};

/* What was found by looking at the first bodies of a URL. */
struct source_shape {
    bool is_read, is_stored;
    uint32_t url_epoch;
    uint8_t format; /* a feed_format; 0: not found */
    bool has_path;
    struct buf path;
};

struct source {
    struct store *store;
    struct reader *reader;
    const struct selected *selected;
    struct columns *columns;        /* the header */
    const char *rows, *column_list; /* of the command line or the feed; NULL: auto */
    const char *kind;               /* NULL: not chosen */
    struct wanted *wanted;          /* borrowed: learns which columns rows had; NULL: nobody asks */
    bool is_ahead; /* the bodies before the one at hand may not have been looked at yet */
    struct source_definition *definitions;
    size_t definition_count, definition_capacity;
    struct decoder decoders[SOURCE_DECODERS];
    struct source_shape shape;
    unsigned next_decoder; /* the next to be replaced */
    struct buf body;
};

enum source_result {
    SOURCE_FAILED = -1, /* err is filled */
    SOURCE_DECODED,
    SOURCE_INVALID, /* the body is ill-formed; rows before the fault may have been given */
};

/* Gets the cells with `places[cell.column]` for each; -1 stops, `err` being its own
 * affair. */
typedef int source_row_fn(void *cookie, const struct cell *cells, size_t count,
                          const uint32_t *places);

/* Release it also after a failure. */
int source_open(struct source *source, struct store *store, struct reader *reader,
                const struct selected *selected, struct columns *columns,
                const struct dump_options *options, struct err *err);
void source_release(struct source *source);
/* May its columns be told without reading a body? Then they are in the header now. */
int source_learn_given(struct source *source, bool *is_given, struct err *err);
/* Reads the poll's body into `body`. 1: the poll was forgotten (`keep`, prune) since it was read.
 */
int source_fetch(struct source *source, const struct poll_record *poll, struct err *err);
/* What the body fetched is: what its feed is said or found to be, or of an invalid one what its
 * bytes are. */
int source_judge(struct source *source, const struct poll_record *poll, enum feed_format *format,
                 struct err *err);
/* Decodes the body fetched. `on_row` NULL: its columns are put into the header, no more. Adds to
 * `counts`. Where is_ahead is set the header must be fixed; SOURCE_FAILED is then also said of what
 * depends on bodies before. */
enum source_result source_decode(struct source *source, const struct poll_record *poll,
                                 source_row_fn *on_row, void *cookie, struct rows_counts *counts,
                                 struct err *err);

#endif
