/* What a format's decoder gives to rows.c, which picks it by format from one table. */
#ifndef FEEDS_ROWS_DECODER_H
#define FEEDS_ROWS_DECODER_H

#include "base/json.h"
#include "feeds/rows_row.h"

struct rows_decoder {
    /* `path`: NULL if none is given. `picks`: for JSON, an object of name → path, NULL if none; the
     * decoder adds its columns and fixes them. `row` is borrowed until free, the others for the
     * call. */
    void *(*new)(enum feed_format format, const char *path, const struct json *picks,
                 struct rows_row *row, struct err *err);
    void (*free)(void *decoder); /* NULL is fine */
    /* ERR_USAGE: there is no such kind. NULL: the format has none. */
    int (*set_kind)(void *decoder, const char *kind, struct err *err);
    /* row->body is what to decode. As rows_decode. */
    int (*decode)(void *decoder, struct err *err);
};

extern const struct rows_decoder rows_json_decoder, rows_gtfs_decoder, rows_csv_decoder,
    rows_digest_decoder;

/* For `new` of a format without paths: ERR_INPUT if one is given that means anything. */
int rows_decoder_refuse(enum feed_format format, const char *path, struct err *err);

#endif
