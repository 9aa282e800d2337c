/* The polls of one feed that a dump is about: answered with a body, call_time inside the range, in
 * order. One thread. */
#ifndef EXPORT_CALLS_H
#define EXPORT_CALLS_H

#include "export/selection.h"
#include "storage/reader.h"

struct calls {
    struct reader *reader;
    uint32_t feed_id;
    int64_t from_at, to_at, last_slot_at;
    bool is_changes_only;
};

int calls_start(struct calls *calls, struct reader *reader, const struct selected *selected,
                const struct dump_options *options, struct err *err);
/* 1: got one, its texts as reader_next lends them; 0: none left; -1. */
int calls_next(struct calls *calls, struct poll_record *poll, struct err *err);
/* When the attempt began that was answered. */
int64_t calls_time(const struct poll_record *poll);

#endif
