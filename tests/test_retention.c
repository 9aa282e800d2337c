#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "storage/retention.h"

#define NOW    (INT64_C(1795435200) * US_PER_SECOND)
#define SECOND US_PER_SECOND
#define HOUR   (3600 * SECOND)
#define MIB    (UINT64_C(1) << 20)

static void what_is_older_than_keep_may_go(void **state)
{
    (void)state;
    assert_int_equal(retention_before(0, NOW), AT_NONE);
    assert_int_equal(retention_before(5000, NOW), NOW - 5 * SECOND);
    assert_int_equal(retention_before(INT64_C(1000) * 366 * MS_PER_DAY, NOW),
                     NOW - INT64_C(1000) * 366 * US_PER_DAY);
}

/* keep, age of the oldest poll, how long until the next look */
static const struct {
    int64_t keep_s, oldest_s, look_s;
} looks[] = {
    {10, 0, 11}, /* its last moment, and a second */
    {10, 8, 3},
    {10, 10, 1},  /* */
    {10, 500, 1}, /* it should be gone: soon */
    {640, 600, 50},
    {64000, 63900, 1100},   /* a part of keep later */
    {864000, 864000, 3600}, /* an hour at most */
    {864000, 0, 3600},
};

static void looks_come_a_little_after_the_oldest_poll_may_go(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++)
        assert_int_equal(
            retention_look_at(looks[i].keep_s * 1000, NOW - looks[i].oldest_s * SECOND, NOW) - NOW,
            looks[i].look_s * SECOND);
    assert_int_equal(retention_look_at(10000, AT_NONE, NOW), NOW + 11 * SECOND);
}

static void room_is_short_above_the_limit_until_it_is_well_below(void **state)
{
    static const struct {
        uint64_t used_mib;
        enum room_state state;
    } steps[] = {
        {64, ROOM_ENOUGH}, {65, ROOM_SHORT},  {64, ROOM_SHORT},  {69, ROOM_SHORT},
        {70, ROOM_NONE},   {66, ROOM_NONE},   {64, ROOM_SHORT},  {63, ROOM_ENOUGH},
        {64, ROOM_ENOUGH}, {100, ROOM_SHORT}, {104, ROOM_SHORT}, {105, ROOM_NONE},
    };
    struct retention_room room = {0};

    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        assert_int_equal(retention_room_note(&room, steps[i].used_mib * MIB, 64 * MIB),
                         steps[i].state);
    assert_int_equal(retention_room_note(&room, 105 * MIB, 0), ROOM_ENOUGH);
    assert_int_equal(retention_room_note(&room, 105 * MIB, 200 * MIB), ROOM_ENOUGH);
}

static void the_oldest_part_goes_first(void **state)
{
    (void)state;
    assert_int_equal(retention_cut(AT_NONE, NOW), AT_NONE);
    assert_int_equal(retention_cut(NOW - 64 * HOUR, NOW), NOW - 63 * HOUR);
    assert_int_equal(retention_cut(NOW - 10 * SECOND, NOW), NOW - 9 * SECOND);
    assert_true(retention_cut(NOW + HOUR, NOW) > NOW + HOUR); /* a clock that was set back */
}

static void a_clock_that_leaps_ahead_is_not_trusted_for_an_hour(void **state)
{
    struct retention_clock clock;
    int64_t boot_us = 100 * SECOND;

    (void)state;
    retention_clock_init(&clock, NOW - HOUR, NOW, boot_us);
    assert_true(retention_clock_is_trusted(&clock, NOW, boot_us));
    assert_true(retention_clock_is_trusted(&clock, NOW + 2 * HOUR, boot_us + 2 * HOUR));
    assert_true(retention_clock_is_trusted(&clock, NOW + 2 * HOUR + SECOND, boot_us + 2 * HOUR));
    boot_us += 2 * HOUR;
    assert_false(retention_clock_is_trusted(&clock, NOW + 365 * US_PER_DAY, boot_us));
    assert_false(retention_clock_is_trusted(&clock, NOW + 365 * US_PER_DAY, boot_us + HOUR / 2));
    assert_false(retention_clock_is_trusted(&clock, NOW, boot_us + HOUR / 2));
    assert_true(retention_clock_is_trusted(&clock, NOW, boot_us + HOUR));
}

static void a_clock_far_ahead_of_the_last_run_is_not_trusted_either(void **state)
{
    struct retention_clock clock;

    (void)state;
    retention_clock_init(&clock, AT_NONE, NOW, 0);
    assert_true(retention_clock_is_trusted(&clock, NOW, 0));
    retention_clock_init(&clock, NOW - 7 * US_PER_DAY, NOW, 0);
    assert_true(retention_clock_is_trusted(&clock, NOW, 0));
    retention_clock_init(&clock, NOW - 40 * US_PER_DAY, NOW, 0);
    assert_false(retention_clock_is_trusted(&clock, NOW, 0));
    assert_true(retention_clock_is_trusted(&clock, NOW + HOUR, HOUR));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_older_than_keep_may_go),
        cmocka_unit_test(looks_come_a_little_after_the_oldest_poll_may_go),
        cmocka_unit_test(room_is_short_above_the_limit_until_it_is_well_below),
        cmocka_unit_test(the_oldest_part_goes_first),
        cmocka_unit_test(a_clock_that_leaps_ahead_is_not_trusted_for_an_hour),
        cmocka_unit_test(a_clock_far_ahead_of_the_last_run_is_not_trusted_either),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
