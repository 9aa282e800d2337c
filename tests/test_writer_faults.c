/* What may happen to a writer: its process is killed, its disk is full. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch_store.h"
#include "storage/verify.h"

enum { FEED = 3, ROUNDS = 20, BODY_MOST = 20000 };

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(int64_t ms)
{
    (void)nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* The body of a slot follows from its number. */
static size_t body_of(int64_t number, char *out)
{
    size_t length = (size_t)(number * 7919 % BODY_MOST);

    scratch_noise(out, length, (uint64_t)number);
    return length;
}

static struct record *numbered(int64_t number)
{
    char body[BODY_MOST];
    size_t length = body_of(number, body);

    return scratch_new(FEED, NOON + number, body, length);
}

static void on_fault(void *cookie, const char *text)
{
    (void)cookie;
    print_error("fault: %s\n", text);
}

static void assert_sound(const char *dir)
{
    struct verify_counts counts;
    struct err err = {0};

    if (verify_run_child(dir, on_fault, NULL, &counts, &err))
        fail_msg("%s", err.text);
    assert_int_equal(counts.faults, 0);
}

/* Appends for ever; what is reported goes up the pipe. */
static _Noreturn void append_until_killed(struct scratch *scratch, int64_t number, int pipe_end)
{
    struct list committed = {0};
    struct list_link *link;

    scratch_reopen(scratch);
    for (;; number++) {
        scratch_append(scratch, numbered(number));
        writer_collect(scratch->writer, &committed);
        while ((link = list_take(&committed))) {
            struct record *record = (struct record *)link;
            int64_t reported = record->poll.slot_at - NOON;

            if (write(pipe_end, &reported, sizeof reported) != sizeof reported)
                _exit(1);
            record_free(record);
        }
    }
}

/* Returns the highest number that was reported, or -1. */
static int64_t kill_after(struct scratch *scratch, int64_t number, int64_t ms)
{
    int64_t reported, highest = -1;
    int ends[2], status;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0)
        append_until_killed(scratch, number, ends[1]);
    (void)close(ends[1]);
    pause_ms(ms);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    while (read(ends[0], &reported, sizeof reported) == sizeof reported) {
        assert_int_equal(reported, highest < 0 ? number : highest + 1);
        highest = reported;
    }
    (void)close(ends[0]);
    return highest;
}

/* All from 0 to `last` are there, each once and whole; what follows was stored and not reported. */
static int64_t assert_all_there(struct scratch *scratch, int64_t last)
{
    char expected[BODY_MOST];
    struct poll_record poll;
    struct reader *reader;
    struct buf body;
    struct err err = {0};
    int64_t number = 0;

    assert_int_equal(store_open(&scratch->store, scratch->dir, STORE_READ, &err), 0);
    assert_int_equal(reader_open(&reader, scratch->store, &err), 0);
    assert_int_equal(reader_seek(reader, FEED, AT_NONE, &err), 0);
    buf_init(&body, BODY_MOST);
    for (; reader_next(reader, &poll, &err) > 0; number++) {
        assert_int_equal(poll.slot_at, NOON + number);
        if (reader_body(reader, FEED, poll.slot_at, &body, &err))
            fail_msg("%s", err.text);
        assert_int_equal(body.length, body_of(number, expected));
        assert_memory_equal(body.bytes, expected, body.length);
    }
    assert_true(number > last);
    buf_release(&body);
    reader_close(reader);
    store_close(scratch->store);
    return number;
}

static void what_was_reported_survives_sigkill(void **state)
{
    struct scratch scratch = {0};
    int64_t number = 0, reported = 0;

    (void)state;
    scratch_start(&scratch);
    (void)scratch_put(&scratch, scratch_feed(FEED, "buses"));
    (void)scratch_put(&scratch, scratch_definition(FEED, 1, "{}"));
    scratch_close(&scratch);
    for (int round = 0; round < ROUNDS; round++) {
        int64_t last = kill_after(&scratch, number, 20 + round * 7919 % 60);

        reported += last < 0 ? 0 : last - number + 1;
        number = assert_all_there(&scratch, last < 0 ? number - 1 : last);
    }
    print_message("%lld reported, %lld stored\n", (long long)reported, (long long)number);
    assert_true(reported > ROUNDS);
    assert_sound(scratch.dir);
    scratch_remove(scratch.dir);
}

static void wait_for_state(struct scratch *scratch, enum writer_state wanted, int64_t most_ms)
{
    int64_t began_ms = now_ms();

    while (writer_state(scratch->writer, NULL) != wanted) {
        assert_true(now_ms() - began_ms < most_ms);
        pause_ms(5);
    }
}

static void below_the_reserve_nothing_is_stored_and_nothing_lost(void **state)
{
    struct scratch *scratch = *state;
    struct list committed = {0};
    struct err why;

    writer_set_disk_reserve(scratch->writer, INT64_MAX);
    for (int i = 0; i < 100; i++)
        scratch_append(scratch, numbered(i));
    wait_for_state(scratch, WRITER_DISK_FULL, 5000);
    (void)writer_state(scratch->writer, &why);
    assert_non_null(strstr(why.text, "disk is full"));
    writer_collect(scratch->writer, &committed);
    assert_int_equal(committed.count, 0);
    assert_false(writer_is_idle(scratch->writer));
    writer_set_disk_reserve(scratch->writer, 0);
    assert_int_equal(scratch_settle(scratch), 100);
    assert_int_equal(writer_state(scratch->writer, &why), WRITER_OK);
    assert_string_equal(why.text, "");
}

static void a_stop_does_not_wait_for_space(void **state)
{
    struct scratch *scratch = *state;
    int64_t began_ms;

    writer_set_disk_reserve(scratch->writer, INT64_MAX);
    scratch_append(scratch, numbered(0));
    wait_for_state(scratch, WRITER_DISK_FULL, 5000);
    began_ms = now_ms();
    scratch_close(scratch);
    assert_true(now_ms() - began_ms < 900);
    scratch_reopen(scratch);
    assert_true(scratch_put(scratch, numbered(0)));
}

static void make_filler(const char *dir, size_t length, char path[SCRATCH_DIR_MAX + 16])
{
    static char bytes[64 * 1024];
    int fd;

    (void)snprintf(path, SCRATCH_DIR_MAX + 16, "%s/filler", dir);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    for (size_t at = 0; at < length; at += sizeof bytes)
        assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(close(fd), 0);
}

/* On a file system of 6 MiB: filled to the brim, then given space again. */
static void a_full_disk_pauses_storing_and_space_resumes_it(void **state)
{
    enum { DISK = 6 * 1024 * 1024, FILLER = 3 * 1024 * 1024, RECORDS = 450 };
    struct scratch scratch = {0};
    struct list committed = {0};
    char filler[SCRATCH_DIR_MAX + 16], options[32];
    int64_t began_ms;
    size_t before;

    (void)state;
    scratch_dir(scratch.dir);
    (void)snprintf(options, sizeof options, "size=%d", DISK);
    if (mount("none", scratch.dir, "tmpfs", 0, options)) {
        print_message("SKIPPED: cannot mount a small file system: %s\n", strerror(errno));
        scratch_remove(scratch.dir);
        skip();
    }
    make_filler(scratch.dir, FILLER, filler);
    scratch_reopen(&scratch);
    (void)scratch_put(&scratch, scratch_feed(FEED, "buses"));
    (void)scratch_put(&scratch, scratch_definition(FEED, 1, "{}"));
    for (int i = 0; i < RECORDS; i++) {
        scratch_append(&scratch, numbered(i));
        if (i % 20 == 0)
            pause_ms(2);
    }
    wait_for_state(&scratch, WRITER_DISK_FULL, 10000);
    pause_ms(1200); /* another attempt fails, too */
    assert_int_equal(writer_state(scratch.writer, NULL), WRITER_DISK_FULL);
    writer_collect(scratch.writer, &committed);
    before = committed.count;
    assert_in_range(before, 1, RECORDS - 1);
    assert_int_equal(unlink(filler), 0);
    began_ms = now_ms();
    wait_for_state(&scratch, WRITER_OK, 5000);
    print_message("%zu of %d before; resumed %lld ms after there was space\n", before, RECORDS,
                  (long long)(now_ms() - began_ms));
    for (struct list_link *link; (link = list_take(&committed));)
        record_free((struct record *)link);
    assert_int_equal(scratch_settle(&scratch), RECORDS - before);
    scratch_close(&scratch);
    assert_sound(scratch.dir);
    assert_int_equal(assert_all_there(&scratch, RECORDS - 1), RECORDS);
    assert_int_equal(umount(scratch.dir), 0);
    scratch_remove(scratch.dir);
}

static int start(void **state)
{
    static struct scratch scratch;

    scratch_start(&scratch);
    *state = &scratch;
    return 0;
}

static int end(void **state)
{
    scratch_end(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_reported_survives_sigkill),
        cmocka_unit_test_setup_teardown(below_the_reserve_nothing_is_stored_and_nothing_lost, start,
                                        end),
        cmocka_unit_test_setup_teardown(a_stop_does_not_wait_for_space, start, end),
        cmocka_unit_test(a_full_disk_pauses_storing_and_space_resumes_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
