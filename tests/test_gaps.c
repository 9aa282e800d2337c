#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/gaps.h"
#include "scratch_store.h"
#include "text_sink.h"

#define HEADER                                                                                     \
    "feed,from,to,slots,new,same,invalid,failed,missed,complete_percent,longest_gap_slots\n"
#define LIST_HEADER "feed,from,to,slots,outcome,detail\n"
#define AT(second)  "2026-11-23T12:00:" second ".000000+00:00"

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

/* N new, S same, I invalid, F failed, M missed/down, B missed/busy: one a second from NOON. */
static void put_slots(struct scratch *scratch, uint32_t feed_id, const char *slots)
{
    int64_t slot_at = NOON, body_slot_at = NOON;
    char body[32];

    for (; *slots; slots++, slot_at += SECOND) {
        struct record *record;

        if (*slots == 'S') {
            snprintf(body, sizeof body, "%lld", (long long)body_slot_at);
            record = scratch_same(feed_id, slot_at, body_slot_at, body, strlen(body));
        } else if (*slots == 'F') {
            record = scratch_poll(feed_id, slot_at, OUTCOME_FAILED);
        } else if (*slots == 'M' || *slots == 'B') {
            record = scratch_poll(feed_id, slot_at, OUTCOME_MISSED);
            record->poll.detail = *slots == 'B' ? DETAIL_BUSY : DETAIL_DOWN;
        } else {
            body_slot_at = slot_at;
            snprintf(body, sizeof body, "%lld", (long long)slot_at);
            record = scratch_new(feed_id, slot_at, body, strlen(body));
            record->poll.flags = *slots == 'I' ? POLL_INVALID : 0;
        }
        assert_true(scratch_put(scratch, record));
    }
}

static void print(struct scratch *scratch, const struct export_range *range, bool is_list,
                  bool is_json, const char *expected)
{
    struct text_sink text;
    struct err err = {0};
    int64_t until_at = 0;

    text_sink_init(&text);
    if (gaps_run(scratch->store, range, is_list, is_json, &text.sink, &until_at, &err))
        fail_msg("%s", err.text);
    assert_string_equal(text_sink_text(&text), expected);
    text_sink_release(&text);
}

static void every_slot_counts_once(void **state)
{
    struct scratch *scratch = *state;

    put_slots(scratch, 1, "NSSIFFMNF");
    print(scratch, &everything, false, false,
          HEADER "bus," AT("00") "," AT("08") ",9,2,2,1,3,1,44.44,4\n");
    print(scratch, &everything, false, true,
          "[\n{\"feed\": \"bus\", \"from\": \"" AT("00") "\", \"to\": \"" AT(
              "08") "\", "
                    "\"slots\": 9, \"new\": 2, \"same\": 2, \"invalid\": 1, \"failed\": 3, "
                    "\"missed\": 1, "
                    "\"complete_percent\": 44.44, \"longest_gap_slots\": 4}\n]\n");
}

static void gaps_are_split_by_what_happened(void **state)
{
    struct scratch *scratch = *state;

    put_slots(scratch, 1, "NIFFMBBNSF");
    print(scratch, &everything, true, false,
          LIST_HEADER "bus," AT("01") "," AT(
              "07") ",1,invalid,\n"
                    "bus," AT("02") "," AT(
                        "07") ",2,failed,timeout\n"
                              "bus," AT("04") "," AT(
                                  "07") ",1,missed,down\n"
                                        "bus," AT("05") "," AT(
                                            "07") ",2,missed,busy\n"
                                                  "bus," AT("09") ",,1,failed,timeout\n");
    print(scratch, &everything, false, false,
          HEADER "bus," AT("00") "," AT("09") ",10,2,1,1,3,3,30.00,6\n");
}

static void runs_of_missed_slots_count_in_full(void **state)
{
    struct scratch *scratch = *state;
    struct export_range range = {.from_at = NOON + 5 * SECOND, .to_at = NOON + 15 * SECOND};

    put_slots(scratch, 1, "N");
    assert_true(scratch_put(scratch, scratch_missed(1, NOON + SECOND, 29, SECOND)));
    assert_true(scratch_put(scratch, scratch_new(1, NOON + 30 * SECOND, "x", 1)));
    print(scratch, &everything, false, false,
          HEADER "bus," AT("00") "," AT("30") ",31,2,0,0,0,29,6.45,29\n");
    print(scratch, &range, false, false,
          HEADER "bus," AT("05") "," AT("14") ",10,0,0,0,0,10,0.00,10\n");
    /* The gap ends where it ends, also when the range cuts it off. */
    print(scratch, &range, true, false,
          LIST_HEADER "bus," AT("05") "," AT("30") ",10,missed,down\n");
}

static void feeds_without_slots_in_the_range_have_no_row(void **state)
{
    struct scratch *scratch = *state;
    struct export_range range = {.from_at = NOON + 100 * SECOND, .to_at = AT_NEVER};

    assert_true(scratch_put(scratch, scratch_feed(2, "tram")));
    put_slots(scratch, 1, "NN");
    print(scratch, &everything, false, false,
          HEADER "bus," AT("00") "," AT("01") ",2,2,0,0,0,0,100.00,0\n");
    print(scratch, &everything, true, false, LIST_HEADER);
    print(scratch, &range, false, false, HEADER);
    print(scratch, &range, true, true, "[]\n");
}

#define ON_STORE(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STORE(every_slot_counts_once),
        ON_STORE(gaps_are_split_by_what_happened),
        ON_STORE(runs_of_missed_slots_count_in_full),
        ON_STORE(feeds_without_slots_in_the_range_have_no_row),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    zones_release();
    return failed;
}
