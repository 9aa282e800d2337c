#include <string.h>

#include "storage/reader.h"

/* The last answer is sought among this many polls from the end, then by its body: a thousand feeds
 * that failed for a week must not hold up the start. */
enum { RESUME_STEPS = 65536, ANSWER_STEPS = 256, FAILURES_MAX = 64 };
/* The bringer of a body is the poll of its slot; if that was forgotten, the first answer left. */
enum { BRINGER_STEPS = 1024 };

struct looking {
    bool for_account, for_failures, for_body, for_request;
};

static void copy_text(const struct text *text, char out[POLL_TEXT_MAX + 1])
{
    uint32_t length = text->length <= POLL_TEXT_MAX ? text->length : POLL_TEXT_MAX;

    if (length)
        memcpy(out, text->bytes, length);
    out[length] = '\0';
}

static void note_failures(struct looking *looking, const struct poll_record *poll,
                          struct resume *resume)
{
    if (poll->outcome == OUTCOME_MISSED)
        return;
    if (poll->outcome != OUTCOME_FAILED) {
        looking->for_failures = false;
        return;
    }
    if (resume->failures++ == 0) {
        resume->failed_slot_at = poll->slot_at;
        resume->failed_ended_at = poll->ended_at;
        resume->retry_after_at = poll->retry_after_at;
        resume->failed_status = poll->status;
    }
    looking->for_failures = resume->failures < FAILURES_MAX;
}

static void note_body(struct looking *looking, const struct poll_record *poll,
                      struct resume *resume)
{
    if (poll->outcome != OUTCOME_NEW && poll->outcome != OUTCOME_SAME)
        return;
    looking->for_body = false;
    if (poll->body_slot_at == AT_NONE || !poll->has_hash)
        return;
    resume->has_body = true;
    resume->body_slot_at = poll->body_slot_at;
    resume->body_hash = poll->body_hash;
    resume->body_bytes = poll->body_bytes;
    resume->body_is_invalid = poll->flags & POLL_INVALID;
    resume->body_definition = poll->definition;
    resume->url_hash = poll->url_hash;
    copy_text(&poll->etag, resume->etag);
    copy_text(&poll->last_modified, resume->last_modified);
}

static void note(struct looking *looking, const struct poll_record *poll, struct resume *resume)
{
    bool is_of_account = !(poll->flags & (POLL_ONCE | POLL_UNPLANNED));

    if (looking->for_account && is_of_account) {
        resume->accounted_to_at = poll_record_last_slot(poll);
        looking->for_account = false;
    }
    if (looking->for_failures)
        note_failures(looking, poll, resume);
    if (looking->for_body)
        note_body(looking, poll, resume);
    if (looking->for_request && poll->started_at != AT_NONE) {
        resume->last_request_at =
            poll->answered_at > poll->started_at ? poll->answered_at : poll->started_at;
        looking->for_request = false;
    }
}

/* A 304 says less than the answer that brought the body: flag, length, and the validators if they
 * are still those of this URL and definition. */
static void note_bringer(const struct poll_record *poll, struct resume *resume)
{
    bool is_silent = !resume->etag[0] && !resume->last_modified[0];

    resume->body_is_invalid |= (poll->flags & POLL_INVALID) != 0;
    resume->body_bytes = poll->body_bytes;
    if (!resume->url_hash)
        resume->url_hash = poll->url_hash;
    if (!is_silent || poll->definition != resume->body_definition ||
        poll->url_hash != resume->url_hash)
        return;
    copy_text(&poll->etag, resume->etag);
    copy_text(&poll->last_modified, resume->last_modified);
}

/* A body that is not there any more cannot be pointed at; the next answer is new. */
static int confirm_body(struct reader *reader, uint32_t feed_id, struct resume *resume,
                        struct err *err)
{
    struct poll_record poll;
    struct err why = {0};
    int found = reader_has_body(reader, feed_id, resume->body_slot_at, &why);

    if (found < 0 && why.kind != ERR_DAMAGED)
        return err_set(err, why.kind, "%s", why.text);
    resume->has_body = found > 0;
    if (!resume->has_body)
        return 0;
    if (reader_seek(reader, feed_id, resume->body_slot_at, err))
        return -1;
    for (unsigned i = 0; i < BRINGER_STEPS; i++) {
        found = reader_next(reader, &poll, &why);
        if (found < 0 && why.kind != ERR_DAMAGED)
            return err_set(err, why.kind, "%s", why.text);
        if (!found)
            break;
        if (found > 0 && poll.outcome == OUTCOME_NEW && poll.body_slot_at == resume->body_slot_at) {
            note_bringer(&poll, resume);
            break;
        }
    }
    return 0;
}

/* The feed has failed for long: the first answer with its latest body will do. */
static int seek_answer(struct reader *reader, uint32_t feed_id, struct resume *resume,
                       struct err *err)
{
    struct looking looking = {.for_body = true};
    struct poll_record poll;
    struct err why = {0};
    int64_t slot_at;
    int found = reader_last_body(reader, feed_id, &slot_at, err);

    if (found <= 0)
        return found;
    if (reader_seek(reader, feed_id, slot_at, err))
        return -1;
    for (unsigned i = 0; found && looking.for_body && i < BRINGER_STEPS; i++) {
        found = reader_next(reader, &poll, &why);
        if (found < 0 && why.kind != ERR_DAMAGED)
            return err_set(err, why.kind, "%s", why.text);
        if (found > 0 && poll.body_slot_at == slot_at)
            note_body(&looking, &poll, resume);
    }
    return 0;
}

/* What was forgotten was accounted for. */
static int note_forgotten(struct reader *reader, uint32_t feed_id, struct resume *resume,
                          struct err *err)
{
    int64_t forgotten_to_at;

    if (reader_forgotten(reader, feed_id, &forgotten_to_at, err))
        return -1;
    if (forgotten_to_at > resume->accounted_to_at)
        resume->accounted_to_at = forgotten_to_at;
    return 0;
}

int reader_resume(struct reader *reader, uint32_t feed_id, struct resume *resume, struct err *err)
{
    struct looking looking = {true, true, true, true};
    struct poll_record poll;
    struct err why = {0};
    int found = 1;

    memset(resume, 0, sizeof *resume);
    resume->accounted_to_at = resume->failed_slot_at = resume->failed_ended_at = AT_NONE;
    resume->retry_after_at = resume->last_request_at = resume->body_slot_at = AT_NONE;
    if (reader_seek_back(reader, feed_id, AT_NEVER, err))
        return -1;
    for (unsigned i = 0; found && i < RESUME_STEPS; i++) {
        if (!looking.for_account && !looking.for_failures && !looking.for_request &&
            (!looking.for_body || i >= ANSWER_STEPS))
            break;
        found = reader_previous(reader, &poll, &why);
        if (found < 0 && why.kind != ERR_DAMAGED)
            return err_set(err, why.kind, "%s", why.text);
        if (found > 0) /* a damaged poll is verify's to report: collecting goes on */
            note(&looking, &poll, resume);
    }
    if (looking.for_body && seek_answer(reader, feed_id, resume, err))
        return -1;
    if (note_forgotten(reader, feed_id, resume, err))
        return -1;
    return resume->has_body ? confirm_body(reader, feed_id, resume, err) : 0;
}
