#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "storage/key.h"

/* In the order in which they must lie on disk. */
static const struct {
    uint32_t feed_id;
    int64_t slot_at;
    uint64_t part;
} places[] = {
    {0, AT_NONE, 0},
    {0, -1, 0},
    {0, 0, 0},
    {0, AT_NEVER, UINT16_MAX},
    {1, AT_NONE, 0},
    {1, -US_PER_DAY, 0},
    {1, -1, 0},
    {1, 0, 0},
    {1, 0, 1},
    {1, 0, 255},
    {1, 0, 256},
    {1, 1, 0},
    {1, 255, 0},
    {1, 256, 0},
    {1, 1795435200 * US_PER_SECOND, 0},
    {1, AT_NEVER, 0},
    {255, 5, 0},
    {256, 4, 0},
    {UINT32_MAX, -5, 0},
    {UINT32_MAX, AT_NEVER, UINT16_MAX},
};
enum { PLACES = sizeof places / sizeof places[0] };

static void keys_sort_like_feed_time_and_part(void **state)
{
    uint8_t last[KEY_BODY_BYTES], key[KEY_BODY_BYTES];

    (void)state;
    for (size_t i = 0; i < PLACES; i++) {
        key_of_body(places[i].feed_id, places[i].slot_at, (uint16_t)places[i].part, key);
        if (i)
            assert_true(memcmp(last, key, sizeof key) < 0);
        memcpy(last, key, sizeof key);
    }
}

static void keys_give_back_what_they_were_made_of(void **state)
{
    uint8_t body[KEY_BODY_BYTES], poll[KEY_POLL_BYTES], number[KEY_NUMBER_BYTES];
    uint8_t feed[KEY_FEED_BYTES], time[8];

    (void)state;
    for (size_t i = 0; i < PLACES; i++) {
        key_of_body(places[i].feed_id, places[i].slot_at, (uint16_t)places[i].part, body);
        key_of_poll(places[i].feed_id, places[i].slot_at, poll);
        key_of_number(places[i].feed_id, (uint32_t)places[i].part, number);
        key_of_feed(places[i].feed_id, feed);
        key_of_time(places[i].slot_at, time);
        assert_int_equal(key_feed(body), places[i].feed_id);
        assert_int_equal(key_slot(body), places[i].slot_at);
        assert_int_equal(key_part(body), places[i].part);
        assert_memory_equal(poll, body, sizeof poll);
        assert_int_equal(key_feed(number), places[i].feed_id);
        assert_int_equal(key_number(number), places[i].part);
        assert_int_equal(key_feed(feed), places[i].feed_id);
        assert_int_equal(key_time(time), places[i].slot_at);
    }
}

static void keys_have_the_bytes_that_are_on_disk(void **state)
{
    static const uint8_t expected[KEY_BODY_BYTES] = {1, 2, 3, 4, 0x80, 0,    0,
                                                     0, 0, 0, 1, 2,    0xab, 0xcd};
    uint8_t key[KEY_BODY_BYTES];

    (void)state;
    key_of_body(0x01020304, 258, 0xabcd, key);
    assert_memory_equal(key, expected, sizeof key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_sort_like_feed_time_and_part),
        cmocka_unit_test(keys_give_back_what_they_were_made_of),
        cmocka_unit_test(keys_have_the_bytes_that_are_on_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
