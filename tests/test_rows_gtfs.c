#include "tests/rows_examples.h"
#include "tests/wire_text.h"

#define HEADER "1{1'2.0' 3=17} "

struct feed_example {
    const char *what, *kind, *body;
    const char *names, *rows;
    uint64_t unknown_fields, bodies_without_rows;
};

/* Exactly as long as the body, so that reading over its end is seen. */
static int decode(struct seen *seen, const char *bytes, size_t length, bool is_learning,
                  struct err *err)
{
    char *copy = malloc(length ? length : 1);
    int status;

    assert_non_null(copy);
    if (length)
        memcpy(copy, bytes, length);
    *err = (struct err){.kind = ERR_NONE};
    status = rows_decode(seen->rows, copy, length, is_learning ? NULL : on_row, seen, err);
    free(copy);
    return status;
}

static void start(struct seen *seen, const char *kind, const char *columns)
{
    struct err err;

    seen_init(seen);
    seen->rows = rows_new(FORMAT_GTFS_RT, NULL, columns, &err);
    assert_non_null(seen->rows);
    if (kind)
        assert_int_equal(rows_set_kind(seen->rows, kind, &err), 0);
}

static void check_example(const struct feed_example *example, bool is_learnt)
{
    struct seen seen;
    struct buf body, names;
    struct err err;

    start(&seen, example->kind, NULL);
    wire_text(&body, example->body);
    if (is_learnt && decode(&seen, body.bytes, body.length, true, &err))
        fail_msg("%s: learning: %s", example->what, err.text);
    if (decode(&seen, body.bytes, body.length, false, &err))
        fail_msg("%s: %s", example->what, err.text);
    if (strcmp(buf_text(&seen.text), example->rows) != 0)
        fail_msg("%s:\n%sand not\n%s", example->what, buf_text(&seen.text), example->rows);
    if (strcmp(columns_of(seen.rows, &names), example->names) != 0)
        fail_msg("%s: columns %s", example->what, buf_text(&names));
    if (rows_counts(seen.rows)->unknown_fields != example->unknown_fields)
        fail_msg("%s: %d unknown fields", example->what,
                 (int)rows_counts(seen.rows)->unknown_fields);
    if (rows_counts(seen.rows)->bodies_without_rows != example->bodies_without_rows)
        fail_msg("%s: bodies without rows", example->what);
    assert_int_equal(rows_counts(seen.rows)->duplicate_cells, 0);
    buf_release(&names);
    buf_release(&body);
    seen_release(&seen);
}

static const struct feed_example examples[] = {
    {"no entity", NULL, HEADER, "", "", 0, 0},
    {"a vehicle", NULL,
     HEADER "2{1'e1' 4{1{1't' 5'r'} 2{1~42.36127 2~-71.05 3~0} 4=1 5=1700000000 8{1'v'} 9=0}}",
     "id,feed_timestamp,trip.trip_id,trip.route_id,position.latitude,position.longitude,"
     "position.bearing,current_status,timestamp,vehicle.id,occupancy_status",
     "id='e1' feed_timestamp=17 trip.trip_id='t' trip.route_id='r' position.latitude=42.36127 "
     "position.longitude=-71.05 position.bearing=0 current_status='STOPPED_AT' "
     "timestamp=1700000000 vehicle.id='v' occupancy_status='EMPTY'\n",
     0, 0},
    {"a row for each stop_time_update, with what stands behind them in front", NULL,
     HEADER "2{1'e' 3{1{1't'} 2{1=1 2{2=100}} 2{1=2 3{1=-5 2=200} 4's'} 3{1'v'} 4=99 5=-30}}",
     "id,feed_timestamp,trip.trip_id,vehicle.id,timestamp,delay,stop_time_update.stop_sequence,"
     "stop_time_update.arrival.time,stop_time_update.departure.delay,"
     "stop_time_update.departure.time,stop_time_update.stop_id",
     "id='e' feed_timestamp=17 trip.trip_id='t' vehicle.id='v' timestamp=99 delay=-30 "
     "stop_time_update.stop_sequence=1 stop_time_update.arrival.time=100\n"
     "id='e' feed_timestamp=17 trip.trip_id='t' vehicle.id='v' timestamp=99 delay=-30 "
     "stop_time_update.stop_sequence=2 stop_time_update.departure.delay=-5 "
     "stop_time_update.departure.time=200 stop_time_update.stop_id='s'\n",
     0, 0},
    {"a trip update without one", NULL, HEADER "2{1'e' 3{1{1't' 4=3}}}",
     "id,feed_timestamp,trip.trip_id,trip.schedule_relationship",
     "id='e' feed_timestamp=17 trip.trip_id='t' trip.schedule_relationship='CANCELED'\n", 0, 0},
    {"an alert", NULL,
     HEADER "2{1'e' 5{1{1=1 2=2} 1{1=3} 5{1'a'} 5{4{1't'}} 6=9 10{1{1'say \"x\"' 2'en'} 1{1'é'}}}}",
     "id,feed_timestamp,active_period,cause,header_text.translation,informed_entity.agency_id,"
     "informed_entity.trip.trip_id",
     "id='e' feed_timestamp=17 active_period=j[{\"start\":1,\"end\":2},{\"start\":3}] "
     "cause='MAINTENANCE' header_text.translation=j[{\"text\":\"say "
     "\\\"x\\\"\",\"language\":\"en\"}"
     ",{\"text\":\"é\"}] informed_entity.agency_id='a'\n"
     "id='e' feed_timestamp=17 active_period=j[{\"start\":1,\"end\":2},{\"start\":3}] "
     "cause='MAINTENANCE' header_text.translation=j[{\"text\":\"say "
     "\\\"x\\\"\",\"language\":\"en\"}"
     ",{\"text\":\"é\"}] informed_entity.trip.trip_id='t'\n",
     0, 0},
    {"an alert for nobody", NULL, HEADER "2{1'e' 5{7=1}}", "id,feed_timestamp,effect",
     "id='e' feed_timestamp=17 effect='NO_SERVICE'\n", 0, 0},
    {"trip modifications", NULL, HEADER "2{1'e' 8{1{1't1' 1't2' 2's'} 3'20240101' 4{1{1=4} 3=0}}}",
     "id,feed_timestamp,selected_trips,service_dates,modifications",
     "id='e' feed_timestamp=17 selected_trips=j[{\"trip_ids\":[\"t1\",\"t2\"],\"shape_id\":\"s\"}] "
     "service_dates=j[\"20240101\"] modifications=j[{\"start_stop_selector\":{\"stop_sequence\":4},"
     "\"propagated_modification_delay\":0}]\n",
     0, 0},
    {"a feed of changes", NULL, "1{1'2.0' 2=1} 2{1'gone' 2=1} 2{1'b' 2=0 4{7's'}}",
     "id,feed_timestamp,feed_incrementality,is_deleted,stop_id",
     "id='gone' feed_incrementality='DIFFERENTIAL' is_deleted=true\n"
     "id='b' feed_incrementality='DIFFERENTIAL' is_deleted=false stop_id='s'\n",
     0, 0},
    {"a full data set that says so", NULL, "1{1'2.0' 2=0} 2{1'a' 4{}}", "id,feed_timestamp",
     "id='a'\n", 0, 0},
    {"one kind of several", "vehicle", HEADER "2{1'a' 3{}} 2{1'b' 4{7's'}} 2{1'c' 5{}}",
     "id,feed_timestamp,stop_id", "id='b' feed_timestamp=17 stop_id='s'\n", 0, 0},
    {"both kinds in one entity", "trip_update", HEADER "2{1'a' 4{7's'} 3{5=1}}",
     "id,feed_timestamp,delay", "id='a' feed_timestamp=17 delay=1\n", 0, 0},
    {"a kind that is not there", "alert", HEADER "2{1'a' 3{}}", "", "", 0, 1},
    {"a header behind the entities", NULL, "2{1'a' 4{}} 1{1'1.0' 3=18446744073709551615}",
     "id,feed_timestamp", "id='a' feed_timestamp=18446744073709551615\n", 0, 0},
    {"enum numbers without a name", NULL, HEADER "2{1'a' 4{4=77 6=-1}}",
     "id,feed_timestamp,current_status,congestion_level",
     "id='a' feed_timestamp=17 current_status=77 congestion_level=-1\n", 0, 0},
    {"extensions and groups are counted and left out", NULL,
     "1{1'2.0' 1001'x'} 9=1 7[3=1 4[] 5'x'] 2{1'a' 1001{} 3{1{1't' 1001'n' 1002~1} 2{1=1 1001'x'} "
     "2{1=2 1001'x'}}}",
     "id,feed_timestamp,trip.trip_id,stop_time_update.stop_sequence",
     "id='a' trip.trip_id='t' stop_time_update.stop_sequence=1\n"
     "id='a' trip.trip_id='t' stop_time_update.stop_sequence=2\n",
     8, 0},
    {"a field that was sent as something else is unknown", NULL, HEADER "2{1'a' 4{7=5 5'x' 3=4}}",
     "id,feed_timestamp,current_stop_sequence",
     "id='a' feed_timestamp=17 current_stop_sequence=4\n", 2, 0},
    {"the last of several counts", NULL, HEADER "2{1'a' 1'b' 4{7's' 7't' 3=1 3=2}}",
     "id,feed_timestamp,current_stop_sequence,stop_id",
     "id='b' feed_timestamp=17 current_stop_sequence=2 stop_id='t'\n", 0, 0},
    {"messages in parts are one", NULL,
     "1{1'2.0' 3=1} 1{3=2} 2{1'a' 3{1{1't'} 2{1=1 2{1=5}} 1{5'r'}} 3{2{1=2 2{1=6} 2{2=7}}}}",
     "id,feed_timestamp,trip.trip_id,trip.route_id,stop_time_update.stop_sequence,"
     "stop_time_update.arrival.delay,stop_time_update.arrival.time",
     "id='a' feed_timestamp=2 trip.trip_id='t' trip.route_id='r' stop_time_update.stop_sequence=1 "
     "stop_time_update.arrival.delay=5\n"
     "id='a' feed_timestamp=2 trip.trip_id='t' trip.route_id='r' stop_time_update.stop_sequence=2 "
     "stop_time_update.arrival.delay=6 stop_time_update.arrival.time=7\n",
     0, 0},
    {"numbers at their ends", NULL,
     HEADER "2{1'a' 3{4=18446744073709551615 5=-2147483648 2{1=4294967295 2{2=-9223372036854775808 "
            "4=9223372036854775807}}}}",
     "id,feed_timestamp,timestamp,delay,stop_time_update.stop_sequence,"
     "stop_time_update.arrival.time,stop_time_update.arrival.scheduled_time",
     "id='a' feed_timestamp=17 timestamp=18446744073709551615 delay=-2147483648 "
     "stop_time_update.stop_sequence=4294967295 "
     "stop_time_update.arrival.time=-9223372036854775808 "
     "stop_time_update.arrival.scheduled_time=9223372036854775807\n",
     0, 0},
    {"floats in the fewest digits", NULL,
     HEADER "2{1'a' 4{2{1~-0 2~0.1 3~16777216 4^123456789.25 5~999999.94}}} "
            "2{1'b' 4{2{1~1 2~1.0000001 3~359.99997 4^0.1 5~3.4028235e38}}} "
            "2{1'c' 4{2{1~nan 2~-inf 3~1e-45 4^5e-324 5~33.333332}}}",
     "id,feed_timestamp,position.latitude,position.longitude,position.bearing,position.odometer,"
     "position.speed",
     "id='a' feed_timestamp=17 position.latitude=-0 position.longitude=0.1 "
     "position.bearing=16777216 position.odometer=123456789.25 position.speed=999999.94\n"
     "id='b' feed_timestamp=17 position.latitude=1 position.longitude=1.0000001 "
     "position.bearing=359.99997 position.odometer=0.1 position.speed=3.4028235e+38\n"
     "id='c' feed_timestamp=17 position.latitude='NaN' position.longitude='-Infinity' "
     "position.bearing=1e-45 position.odometer=5e-324 "
     "position.speed=33.333332\n",
     0, 0},
    {"text that is empty or absent", NULL, HEADER "2{1'' 4{7''}} 2{4{3=0}}",
     "id,feed_timestamp,stop_id,current_stop_sequence",
     "id='' feed_timestamp=17 stop_id=''\nfeed_timestamp=17 current_stop_sequence=0\n", 0, 0},
};

static void feeds_become_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        check_example(&examples[i], false);
        check_example(&examples[i], true);
    }
}

static void nul_in_a_text_is_kept(void **state)
{
    static const char body[] = "\n\005\n\0032.0\022\007\n\003a\0b\"\000";
    struct seen seen;
    struct err err;

    (void)state;
    start(&seen, NULL, NULL);
    assert_int_equal(decode(&seen, body, sizeof body - 1, false, &err), 0);
    assert_memory_equal(seen.text.bytes, "id='a\0b'\n", seen.text.length);
    seen_release(&seen);
}

static void ill_formed_bodies_give_no_row(void **state)
{
    static const struct {
        const char *body, *says;
    } mistakes[] = {
        {"", "no header with a version"},
        {"2{1'a' 4{}}", "no header with a version"},
        {"1{3=5} 2{1'a' 4{}}", "no header with a version"},
        {HEADER "2{1'a' 4{}} 2'\n\005x'", "entity 2 is ill-formed"},
        {HEADER "2{1'a' 4{7's'}} 2{1'b' 4{1{1't'} 2'\r\001\001'}}", "entity 2 is ill-formed"},
        {HEADER "2{1'a' 3{2{2'\b'}}}", "entity 1 is ill-formed"},
        {"1{1'2.0' 2'\x0F'} 1'\x0F'", "header is ill-formed"},
        {HEADER "2{1'a' 4{}} 3'x' 4=1", "cut short after entity 1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        struct seen seen;
        struct buf body;
        struct err err;

        start(&seen, NULL, NULL);
        wire_text(&body, mistakes[i].body);
        /* The last has a tag whose value is missing. */
        if (i + 1 == sizeof mistakes / sizeof mistakes[0])
            body.length--;
        assert_int_equal(decode(&seen, body.bytes, body.length, false, &err), -1);
        assert_int_equal(err.kind, ERR_INPUT);
        if (!strstr(err.text, mistakes[i].says))
            fail_msg("%s: %s", mistakes[i].body, err.text);
        assert_int_equal(seen.count, 0);
        assert_int_equal(rows_column_count(seen.rows), 0);
        buf_release(&body);
        seen_release(&seen);
    }
}

/* At each byte: only where a field of the message ends is what is left a message. */
static void a_body_cut_anywhere_is_no_surprise(void **state)
{
    const char *text = HEADER "2{1'a' 3{1{1't'} 2{1=300 2{2=1700000000}} 4=5}} 2{1'b' 3{5=-1}}";
    struct buf body;
    size_t whole = 0;

    (void)state;
    wire_text(&body, text);
    for (size_t length = 0; length <= body.length; length++) {
        struct seen seen;
        struct err err;

        start(&seen, NULL, NULL);
        if (decode(&seen, body.bytes, length, false, &err))
            assert_int_equal(err.kind, ERR_INPUT);
        else
            whole++;
        seen_release(&seen);
    }
    assert_int_equal(whole, 3);
    buf_release(&body);
}

static void several_kinds_need_a_choice(void **state)
{
    struct seen seen;
    struct buf body;
    struct err err;

    (void)state;
    start(&seen, NULL, NULL);
    wire_text(&body, HEADER "2{1'a' 3{}} 2{1'b' 5{}}");
    assert_int_equal(decode(&seen, body.bytes, body.length, false, &err), -1);
    assert_int_equal(err.kind, ERR_USAGE);
    assert_string_equal(err.text,
                        "entities of several kinds: choose one of trip_update, alert by --kind");
    assert_int_equal(seen.count, 0);
    buf_release(&body);
    seen_release(&seen);

    /* Also where each body has only one. */
    start(&seen, NULL, NULL);
    wire_text(&body, HEADER "2{1'a' 4{}}");
    assert_int_equal(decode(&seen, body.bytes, body.length, true, &err), 0);
    buf_release(&body);
    wire_text(&body, HEADER "2{1'a' 3{}}");
    assert_int_equal(decode(&seen, body.bytes, body.length, true, &err), -1);
    assert_non_null(strstr(err.text, "trip_update, vehicle"));
    buf_release(&body);
    seen_release(&seen);
}

static void a_wrong_kind_or_path_is_refused(void **state)
{
    struct err err;
    struct rows *rows = rows_new(FORMAT_GTFS_RT, "$", NULL, &err);

    (void)state;
    assert_non_null(rows);
    assert_int_equal(rows_set_kind(rows, "vehicles", &err), -1);
    assert_int_equal(err.kind, ERR_USAGE);
    assert_int_equal(rows_set_kind(rows, "id", &err), -1);
    rows_free(rows);
    assert_null(rows_new(FORMAT_GTFS_RT, "$.entity", NULL, &err));
    assert_int_equal(err.kind, ERR_INPUT);
    rows = rows_new(FORMAT_JSON, "$", NULL, &err);
    assert_int_equal(rows_set_kind(rows, "vehicle", &err), 0);
    rows_free(rows);
}

static void given_columns_and_no_others(void **state)
{
    struct seen seen;
    struct buf body;
    struct err err;

    (void)state;
    start(&seen, NULL, "[\"delay\",\"nothing\",\"stop_time_update.stop_id\",\"trip.trip_id\"]");
    wire_text(&body, HEADER "2{1'e' 3{1{1't' 2'x'} 2{1=1 4's'} 2{1=2 3{1=-5}} 5=-30 6{1'u'}}}");
    assert_int_equal(decode(&seen, body.bytes, body.length, false, &err), 0);
    assert_string_equal(buf_text(&seen.text),
                        "trip.trip_id='t' delay=-30 stop_time_update.stop_id='s'\n"
                        "trip.trip_id='t' delay=-30\n");
    buf_release(&body);
    seen_release(&seen);
}

static void columns_by_another_name(void **state)
{
    struct seen seen;
    struct buf body;
    struct err err;

    (void)state;
    start(&seen, NULL, "{\"late\":\"@.delay\",\"trip\":\"@.trip.trip_id\",\"x\":\"@['no']\"}");
    wire_text(&body, HEADER "2{1'e' 3{1{1't'} 5=-30}}");
    assert_int_equal(decode(&seen, body.bytes, body.length, false, &err), 0);
    assert_string_equal(buf_text(&seen.text), "trip='t' late=-30\n");
    buf_release(&body);
    seen_release(&seen);
}

static void stopping_stops(void **state)
{
    struct seen seen;
    struct buf body;
    struct err err;

    (void)state;
    start(&seen, NULL, NULL);
    seen.stop_after = 2;
    wire_text(&body, HEADER "2{1'e' 3{2{} 2{} 2{}}} 2{1'f' 3{}}");
    assert_int_equal(decode(&seen, body.bytes, body.length, false, &err), -1);
    assert_int_equal(err.kind, ERR_NONE);
    assert_int_equal(seen.count, 2);
    buf_release(&body);
    seen_release(&seen);
}

static void repeat(struct buf *body, const char *text, size_t times)
{
    struct buf part;

    wire_text(&part, text);
    for (size_t i = 0; i < times; i++)
        wire_put(body, part.bytes, part.length);
    buf_release(&part);
}

static void deep_groups_are_refused(void **state)
{
    (void)state;
    for (size_t depth = 64; depth <= 65; depth++) {
        struct seen seen;
        struct buf body;
        struct err err;

        start(&seen, NULL, NULL);
        wire_text(&body, HEADER);
        for (size_t i = 0; i < depth; i++)
            wire_varint(&body, 9 << 3 | 3);
        for (size_t i = 0; i < depth; i++)
            wire_varint(&body, 9 << 3 | 4);
        assert_int_equal(decode(&seen, body.bytes, body.length, false, &err), depth == 64 ? 0 : -1);
        buf_release(&body);
        seen_release(&seen);
    }
}

/* A hundred thousand of the smallest parts: time follows the length, and nothing is kept of them.
 */
static void bombs_are_only_long(void **state)
{
    static const char *const parts[] = {"2{}", "2{3{}}", "2{4{8{} 8{}}}", "1{3=1}", "77=1"};

    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct seen seen;
        struct buf body;
        struct err err;

        start(&seen, "vehicle", "[\"id\"]");
        buf_init(&body, 16 << 20);
        repeat(&body, HEADER, 1);
        repeat(&body, parts[i], 100000);
        assert_int_equal(decode(&seen, body.bytes, body.length, false, &err), 0);
        buf_release(&body);
        seen_release(&seen);
    }
}

static void merging_many_parts_is_not_quadratic(void **state)
{
    struct seen seen;
    struct buf body, entity;
    struct err err;

    (void)state;
    start(&seen, NULL, NULL);
    buf_init(&body, 16 << 20);
    buf_init(&entity, 16 << 20);
    repeat(&body, HEADER, 1);
    repeat(&entity, "3{2{1=1} 1{1't'}}", 50000);
    wire_bytes(&body, 2, entity.bytes, entity.length);
    assert_int_equal(decode(&seen, body.bytes, body.length, false, &err), 0);
    assert_int_equal(seen.count, 50000);
    buf_release(&entity);
    buf_release(&body);
    seen_release(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(feeds_become_rows),
        cmocka_unit_test(nul_in_a_text_is_kept),
        cmocka_unit_test(ill_formed_bodies_give_no_row),
        cmocka_unit_test(a_body_cut_anywhere_is_no_surprise),
        cmocka_unit_test(several_kinds_need_a_choice),
        cmocka_unit_test(a_wrong_kind_or_path_is_refused),
        cmocka_unit_test(given_columns_and_no_others),
        cmocka_unit_test(columns_by_another_name),
        cmocka_unit_test(stopping_stops),
        cmocka_unit_test(deep_groups_are_refused),
        cmocka_unit_test(bombs_are_only_long),
        cmocka_unit_test(merging_many_parts_is_not_quadratic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
