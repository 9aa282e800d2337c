#include "storage/record.h"

#include <stdlib.h>
#include <string.h>

/* Room for every text of a poll. */
enum { RECORD_TEXTS_MAX = 8 * (POLL_TEXT_MAX + 1) };

struct record *record_new(enum record_kind kind, uint32_t feed_id)
{
    struct record *record = calloc(1, sizeof *record);

    if (!record)
        return NULL;
    record->kind = kind;
    record->feed_id = feed_id;
    poll_record_init(&record->poll);
    buf_init(&record->texts, RECORD_TEXTS_MAX);
    record->at = record->alive_at = record->ended_at = AT_NONE;
    return record;
}

struct record *record_new_text(enum record_kind kind, uint32_t feed_id, const char *text)
{
    struct record *record = record_new(kind, feed_id);

    if (!record)
        return NULL;
    record->text = strdup(text);
    if (record->text)
        return record;
    record_free(record);
    return NULL;
}

struct record *record_new_note(const char *name, const char *text)
{
    struct record *record =
        text ? record_new_text(RECORD_NOTE, 0, text) : record_new(RECORD_NOTE, 0);

    if (record)
        record->name = name;
    return record;
}

void record_free(struct record *record)
{
    if (!record)
        return;
    buf_release(&record->texts);
    free(record->body);
    free(record->text);
    free(record);
}
