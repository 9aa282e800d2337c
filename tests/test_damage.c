/* Flipped bits in data.mdb: what a reader hands out is what was written, or it is an error, or the
 * reading process ends. Never a wrong poll or body, never a hang. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch_store.h"
#include "storage/verify.h"

enum { FEED = 3, BODIES = 40, BODY_BYTES = 3000, FAILURES = 2500, PAGE = 4096 };
enum { FLIPS = 400, HEADER_BYTES = 64, SECONDS_MAX = 20 };

enum end { END_RIGHT, END_ERROR, END_WRONG, END_LESS, END_SIGNAL, END_KINDS };

/* Feed 3: new and same in turn. Feed 4: failures, one behind the other, over many pages. */
static void fill(struct scratch *scratch)
{
    static char noise[BODY_BYTES];

    scratch_append(scratch, scratch_feed(FEED, "buses"));
    scratch_append(scratch, scratch_definition(FEED, 1, "{}"));
    scratch_append(scratch, scratch_feed(FEED + 1, "trams"));
    scratch_append(scratch, scratch_definition(FEED + 1, 1, "{}"));
    for (int i = 0; i < BODIES; i++) {
        scratch_noise(noise, sizeof noise, (uint64_t)i);
        scratch_append(scratch, scratch_new(FEED, NOON + INT64_C(2) * i, noise, sizeof noise));
        scratch_append(scratch, scratch_same(FEED, NOON + INT64_C(2) * i + 1, NOON + INT64_C(2) * i,
                                             noise, sizeof noise));
    }
    for (int i = 0; i < FAILURES; i++)
        scratch_append(scratch, scratch_poll(FEED + 1, NOON + i, OUTCOME_FAILED));
    (void)scratch_settle(scratch);
}

static bool is_text(struct text text, const char *expected)
{
    return text.length == strlen(expected) &&
           (!text.length || memcmp(text.bytes, expected, text.length) == 0);
}

static bool is_right(const struct poll_record *poll, uint32_t feed_id, int64_t number)
{
    struct record *record =
        scratch_poll(feed_id, NOON + number,
                     feed_id == FEED ? (number % 2 ? OUTCOME_SAME : OUTCOME_NEW) : OUTCOME_FAILED);
    const struct poll_record *expected = &record->poll;
    bool is_same = poll->slot_at == expected->slot_at && poll->outcome == expected->outcome &&
                   poll->detail == expected->detail && poll->count == 1 &&
                   poll->started_at == expected->started_at &&
                   poll->ended_at == expected->ended_at && poll->status == expected->status &&
                   is_text(poll->etag, feed_id == FEED ? "\"v1\"" : "") &&
                   poll->body_slot_at == (feed_id == FEED ? NOON + number / 2 * 2 : AT_NONE);

    record_free(record);
    return is_same;
}

static enum end read_body(struct reader *reader, const struct poll_record *poll, int64_t number)
{
    static char noise[BODY_BYTES];
    struct buf body;
    enum end end = END_RIGHT;

    buf_init(&body, BODY_BYTES);
    scratch_noise(noise, sizeof noise, (uint64_t)(number / 2));
    if (reader_body(reader, FEED, poll->body_slot_at, &body, NULL))
        end = END_ERROR;
    else if (body.length != BODY_BYTES || memcmp(body.bytes, noise, BODY_BYTES) != 0)
        end = END_WRONG;
    buf_release(&body);
    return end;
}

/* Polls may be missing on the way to an error: who reads learns of it before the end. */
static enum end read_feed(struct reader *reader, uint32_t feed_id, int64_t polls)
{
    struct poll_record poll;
    enum end end = END_RIGHT;
    int64_t count = 0;
    int found;

    if (reader_seek(reader, feed_id, AT_NONE, NULL))
        return END_ERROR;
    while (end == END_RIGHT && (found = reader_next(reader, &poll, NULL))) {
        int64_t number = poll.slot_at - NOON;

        if (found < 0)
            return END_ERROR;
        if (number < count || number >= polls || !is_right(&poll, feed_id, number))
            return END_WRONG;
        if (feed_id == FEED)
            end = read_body(reader, &poll, number);
        count++;
    }
    return end == END_RIGHT && count < polls ? END_LESS : end;
}

static enum end read_all(const char *dir)
{
    struct store *store;
    struct reader *reader;
    enum end end;

    if (store_open(&store, dir, STORE_READ, NULL))
        return END_ERROR;
    if (reader_open(&reader, store, NULL))
        return END_ERROR;
    end = read_feed(reader, FEED, (int64_t)2 * BODIES);
    if (end == END_RIGHT)
        end = read_feed(reader, FEED + 1, FAILURES);
    reader_close(reader);
    store_close(store);
    return end;
}

static enum end read_in_child(const char *dir)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        static const int deadly[] = {SIGBUS, SIGSEGV, SIGFPE, SIGABRT};
        int nowhere = open("/dev/null", O_WRONLY);

        for (size_t i = 0; i < 4; i++)
            (void)signal(deadly[i], SIG_DFL);
        (void)dup2(nowhere, STDERR_FILENO); /* LMDB's assertions */
        (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        (void)alarm(SECONDS_MAX);
        _exit((int)read_all(dir));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        assert_int_not_equal(WTERMSIG(status), SIGALRM);
        return END_SIGNAL;
    }
    assert_in_range(WEXITSTATUS(status), END_RIGHT, END_LESS);
    return (enum end)WEXITSTATUS(status);
}

static void flip(int fd, off_t at, unsigned bit)
{
    uint8_t byte;

    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= (uint8_t)(1U << bit);
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

static void ignore_fault(void *cookie, const char *text)
{
    (void)cookie;
    (void)text;
}

static uint64_t faults_of(const char *dir)
{
    struct verify_counts counts;

    if (verify_run_child(dir, ignore_fault, NULL, &counts, NULL))
        return 1;
    return counts.faults;
}

/* Half of the flips hit the heads of pages, where LMDB keeps what leads to the values. */
static void a_flipped_bit_is_never_believed(void **state)
{
    struct scratch scratch = {0};
    char path[SCRATCH_DIR_MAX + 16];
    unsigned ends[END_KINDS] = {0};
    const char *more = getenv("POLLARD_FLIPS");
    int fd, flips = more ? atoi(more) : FLIPS;
    struct stat st;

    (void)state;
    scratch_start(&scratch);
    fill(&scratch);
    scratch_close(&scratch);
    (void)snprintf(path, sizeof path, "%s/data.mdb", scratch.dir);
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(read_in_child(scratch.dir), END_RIGHT);
    for (int i = 0; i < flips; i++) {
        uint32_t dice[3];
        off_t at;
        enum end end;

        scratch_noise(dice, sizeof dice, (uint64_t)i + 1);
        at = dice[0] % (st.st_size / PAGE) * PAGE +
             dice[1] % (i % 2 ? (unsigned)PAGE : (unsigned)HEADER_BYTES);
        flip(fd, at, dice[2] % 8);
        end = read_in_child(scratch.dir);
        ends[end]++;
        if (end == END_WRONG || end == END_LESS)
            print_message("flip %d: byte %lld bit %u: %s\n", i, (long long)at, dice[2] % 8,
                          end == END_LESS ? "less" : "wrong");
        assert_int_not_equal(end, END_WRONG);
        if (end != END_RIGHT && faults_of(scratch.dir) == 0)
            fail_msg("flip %d: byte %lld bit %u: end %d and verify finds nothing", i, (long long)at,
                     dice[2] % 8, (int)end);
        flip(fd, at, dice[2] % 8);
    }
    print_message("%d flips: %u right, %u errors, %u signals, %u less\n", flips, ends[END_RIGHT],
                  ends[END_ERROR], ends[END_SIGNAL], ends[END_LESS]);
    assert_int_equal(close(fd), 0);
    scratch_remove(scratch.dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flipped_bit_is_never_believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
