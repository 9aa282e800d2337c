/* Metrics: the text is what Prometheus reads, and says what the views hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/outputs/metrics.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SECOND       US_PER_SECOND
#define NOON         (INT64_C(20781) * US_PER_DAY + US_PER_DAY / 2)

static const int64_t commit_bounds_us[] = {1000, 10000, INT64_MAX};

static void view_init(struct metrics_view *view)
{
    *view = (struct metrics_view){
        .service = {.version = "0.1.0",
                    .started_at = NOON - 5 * SECOND,
                    .now_at = NOON,
                    .store = {.state = "disk_full", .used_bytes = 4096, .free_bytes = -1}},
        .process = {.cpu_us = 1500000, .open_fds = 12, .max_fds = -1},
        .feeds = 2,
        .loaded_at = AT_NONE};
    measures_init(&view->measures);
    histogram_init(&view->writer.commits_us, commit_bounds_us);
}

/* All metrics of two feeds as one text; returns owned. */
static char *write_all(const struct metrics_view *view, const struct feed_view *feeds, size_t count)
{
    struct buf out;
    size_t length;

    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < metrics_count(); i++) {
        assert_int_equal(metrics_head(&out, i), 0);
        if (!metrics_is_of_feeds(i))
            assert_int_equal(metrics_service(&out, i, view), 0);
        for (size_t k = 0; metrics_is_of_feeds(i) && k < count; k++)
            assert_int_equal(metrics_feed(&out, i, &feeds[k], NOON), 0);
    }
    assert_int_equal(buf_append_char(&out, '\0'), 0);
    return buf_take(&out, &length);
}

static void assert_line(const char *text, const char *line)
{
    size_t length = strlen(line);

    for (const char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (strncmp(at, line, length) == 0 && at[length] == '\n')
            return;
    fail_msg("no line \"%s\" in:\n%s", line, text);
}

static void note(struct health *health, int64_t slot_at, enum outcome outcome,
                 enum poll_detail detail, uint64_t count)
{
    struct poll_record poll;

    poll_record_init(&poll);
    poll.slot_at = slot_at;
    poll.outcome = outcome;
    poll.detail = detail;
    poll.count = count;
    poll.step_us = count > 1 ? SECOND : 0;
    if (outcome != OUTCOME_MISSED) {
        poll.started_at = slot_at;
        poll.ended_at = slot_at + 1250000;
    }
    health_note(health, "bus", &poll, "");
}

static const char *const values[] = {
    "pollard_build_info{version=\"0.1.0\"} 1",
    "pollard_feeds 2",
    "pollard_store_used_bytes 4096",
    "pollard_store_state{state=\"ok\"} 0",
    "pollard_store_state{state=\"disk_full\"} 1",
    "pollard_config_last_reload_successful 0",
    "process_cpu_seconds_total 1.500000",
    "process_open_fds 12",
    "process_start_time_seconds 1795521595.000000",
    "pollard_polls_total{feed=\"bus\",outcome=\"new\"} 1",
    "pollard_polls_total{feed=\"bus\",outcome=\"missed\"} 1000",
    "pollard_polls_failed_total{feed=\"bus\",error=\"timeout\"} 2",
    "pollard_polls_missed_total{feed=\"bus\",reason=\"down\"} 1000",
    "pollard_feed_failures{feed=\"bus\"} 7",
    "pollard_feed_interval_seconds{feed=\"bus\"} 60.000000",
    "pollard_feed_last_poll_timestamp_seconds{feed=\"bus\"} 1795521591.250000",
    "pollard_feed_last_poll_duration_seconds{feed=\"bus\"} 1.250000",
    "pollard_feed_last_new_timestamp_seconds{feed=\"bus\"} 1795517621.250000",
    "pollard_polls_total{feed=\"a\\\"b\\\\c\\nd\",outcome=\"new\"} 0",
};
/* What there is not has no sample. */
static const char *const absent[] = {
    "pollard_store_free_bytes ",
    "process_max_fds ",
    "pollard_config_last_reload_success_timestamp_seconds ",
    "pollard_feed_last_poll_timestamp_seconds{feed=\"a",
    "pollard_feed_last_poll_duration_seconds{feed=\"a",
    "pollard_feed_interval_seconds{feed=\"a",
    "pollard_feed_complete_ratio{feed=\"a",
    "pollard_polls_failed_total{feed=\"a",
};

static void the_values_are_the_views(void **state)
{
    struct health healths[2];
    struct feed_view feeds[2] = {
        {.name = "bus", .interval_us = 60 * SECOND, .failures = 7, .health = &healths[0]},
        {.name = "a\"b\\c\nd", .interval_us = AT_NONE, .health = &healths[1]}};
    struct metrics_view view;
    char *text;

    (void)state;
    health_init(&healths[0]);
    health_init(&healths[1]);
    note(&healths[0], NOON - 3980 * SECOND, OUTCOME_NEW, DETAIL_NONE, 1);
    note(&healths[0], NOON - 2000 * SECOND, OUTCOME_MISSED, DETAIL_DOWN, 1000);
    note(&healths[0], NOON - 20 * SECOND, OUTCOME_FAILED, DETAIL_TIMEOUT, 1);
    note(&healths[0], NOON - 10 * SECOND, OUTCOME_FAILED, DETAIL_TIMEOUT, 1);
    view_init(&view);
    text = write_all(&view, feeds, 2);
    for (size_t i = 0; i < COUNT(values); i++)
        assert_line(text, values[i]);
    for (size_t i = 0; i < COUNT(absent); i++) {
        const char *found = strstr(text, absent[i]);

        if (found && (found == text || found[-1] == '\n'))
            fail_msg("there is \"%s\" in:\n%s", absent[i], text);
    }
    free(text);
}

static void a_histogram_adds_up(void **state)
{
    static const char *const lines[] = {
        "pollard_commit_duration_seconds_bucket{le=\"0.001\"} 2",
        "pollard_commit_duration_seconds_bucket{le=\"0.01\"} 3",
        "pollard_commit_duration_seconds_bucket{le=\"+Inf\"} 4",
        "pollard_commit_duration_seconds_sum 2.006000",
        "pollard_commit_duration_seconds_count 4",
        "pollard_request_duration_seconds_bucket{le=\"0.25\"} 1",
        "pollard_request_duration_seconds_bucket{le=\"0.1\"} 0",
        "pollard_body_bytes_bucket{le=\"1024\"} 1",
        "pollard_body_bytes_count 1",
        "pollard_poll_lateness_seconds_count 1",
        "pollard_poll_lateness_seconds_bucket{le=\"0.005\"} 1",
        "pollard_poll_lateness_seconds_bucket{le=\"0.001\"} 0",
    };
    struct metrics_view view;
    struct poll_record poll;
    char *text;

    (void)state;
    view_init(&view);
    histogram_note(&view.writer.commits_us, -5);
    histogram_note(&view.writer.commits_us, 1000);
    histogram_note(&view.writer.commits_us, 5000);
    histogram_note(&view.writer.commits_us, 2000000);
    measures_note_request(&view.measures, 250000);
    poll_record_init(&poll);
    poll.slot_at = NOON;
    poll.started_at = NOON + 3000;
    poll.attempts = 1;
    poll.body_bytes = 1000;
    poll.status = 200;
    measures_note_poll(&view.measures, &poll);
    poll.outcome = OUTCOME_MISSED; /* neither asked nor answered */
    measures_note_poll(&view.measures, &poll);
    text = write_all(&view, NULL, 0);
    for (size_t i = 0; i < COUNT(lines); i++)
        assert_line(text, lines[i]);
    free(text);
}

/* Conventions that promtool judges too: names, suffixes, one head before all samples of a metric.
 */
static void every_metric_keeps_the_conventions(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 1 << 16);
    for (size_t i = 0; i < metrics_count(); i++) {
        char name[128], type[16], help[200], other[128];
        size_t length;

        buf_reset(&out);
        assert_int_equal(metrics_head(&out, i), 0);
        assert_int_equal(sscanf(buf_text(&out), "# HELP %127s %199[^\n]\n# TYPE %127s %15s\n", name,
                                help, other, type),
                         4);
        length = strlen(name);
        assert_string_equal(name, other);
        assert_true(strncmp(name, "pollard_", 8) == 0 || strncmp(name, "process_", 8) == 0);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), length);
        assert_int_equal(strcmp(type, "counter") == 0, strcmp(name + length - 6, "_total") == 0);
        assert_true(help[strlen(help) - 1] == '.');
        for (size_t k = 0; k < i; k++) {
            struct buf earlier;

            buf_init(&earlier, 1 << 16);
            assert_int_equal(metrics_head(&earlier, k), 0);
            assert_string_not_equal(buf_text(&earlier), buf_text(&out));
            buf_release(&earlier);
        }
    }
    buf_release(&out);
}

static void the_process_is_looked_at(void **state)
{
    struct process_view view;

    (void)state;
    process_look(&view);
    assert_true(view.cpu_us >= 0);
    assert_true(view.resident_bytes > 102400);
    assert_true(view.virtual_bytes > view.resident_bytes);
    assert_true(view.open_fds >= 3);
    assert_true(view.threads >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_values_are_the_views),
        cmocka_unit_test(a_histogram_adds_up),
        cmocka_unit_test(every_metric_keeps_the_conventions),
        cmocka_unit_test(the_process_is_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
