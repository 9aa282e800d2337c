/* Reads the polls of a feed, a few ahead of the one that is written, so that the threads of a crew
 * have bodies to decode. Everything that a thread cannot do, or fails to do, it leaves to the
 * caller, who does it when its turn has come: what is written, and what error ends it, is what one
 * thread alone would give. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "export/dump_parts.h"
#include "storage/pack.h"

/* More were not measured. */
enum { THREADS_OF_USE = 2 };

static unsigned count_threads(const struct dump_options *options)
{
    cpu_set_t cpus;
    unsigned threads = options->threads;

    /* NDJSON has no header to be fixed, and copying bodies is not work. */
    if (options->format == DUMP_NDJSON || options->format == DUMP_RAW)
        return 1;
    if (threads > CREW_THREADS_MAX)
        threads = CREW_THREADS_MAX;
    if (!threads && sched_getaffinity(0, sizeof cpus, &cpus) == 0)
        threads = CPU_COUNT(&cpus) < THREADS_OF_USE ? 1 : THREADS_OF_USE;
    return threads ? threads : 1;
}

/* NULL: cannot be had. */
static struct source *source_of(struct dump *dump, unsigned number)
{
    struct dump_hand *hand = &dump->hands[number];
    struct err why = {0};

    if (!number)
        return dump->source;
    if (hand->source.selected)
        return &hand->source;
    if ((!hand->reader && reader_open(&hand->reader, dump->store, &why)) ||
        source_open(&hand->source, dump->store, hand->reader, dump->source->selected,
                    &dump->columns, dump->options, &why)) {
        source_release(&hand->source);
        return NULL;
    }
    hand->source.wanted = dump->source->wanted;
    return &hand->source;
}

struct row_keeping {
    struct row_text *rows;
    struct err *err;
};

static int on_row(void *cookie, const struct cell *cells, size_t count, const uint32_t *places)
{
    struct row_keeping *keeping = cookie;

    if (row_text_add(keeping->rows, cells, count, places, keeping->err))
        return -1;
    return keeping->rows->text.length > JOB_TEXT_BYTES ? -1 : 0;
}

static bool make_rows(struct dump_job *job, struct source *source, struct err *err)
{
    struct row_keeping keeping = {&job->rows, err};
    struct dump_body *answer = &job->answer;

    *answer = (struct dump_body){.is_at_hand = true, .slot_at = job->poll.body_slot_at};
    row_text_reset(&job->rows);
    answer->result = source_decode(source, &job->poll, on_row, &keeping, &answer->counts, err);
    answer->counts.replaced_bytes += job->rows.replaced;
    return answer->result != SOURCE_FAILED;
}

/* Runs in any thread of the crew; errors are made again, and told, when it is the job's turn. */
static void work(void *cookie, unsigned hand, size_t place)
{
    struct dump *dump = cookie;
    struct dump_job *job = &dump->jobs[place];
    struct source *source = source_of(dump, hand);
    struct buf empty = job->body;
    struct err why = {0};

    if (!source || source_fetch(source, &job->poll, &why))
        return;
    reader_rest(source->reader);
    job->body_bytes = source->body.length;
    if (dump->reading == READING_COLUMNS) {
        job->body = source->body;
        source->body = empty;
        job->is_made = true;
        return;
    }
    source->is_ahead = true;
    job->is_made = make_rows(job, source, &why);
    source->is_ahead = false;
}

int dump_jobs_start(struct dump *dump, struct err *err)
{
    unsigned threads = count_threads(dump->options);
    struct crew_plan plan = {.threads = threads,
                             .places = threads > 1 ? JOBS_A_THREAD * threads : 1,
                             .work = work,
                             .cookie = dump};
    size_t i;

    dump->jobs = calloc(plan.places, sizeof *dump->jobs);
    if (!dump->jobs)
        return err_memory(err);
    dump->job_count = plan.places;
    for (i = 0; i < dump->job_count; i++) {
        buf_init(&dump->jobs[i].prefix, dump->own.prefix.max_bytes);
        buf_init(&dump->jobs[i].body, PACK_RAW_MAX);
        row_text_init(&dump->jobs[i].rows, &dump->own.form, &dump->columns);
    }
    return crew_new(&dump->crew, &plan, err);
}

void dump_jobs_release(struct dump *dump)
{
    size_t i;

    crew_free(dump->crew);
    for (i = 0; i < CREW_THREADS_MAX; i++)
        reader_close(dump->hands[i].reader);
    for (i = 0; i < dump->job_count; i++) {
        buf_release(&dump->jobs[i].prefix);
        buf_release(&dump->jobs[i].body);
        row_text_release(&dump->jobs[i].rows);
    }
    free(dump->jobs);
    dump->jobs = NULL;
    dump->job_count = 0;
}

int dump_jobs_prepare(struct dump *dump, struct err *err)
{
    size_t i;

    for (i = 0; i < dump->job_count && dump->job_count > 1; i++) {
        buf_release(&dump->jobs[i].body);
        buf_init(&dump->jobs[i].body, PACK_RAW_MAX);
        if (dump->reading == READING_ROWS && row_text_prepare(&dump->jobs[i].rows, err))
            return -1;
    }
    return 0;
}

/* Copies what reader_next lends for a moment. */
static void keep_poll(struct dump_job *job, const struct poll_record *poll)
{
    size_t length = poll->content_type.length;

    job->poll = *poll;
    job->poll.etag = job->poll.last_modified = job->poll.server_date = job->poll.remote_address =
        job->poll.error_body = (struct text){0};
    if (length > sizeof job->content_type)
        length = 0;
    if (length)
        memcpy(job->content_type, poll->content_type.bytes, length);
    job->poll.content_type = (struct text){job->content_type, (uint32_t)length};
}

static void make_prefix(struct dump *dump, struct dump_job *job, const struct poll_record *poll)
{
    struct buf before = job->prefix;

    job->has_no_prefix = own_cells_make(&dump->own, dump->source->selected->stored.name, poll,
                                        &dump->counts.replaced_bytes, &job->err) != 0;
    job->prefix = dump->own.prefix;
    dump->own.prefix = before;
}

/* `body_before_at`: of the job put before, and then of this one. */
static void put_job(struct dump *dump, const struct poll_record *poll, int64_t *body_before_at)
{
    struct dump_job *job = &dump->jobs[crew_place(dump->crew)];
    bool is_invalid = (poll->flags & POLL_INVALID) != 0;
    bool is_new = poll->body_slot_at != *body_before_at;

    job->is_made = false;
    job->err = (struct err){0};
    keep_poll(job, poll);
    if (dump->reading == READING_ROWS && dump->options->format != DUMP_RAW && !is_invalid)
        make_prefix(dump, job, poll);
    if (!is_invalid)
        *body_before_at = poll->body_slot_at;
    crew_put(dump->crew, !is_invalid && is_new && poll->body_bytes <= JOB_BODY_BYTES);
}

/* The oldest job. While the threads wait for each other none of them holds a transaction. */
static int take_turn(struct dump *dump, dump_job_fn *on_job, struct err *err)
{
    struct dump_job *job;
    bool is_done;

    if (dump->job_count > 1)
        reader_rest(dump->reader);
    job = &dump->jobs[crew_collect(dump->crew, &is_done)];
    if (on_job(dump, job, err) || dump_job_over(dump, job->poll.slot_at, err))
        return -1;
    crew_drop(dump->crew);
    return 0;
}

/* A poll that cannot be read ends it when those before it are done. */
static int run(struct dump *dump, dump_job_fn *on_job, struct err *err)
{
    int64_t body_before_at = AT_NONE;
    struct poll_record poll;
    struct err why = {0};
    struct calls calls;
    int got = 1;

    if (calls_start(&calls, dump->reader, dump->source->selected, dump->options, err))
        return -1;
    while (got > 0 || !crew_is_empty(dump->crew)) {
        if (got > 0 && crew_has_room(dump->crew)) {
            got = calls_next(&calls, &poll, &why);
            if (got > 0)
                put_job(dump, &poll, &body_before_at);
        } else if (take_turn(dump, on_job, err)) {
            return -1;
        }
    }
    if (got < 0 && err)
        *err = why;
    return got;
}

int dump_jobs_run(struct dump *dump, dump_job_fn *on_job, struct err *err)
{
    int result = run(dump, on_job, err);
    size_t i;

    crew_abandon(dump->crew);
    for (i = 0; i < CREW_THREADS_MAX; i++)
        source_release(&dump->hands[i].source);
    return result;
}
