/* write(2) and clock_gettime(2) of the module are caught by the linker (--wrap). */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

enum { LINES_MAX = 1024, LINE_SIZE = 2049, THREADS = 4, EVENTS_EACH = 50 };

static char lines[LINES_MAX][LINE_SIZE];
static size_t line_count;
static int interruptions; /* that many writes fail with EINTR first */
static int64_t now_s = 1000;
static pthread_mutex_t lines_lock = PTHREAD_MUTEX_INITIALIZER;

ssize_t __real_write(int fd, const void *bytes, size_t length);
ssize_t __wrap_write(int fd, const void *bytes, size_t length);
int __wrap_clock_gettime(clockid_t id, struct timespec *now);

ssize_t __wrap_write(int fd, const void *bytes, size_t length)
{
    if (fd != STDERR_FILENO)
        return __real_write(fd, bytes, length);
    if (interruptions) {
        interruptions--;
        errno = EINTR;
        return -1;
    }
    pthread_mutex_lock(&lines_lock);
    if (line_count < LINES_MAX && length < LINE_SIZE) {
        memcpy(lines[line_count], bytes, length);
        lines[line_count++][length] = '\0';
    }
    pthread_mutex_unlock(&lines_lock);
    errno = EIO; /* whatever write leaves there must not reach the caller */
    return (ssize_t)length;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *now)
{
    (void)id;
    *now = (struct timespec){.tv_sec = now_s};
    return 0;
}

/* Every test starts at a minute of its own, with nothing folded and nothing written. */
static int fresh(void **state)
{
    (void)state;
    unsetenv("JOURNAL_STREAM");
    now_s += 3600;
    log_start(LEVEL_INFO);
    log_flush();
    line_count = 0;
    return 0;
}

static void a_line_is_level_event_and_values(void **state)
{
    (void)state;
    log_event(LEVEL_WARN, "slow", "feed=%s ms=%d", "a", 7);
    log_event(LEVEL_ERROR, "broken", "%s", "");
    assert_int_equal(line_count, 2);
    assert_string_equal(lines[0], "warn slow feed=a ms=7\n");
    assert_string_equal(lines[1], "error broken\n");
}

static void the_level_is_a_threshold(void **state)
{
    (void)state;
    log_start(LEVEL_WARN);
    log_event(LEVEL_DEBUG, "d", "x=1");
    log_event(LEVEL_INFO, "i", "x=1");
    log_event(LEVEL_WARN, "w", "x=1");
    log_event(LEVEL_ERROR, "e", "x=1");
    assert_int_equal(line_count, 2);
    assert_false(log_has(LEVEL_INFO));
    assert_true(log_has(LEVEL_WARN));
    log_start(LEVEL_DEBUG);
    log_event(LEVEL_DEBUG, "d", "x=1");
    assert_string_equal(lines[2], "debug d x=1\n");
}

static void levels_have_names(void **state)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    enum log_level level;

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(log_parse_level(names[i], &level), 0);
        assert_int_equal(level, i);
    }
    assert_int_equal(log_parse_level("Info", &level), -1);
    assert_int_equal(log_parse_level("", &level), -1);
    assert_int_equal(log_parse_level("information", &level), -1);
}

static void a_line_stays_one_line_of_two_kibibytes(void **state)
{
    char most[5000];

    (void)state;
    log_event(LEVEL_ERROR, "e", "text=a\nb\tc\x7f");
    assert_string_equal(lines[0], "error e text=a?b?c?\n");
    memset(most, 'm', sizeof most - 1);
    most[sizeof most - 1] = '\0';
    log_event(LEVEL_ERROR, "e", "%s", most);
    assert_int_equal(strlen(lines[1]), 2048);
    assert_int_equal(lines[1][2047], '\n');
}

static void a_line_is_not_cut_inside_a_character(void **state)
{
    char most[4001];

    (void)state;
    for (size_t i = 0; i < 4000; i += 2)
        memcpy(most + i, "\xC3\xA9", 2);
    most[4000] = '\0';
    log_event(LEVEL_ERROR, "e", "%s", most);
    log_event(LEVEL_ERROR, "e", "x%s", most);
    assert_int_equal(strlen(lines[0]), 2047);
    assert_string_equal(lines[0] + 2044, "\xC3\xA9\n");
    assert_int_equal(strlen(lines[1]), 2048);
    assert_string_equal(lines[1] + 2045, "\xC3\xA9\n");
}

static void an_interrupted_write_is_made_again(void **state)
{
    (void)state;
    interruptions = 3;
    log_event(LEVEL_ERROR, "e", "x=1");
    assert_int_equal(line_count, 1);
    assert_int_equal(interruptions, 0);
}

static void errno_is_kept(void **state)
{
    (void)state;
    errno = ENOSPC;
    log_event(LEVEL_ERROR, "e", "x=1");
    assert_int_equal(errno, ENOSPC);
    log_event(LEVEL_DEBUG, "e", "x=1");
    log_flush();
    assert_int_equal(errno, ENOSPC);
}

static void a_repeated_event_is_folded_and_counted(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++)
        log_event(LEVEL_WARN, "slow", "n=%d", i);
    assert_int_equal(line_count, 20);
    assert_string_equal(lines[19], "warn slow n=19\n");
    log_event(LEVEL_INFO, "slow", "x=1"); /* another level, another account */
    log_event(LEVEL_WARN, "other", "x=1");
    assert_int_equal(line_count, 22);
    now_s += 59;
    log_event(LEVEL_WARN, "slow", "n=50");
    assert_int_equal(line_count, 22);
    now_s += 1;
    log_event(LEVEL_WARN, "slow", "n=51");
    assert_int_equal(line_count, 24);
    assert_string_equal(lines[22], "warn folded event=slow count=31\n");
    assert_string_equal(lines[23], "warn slow n=51\n");
}

static void twenty_a_minute_are_not_folded(void **state)
{
    (void)state;
    for (int minute = 0; minute < 3; minute++) {
        for (int i = 0; i < 20; i++)
            log_event(LEVEL_INFO, "often", "n=%d", i);
        now_s += 60;
    }
    log_flush();
    assert_int_equal(line_count, 60);
}

static void errors_and_debug_are_never_folded(void **state)
{
    (void)state;
    log_start(LEVEL_DEBUG);
    for (int i = 0; i < 100; i++) {
        log_event(LEVEL_ERROR, "e", "n=%d", i);
        log_event(LEVEL_DEBUG, "d", "n=%d", i);
    }
    assert_int_equal(line_count, 200);
}

static void what_somebody_asked_for_is_never_folded(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        log_answer("feed", "n=%d", i);
    assert_int_equal(line_count, 100);
    assert_string_equal(lines[99], "info feed n=99\n");
    errno = ENOENT;
    log_start(LEVEL_WARN);
    log_answer("feed", "n=%d", 100);
    assert_int_equal(line_count, 100);
    assert_int_equal(errno, ENOENT);
}

static void what_was_folded_is_said_by_the_next_event_of_any_kind_or_by_a_flush(void **state)
{
    (void)state;
    for (int i = 0; i < 21; i++)
        log_event(LEVEL_INFO, "first", "x=1");
    now_s += 60;
    log_event(LEVEL_ERROR, "e", "x=1");
    assert_string_equal(lines[20], "info folded event=first count=1\n");
    for (int i = 0; i < 22; i++)
        log_event(LEVEL_INFO, "second", "x=1");
    log_flush();
    assert_int_equal(line_count, 42);
    now_s += 60;
    log_flush();
    assert_int_equal(line_count, 43);
    assert_string_equal(lines[42], "info folded event=second count=2\n");
    log_flush();
    assert_int_equal(line_count, 43);
}

static void more_kinds_of_events_than_places_are_said_unfolded(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        char event[16];

        snprintf(event, sizeof event, "event-%d", i);
        log_event(LEVEL_WARN, event, "x=1");
    }
    for (int i = 0; i < 25; i++)
        log_event(LEVEL_WARN, "event-299", "x=1");
    assert_int_equal(line_count, 325);
}

static void lines_have_priorities_only_where_stderr_is_the_journal(void **state)
{
    static const char *const expected[] = {"<7>debug e x=1\n", "<6>info e x=1\n", "<4>warn e x=1\n",
                                           "<3>error e x=1\n"};
    struct stat status;
    char stream[64];

    (void)state;
    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)status.st_dev,
             (unsigned long long)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_start(LEVEL_DEBUG);
    for (int i = 0; i < 4; i++) {
        log_event((enum log_level)i, "e", "x=1");
        assert_string_equal(lines[i], expected[i]);
    }
    for (int i = 0; i < 4; i++) {
        unsigned long long device = (unsigned long long)status.st_dev + (i == 0);
        unsigned long long inode = (unsigned long long)status.st_ino + (i == 1);

        snprintf(stream, sizeof stream, "%llu:%llu%s", device, inode, i == 2 ? "x" : "");
        setenv("JOURNAL_STREAM", i == 3 ? "journal" : stream, 1);
        log_start(LEVEL_DEBUG);
        log_event(LEVEL_INFO, "e", "x=1");
        assert_string_equal(lines[4 + i], "info e x=1\n");
    }
}

static void *on_thread(void *cookie)
{
    const char *event = cookie;

    for (int i = 0; i < EVENTS_EACH; i++) {
        log_event(LEVEL_WARN, "shared", "n=%d", i);
        log_event(LEVEL_ERROR, event, "n=%d", i);
    }
    return NULL;
}

static void threads_share_one_account(void **state)
{
    pthread_t threads[THREADS];
    size_t shared = 0;

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, on_thread, (void *)"own"), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < line_count; i++)
        shared += strncmp(lines[i], "warn shared ", 12) == 0;
    assert_int_equal(shared, 20);
    assert_int_equal(line_count, 20 + THREADS * EVENTS_EACH);
    now_s += 60;
    log_flush();
    assert_string_equal(lines[line_count - 1], "warn folded event=shared count=180\n");
}

static const struct {
    const char *text, *value;
} values[] = {
    {"plain", "plain"},
    {"a/b:c?d-e_f.g", "a/b:c?d-e_f.g"},
    {"Z\xC3\xBCrich", "Z\xC3\xBCrich"},
    {"", "\"\""},
    {"two words", "\"two words\""},
    {"a=b", "\"a=b\""},
    {"say \"x\" \\", "\"say \\\"x\\\" \\\\\""},
    {"a\nb", "\"a\\nb\""},
    {"\t\x01\x7f\x1b[1m", "\"\\x09\\x01\\x7f\\x1b[1m\""},
};

static void values_are_quoted_where_they_are_not_one_plain_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char out[LOG_VALUE_MAX];

        assert_ptr_equal(log_value(values[i].text, out), out);
        assert_string_equal(out, values[i].value);
    }
}

static void long_values_are_cut_between_characters_and_escapes(void **state)
{
    char text[2000], out[LOG_VALUE_MAX];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(strlen(log_value(text, out)), LOG_VALUE_MAX - 1);
    memcpy(text + LOG_VALUE_MAX - 2, "\xC3\xA9", 2);
    assert_int_equal(strlen(log_value(text, out)), LOG_VALUE_MAX - 2);
    text[0] = ' ';
    memcpy(text + LOG_VALUE_MAX - 4, "\xC3\xA9xx", 4);
    assert_int_equal(strlen(log_value(text, out)), LOG_VALUE_MAX - 2);
    assert_string_equal(out + LOG_VALUE_MAX - 4, "x\"");
    for (int i = 0; i < 1999; i++)
        text[i] = '\x01';
    assert_int_equal(strlen(log_value(text, out)), 2 + 127 * 4);
    assert_string_equal(out + strlen(out) - 5, "\\x01\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_line_is_level_event_and_values, fresh),
        cmocka_unit_test_setup(the_level_is_a_threshold, fresh),
        cmocka_unit_test_setup(levels_have_names, fresh),
        cmocka_unit_test_setup(a_line_stays_one_line_of_two_kibibytes, fresh),
        cmocka_unit_test_setup(a_line_is_not_cut_inside_a_character, fresh),
        cmocka_unit_test_setup(an_interrupted_write_is_made_again, fresh),
        cmocka_unit_test_setup(errno_is_kept, fresh),
        cmocka_unit_test_setup(a_repeated_event_is_folded_and_counted, fresh),
        cmocka_unit_test_setup(twenty_a_minute_are_not_folded, fresh),
        cmocka_unit_test_setup(errors_and_debug_are_never_folded, fresh),
        cmocka_unit_test_setup(what_somebody_asked_for_is_never_folded, fresh),
        cmocka_unit_test_setup(what_was_folded_is_said_by_the_next_event_of_any_kind_or_by_a_flush,
                               fresh),
        cmocka_unit_test_setup(more_kinds_of_events_than_places_are_said_unfolded, fresh),
        cmocka_unit_test_setup(lines_have_priorities_only_where_stderr_is_the_journal, fresh),
        cmocka_unit_test_setup(threads_share_one_account, fresh),
        cmocka_unit_test_setup(values_are_quoted_where_they_are_not_one_plain_word, fresh),
        cmocka_unit_test_setup(long_values_are_cut_between_characters_and_escapes, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
