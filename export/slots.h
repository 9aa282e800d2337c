/* The slots of stored polls that lie in a range: what polls and gaps walk over. One thread. */
#ifndef EXPORT_SLOTS_H
#define EXPORT_SLOTS_H

#include "export/selection.h"
#include "storage/reader.h"

/* Slots of one poll: of a run of missed slots those inside the range, else the one. */
struct slot_span {
    int64_t first_at, step_us;
    uint64_t count; /* ≥ 1 */
};

struct slots {
    struct reader *reader;
    uint32_t feed_id;
    int64_t from_at, to_at, last_slot_at; /* polls after last_slot_at came too late for us */
};

int slots_start(struct slots *slots, struct reader *reader, const struct selected *selected,
                const struct export_range *range, struct err *err);
/* Goes on from the poll that holds `slot_at`. */
int slots_seek(struct slots *slots, int64_t slot_at, struct err *err);
/* 1: got one; 0: none left; -1. Texts of `poll` as reader_next lends them. */
int slots_next(struct slots *slots, struct poll_record *poll, struct slot_span *span,
               struct err *err);

#endif
