/* Text on its way into a sink: collected until it is worth a write, and written while no read
 * transaction is held, because a sink may be a pipe that nobody reads for hours. */
#ifndef EXPORT_OUTFLOW_H
#define EXPORT_OUTFLOW_H

#include "base/buf.h"
#include "export/csv.h"
#include "storage/reader.h"

struct outflow {
    struct buf text; /* append here */
    const struct sink *sink;
    struct reader *reader; /* rested before a write; NULL: none */
};

void outflow_init(struct outflow *out, const struct sink *sink, struct reader *reader);
void outflow_release(struct outflow *out);
/* Writes what is there if it is much, or (outflow_flush) in any case. Texts borrowed from the
 * reader are gone afterwards. */
int outflow_pass(struct outflow *out, struct err *err);
int outflow_flush(struct outflow *out, struct err *err);

#endif
