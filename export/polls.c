#include "export/polls.h"

#include <inttypes.h>
#include <string.h>

#include "export/slots.h"
#include "export/table.h"

enum poll_column {
    COLUMN_FEED,
    COLUMN_SLOT,
    COLUMN_OUTCOME,
    COLUMN_DETAIL,
    COLUMN_STARTED,
    COLUMN_ENDED,
    COLUMN_STATUS,
    COLUMN_ATTEMPTS,
    COLUMN_WIRE_BYTES,
    COLUMN_BODY_BYTES,
    COLUMN_FLAGS,
    COLUMN_ETAG,
    COLUMN_LAST_MODIFIED,
    COLUMN_CONTENT_TYPE,
    COLUMN_SERVER_DATE,
    COLUMN_REMOTE_ADDRESS,
    COLUMN_DEFINITION,
    COLUMN_COUNT,
};

const char *const polls_columns[] = {
    [COLUMN_FEED] = "feed",
    [COLUMN_SLOT] = "slot",
    [COLUMN_OUTCOME] = "outcome",
    [COLUMN_DETAIL] = "detail",
    [COLUMN_STARTED] = "started",
    [COLUMN_ENDED] = "ended",
    [COLUMN_STATUS] = "status",
    [COLUMN_ATTEMPTS] = "attempts",
    [COLUMN_WIRE_BYTES] = "wire_bytes",
    [COLUMN_BODY_BYTES] = "body_bytes",
    [COLUMN_FLAGS] = "flags",
    [COLUMN_ETAG] = "etag",
    [COLUMN_LAST_MODIFIED] = "last_modified",
    [COLUMN_CONTENT_TYPE] = "content_type",
    [COLUMN_SERVER_DATE] = "server_date",
    [COLUMN_REMOTE_ADDRESS] = "remote_address",
    [COLUMN_DEFINITION] = "definition",
    [COLUMN_COUNT] = NULL,
};

static const bool is_number[COLUMN_COUNT] = {
    [COLUMN_STATUS] = true,     [COLUMN_ATTEMPTS] = true,   [COLUMN_WIRE_BYTES] = true,
    [COLUMN_BODY_BYTES] = true, [COLUMN_DEFINITION] = true,
};

bool polls_is_number(size_t index)
{
    return is_number[index];
}

static int append_instant(struct buf *out, const struct zone *zone, int64_t at)
{
    char text[ZONE_ISO_MAX];

    return at == AT_NONE ? 0 : buf_append(out, text, zone_format_iso(zone, at, 6, text));
}

static int append_number(struct buf *out, bool is_known, uint64_t number)
{
    return is_known ? buf_printf(out, "%" PRIu64, number) : 0;
}

static int append_borrowed(struct buf *out, const struct text *text)
{
    return text->length ? buf_append(out, text->bytes, text->length) : 0;
}

static int append_flags(struct buf *out, unsigned flags)
{
    if (flags & POLL_INVALID && buf_append_text(out, "invalid"))
        return -1;
    if (!(flags & POLL_ONCE))
        return 0;
    return buf_append_text(out, flags & POLL_INVALID ? " once" : "once");
}

/* Nobody asked for a missed slot, so it has no bytes and no attempts, rather than none of them. */
static bool was_asked(const struct poll_record *poll)
{
    return poll->outcome != OUTCOME_MISSED || poll->attempts > 0;
}

int polls_cell(struct buf *out, size_t index, const char *feed, const struct poll_record *poll,
               int64_t slot_at, const struct zone *zone)
{
    switch ((enum poll_column)index) {
    case COLUMN_FEED:
        return buf_append_text(out, feed);
    case COLUMN_SLOT:
        return append_instant(out, zone, slot_at);
    case COLUMN_OUTCOME:
        return buf_append_text(out, outcome_name(poll->outcome));
    case COLUMN_DETAIL:
        return buf_append_text(out, poll_detail_name(poll->detail));
    case COLUMN_STARTED:
        return append_instant(out, zone, poll->started_at);
    case COLUMN_ENDED:
        return append_instant(out, zone, poll->ended_at);
    case COLUMN_STATUS:
        return append_number(out, poll->status > 0, poll->status);
    case COLUMN_ATTEMPTS:
        return append_number(out, was_asked(poll), poll->attempts);
    case COLUMN_WIRE_BYTES:
        return append_number(out, was_asked(poll), poll->wire_bytes);
    case COLUMN_BODY_BYTES:
        return append_number(out, was_asked(poll), poll->body_bytes);
    case COLUMN_FLAGS:
        return append_flags(out, poll->flags);
    case COLUMN_ETAG:
        return append_borrowed(out, &poll->etag);
    case COLUMN_LAST_MODIFIED:
        return append_borrowed(out, &poll->last_modified);
    case COLUMN_CONTENT_TYPE:
        return append_borrowed(out, &poll->content_type);
    case COLUMN_SERVER_DATE:
        return append_borrowed(out, &poll->server_date);
    case COLUMN_REMOTE_ADDRESS:
        return append_borrowed(out, &poll->remote_address);
    case COLUMN_DEFINITION:
        return append_number(out, poll->definition > 0, poll->definition);
    case COLUMN_COUNT:
        break;
    }
    return 0;
}

struct polls_printing {
    struct table table;
    const struct selection *selection;
    const struct selected *selected; /* now */
    struct buf cell;
};

static int print_slot(struct polls_printing *printing, const struct poll_record *poll,
                      int64_t slot_at, struct err *err)
{
    const char *feed = printing->selected->stored.name;
    struct buf *cell = &printing->cell;
    size_t i;

    for (i = 0; i < COLUMN_COUNT; i++) {
        buf_reset(cell);
        if (polls_cell(cell, i, feed, poll, slot_at, printing->selection->zone))
            return err_memory(err);
        if (table_cell(&printing->table, is_number[i] ? CELL_NUMBER : CELL_TEXT, cell->bytes,
                       cell->length, err))
            return -1;
    }
    return 0;
}

static int print_feed(struct polls_printing *printing, struct reader *reader,
                      const struct export_range *range, struct err *err)
{
    struct poll_record poll;
    struct slot_span span;
    struct slots slots;
    uint64_t i;
    int got;

    if (slots_start(&slots, reader, printing->selected, range, err))
        return -1;
    while ((got = slots_next(&slots, &poll, &span, err)) > 0) {
        /* A run is longer than what is written at once, and has no texts that could be lost. */
        for (i = 0; i < span.count; i++) {
            if (print_slot(printing, &poll, span.first_at + (int64_t)i * span.step_us, err))
                return -1;
        }
    }
    return got;
}

static int print_all(struct polls_printing *printing, struct reader *reader,
                     const struct export_range *range, struct err *err)
{
    size_t i;

    for (i = 0; i < printing->selection->count; i++) {
        printing->selected = &printing->selection->feeds[i];
        if (print_feed(printing, reader, range, err))
            return err_within(err, "feed \"%s\"", printing->selected->stored.name);
    }
    return table_finish(&printing->table, err);
}

int polls_run(struct store *store, const struct export_range *range, bool is_json,
              const struct sink *sink, int64_t *until_at, struct err *err)
{
    struct polls_printing printing = {0};
    struct reader *reader = NULL;
    struct selection selection;
    int result = -1;

    if (selection_make(&selection, store, range, err))
        return -1;
    printing.selection = &selection;
    buf_init(&printing.cell, (size_t)4 * POLL_TEXT_MAX);
    if (until_at)
        *until_at = selection_until(&selection);
    if (reader_open(&reader, store, err) ||
        table_start(&printing.table, polls_columns, is_json, sink, reader, err) ||
        print_all(&printing, reader, range, err))
        goto fail;
    result = 0;
fail:
    table_release(&printing.table);
    buf_release(&printing.cell);
    if (reader)
        reader_close(reader);
    selection_release(&selection);
    return result;
}
