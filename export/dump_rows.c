/* One poll's body into rows, or into the header. */
#include "export/dump_parts.h"

struct row_writing {
    struct dump *dump;
    struct err *err;
};

static int write_rows(struct dump *dump, struct err *err)
{
    dump->counts.rows += dump->rows.row_count;
    return row_text_write(&dump->rows, dump->prefix, &dump->out, err);
}

static int on_row(void *cookie, const struct cell *cells, size_t count, const uint32_t *places)
{
    struct row_writing *writing = cookie;
    struct dump *dump = writing->dump;

    if (row_text_add(&dump->rows, cells, count, places, writing->err))
        return -1;
    if (!row_text_is_much(&dump->rows))
        return 0;
    /* Too much to keep: it goes out now, and the next poll decodes the body again. */
    dump->body.is_at_hand = false;
    if (write_rows(dump, writing->err))
        return -1;
    dump->body.counts.replaced_bytes += dump->rows.replaced;
    row_text_reset(&dump->rows);
    return 0;
}

/* 1: there is nothing any more to decode. */
static int decode_body(struct dump *dump, const struct poll_record *poll, struct err *err)
{
    struct row_writing writing = {dump, err};
    struct source *source = dump->source;
    struct dump_body *body = &dump->body;
    int fetched;

    *body = (struct dump_body){.slot_at = poll->body_slot_at};
    row_text_reset(&dump->rows);
    fetched = source_fetch(source, poll, err);
    if (fetched)
        return fetched;
    body->is_at_hand = true;
    body->result = source_decode(source, poll, on_row, &writing, &body->counts, err);
    body->counts.replaced_bytes += dump->rows.replaced;
    dump->read_bytes += source->body.length;
    if (body->result == SOURCE_FAILED)
        body->is_at_hand = false;
    return body->result == SOURCE_FAILED ? -1 : 0;
}

/* What a thread made becomes what is at hand; the job keeps the memory of what was. */
static void take_rows(struct dump *dump, struct dump_job *job)
{
    struct row_text rows = dump->rows;

    dump->rows = job->rows;
    job->rows = rows;
    row_text_shrink(&job->rows, (size_t)2 * JOB_TEXT_BYTES);
    dump->body = job->answer;
    dump->read_bytes += job->body_bytes;
}

static int count_poll(struct dump *dump, const struct dump_body *body, struct err *err)
{
    struct dump_counts *counts = &dump->counts;

    switch (body->result) {
    case SOURCE_FAILED:
        return -1;
    case SOURCE_INVALID:
        counts->invalid++;
        return 0;
    case SOURCE_DECODED:
        break;
    }
    counts->bodies_without_rows += body->counts.bodies_without_rows;
    counts->duplicate_cells += body->counts.duplicate_cells;
    counts->replaced_bytes += body->counts.replaced_bytes;
    return write_rows(dump, err);
}

static bool is_at_hand(const struct dump_body *body, const struct poll_record *poll)
{
    return body->is_at_hand && body->slot_at == poll->body_slot_at;
}

int dump_write_poll(struct dump *dump, struct dump_job *job, struct err *err)
{
    const struct poll_record *poll = &job->poll;
    int result = 0;

    dump->counts.polls++;
    if (poll->flags & POLL_INVALID) {
        dump->counts.invalid++;
        return 0;
    }
    if (dump_turn_to_file(dump, calls_time(poll), err))
        return -1;
    if (job->has_no_prefix) {
        *err = job->err;
        return -1;
    }
    dump->prefix = &job->prefix;
    if (job->is_made)
        take_rows(dump, job);
    else if (!is_at_hand(&dump->body, poll))
        result = decode_body(dump, poll, err);
    if (result > 0)
        dump->counts.polls--;
    if (result)
        return result < 0 ? -1 : 0;
    return count_poll(dump, &dump->body, err);
}

int dump_learn_poll(struct dump *dump, struct dump_job *job, struct err *err)
{
    const struct poll_record *poll = &job->poll;
    struct source *source = dump->source;
    struct dump_body *body = &dump->body;
    enum source_result result;
    int fetched;

    if (poll->flags & POLL_INVALID || is_at_hand(body, poll))
        return 0;
    *body = (struct dump_body){.slot_at = poll->body_slot_at};
    if (job->is_made) {
        struct buf bytes = source->body;

        source->body = job->body;
        job->body = bytes;
    } else {
        fetched = source_fetch(source, poll, err);
        if (fetched)
            return fetched < 0 ? -1 : 0;
    }
    body->is_at_hand = true;
    result = source_decode(source, poll, NULL, NULL, &body->counts, err);
    dump->read_bytes += source->body.length;
    return result == SOURCE_FAILED ? -1 : 0;
}
