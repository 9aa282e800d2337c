#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/polls.h"
#include "scratch_store.h"
#include "text_sink.h"

#define HEADER                                                                                     \
    "feed,slot,outcome,detail,started,ended,status,attempts,wire_bytes,body_bytes,flags,etag,"     \
    "last_modified,content_type,server_date,remote_address,definition\n"
#define AT(second) "2026-11-23T12:00:" second "+00:00"

static const struct export_range everything = {.from_at = AT_NONE, .to_at = AT_NEVER};

static int start(void **state)
{
    static struct scratch scratch;

    scratch_start(&scratch);
    assert_true(scratch_put(&scratch, scratch_feed(1, "bus")));
    assert_true(scratch_put(
        &scratch, scratch_definition(1, 1, "{\"url\":\"http://b.example/\",\"interval\":\"1s\"}")));
    *state = &scratch;
    return 0;
}

static int end(void **state)
{
    scratch_end(*state);
    return 0;
}

static void put_all_outcomes(struct scratch *scratch)
{
    struct record *record = scratch_new(1, NOON, "{}", 2);

    record->poll.flags = POLL_INVALID | POLL_ONCE | POLL_UNPLANNED;
    record->poll.server_date = (struct text){"Mon, 23 Nov", 11};
    record->poll.remote_address = (struct text){"192.0.2.1:443", 13};
    assert_true(scratch_put(scratch, record));
    assert_true(scratch_put(scratch, scratch_same(1, NOON + SECOND, NOON, "{}", 2)));
    assert_true(scratch_put(scratch, scratch_poll(1, NOON + 2 * SECOND, OUTCOME_FAILED)));
    assert_true(scratch_put(scratch, scratch_missed(1, NOON + 3 * SECOND, 3, SECOND)));
}

static int64_t print(struct scratch *scratch, const struct export_range *range, bool is_json,
                     const char *expected)
{
    struct text_sink text;
    struct err err = {0};
    int64_t until_at = 0;

    text_sink_init(&text);
    if (polls_run(scratch->store, range, is_json, &text.sink, &until_at, &err))
        fail_msg("%s", err.text);
    assert_string_equal(text_sink_text(&text), expected);
    text_sink_release(&text);
    return until_at;
}

static void every_slot_has_one_row(void **state)
{
    static const char expected[] = HEADER "bus," AT("00.000000") ",new,," AT("00.001234") "," AT(
        "00.056789") ",200,1,2,2,invalid once,\"\"\"v1\"\"\",,application/json,\"Mon, 23 "
                     "Nov\",192.0.2.1:443,1\n"
                     "bus," AT("01.000000") ",same,," AT("01.001234") "," AT(
                         "01.056789") ",200,1,0,2,,\"\"\"v1\"\"\",,application/json,,,1\n"
                                      "bus," AT("02.000000") ",failed,timeout," AT("02.001234") "," AT(
                                          "02.056789") ",,1,0,0,,,,,,,1\n"
                                                       "bus," AT(
                                                           "03.000000") ",missed,down,,,,,,,,,,,,,"
                                                                        "1\n"
                                                                        "bus," AT(
                                                                            "04.000000") ",missed,"
                                                                                         "down,,,,,"
                                                                                         ",,,,,,,,"
                                                                                         "1\n"
                                                                                         "bus," AT(
                                                                                             "05."
                                                                                             "00000"
                                                                                             "0") ",missed,down,,,,,,,,,,,,,1\n";
    struct scratch *scratch = *state;

    put_all_outcomes(scratch);
    assert_int_equal(print(scratch, &everything, false, expected), NOON + 5 * SECOND);
}

static void a_range_cuts_runs_of_missed_slots(void **state)
{
    struct scratch *scratch = *state;
    struct export_range range = {.from_at = NOON + 3 * SECOND + 1, .to_at = NOON + 5 * SECOND};

    put_all_outcomes(scratch);
    assert_int_equal(
        print(scratch, &range, false, HEADER "bus," AT("04.000000") ",missed,down,,,,,,,,,,,,,1\n"),
        NOON + 5 * SECOND);
    range = (struct export_range){.from_at = NOON + 5 * SECOND, .to_at = AT_NEVER};
    print(scratch, &range, false, HEADER "bus," AT("05.000000") ",missed,down,,,,,,,,,,,,,1\n");
    range = (struct export_range){.from_at = NOON + 6 * SECOND, .to_at = AT_NEVER};
    print(scratch, &range, false, HEADER);
    range = (struct export_range){.from_at = AT_NONE, .to_at = NOON};
    print(scratch, &range, false, HEADER);
}

#define NO_TEXTS                                                                                   \
    "\"flags\": null, \"etag\": null, \"last_modified\": null, \"content_type\": null, "           \
    "\"server_date\": null, \"remote_address\": null, \"definition\": 1}"
#define FAILED_JSON                                                                                \
    "{\"feed\": \"bus\", \"slot\": \"" AT(                                                         \
        "02.000000") "\", \"outcome\": \"failed\", "                                               \
                     "\"detail\": \"timeout\", \"started\": \"" AT(                                \
                         "02.001234") "\", \"ended\": \"" AT("02.056789") "\", \"status\": null, " \
                                                                          "\"attempts\": 1, "      \
                                                                          "\"wire_bytes\": 0, "    \
                                                                          "\"body_bytes\": "       \
                                                                          "0, " NO_TEXTS
#define MISSED_JSON                                                                                \
    "{\"feed\": \"bus\", \"slot\": \"" AT(                                                         \
        "03.000000") "\", \"outcome\": \"missed\", "                                               \
                     "\"detail\": \"down\", \"started\": null, \"ended\": null, \"status\": "      \
                     "null, "                                                                      \
                     "\"attempts\": null, \"wire_bytes\": null, \"body_bytes\": null, " NO_TEXTS

static void json_has_numbers_and_nulls(void **state)
{
    struct scratch *scratch = *state;
    struct export_range range = {.from_at = NOON + 2 * SECOND, .to_at = NOON + 4 * SECOND};

    put_all_outcomes(scratch);
    print(scratch, &range, true, "[\n" FAILED_JSON ",\n" MISSED_JSON "\n]\n");
    range.from_at = NOON + 100 * SECOND;
    range.to_at = AT_NEVER;
    print(scratch, &range, true, "[]\n");
}

static void a_feed_without_polls_is_stored_until_nothing(void **state)
{
    assert_int_equal(print(*state, &everything, false, HEADER), AT_NONE);
}

#define ON_STORE(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STORE(every_slot_has_one_row),
        ON_STORE(a_range_cuts_runs_of_missed_slots),
        ON_STORE(json_has_numbers_and_nulls),
        ON_STORE(a_feed_without_polls_is_stored_until_nothing),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    zones_release();
    return failed;
}
