#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"

static void fill(unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = (unsigned char)(i * 31 + (i >> 8));
}

/* Stores are full of these: another value from whatever library is a store that cannot be read. */
static const struct {
    const char *text, *hash;
} known[] = {
    {"", "99aa06d3014798d86001c324468d497f"},
    {"a", "a96faf705af16834e6c632b61e964e1f"},
    {"abc", "06b05ab6733a618578af5f94892f3950"},
    {"The quick brown fox jumps over the lazy dog", "ddd650205ca3e7fa24a1cc2e3a8a7651"},
};

static void fingerprints_are_the_canonical_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct hash hash = hash_of(known[i].text, strlen(known[i].text));
        char out[2 * sizeof hash.bytes + 1];

        for (size_t digit = 0; digit < sizeof hash.bytes; digit++)
            snprintf(out + 2 * digit, 3, "%02x", hash.bytes[digit]);
        assert_string_equal(out, known[i].hash);
    }
}

static void nothing_at_all_has_a_fingerprint(void **state)
{
    struct hash nothing = hash_of(NULL, 0), empty = hash_of("", 0);

    (void)state;
    assert_true(hash_equal(&nothing, &empty));
    assert_int_equal(hash64(NULL, 0, 0), UINT64_C(0x2D06800538D394C2));
}

static void one_flipped_bit_is_another_fingerprint(void **state)
{
    unsigned char bytes[2000];
    struct hash whole, other;

    (void)state;
    fill(bytes, sizeof bytes);
    whole = hash_of(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i += 37) {
        uint64_t checksum = hash64(bytes, sizeof bytes, 0);

        bytes[i] ^= 0x10;
        other = hash_of(bytes, sizeof bytes);
        assert_false(hash_equal(&whole, &other));
        assert_true(hash64(bytes, sizeof bytes, 0) != checksum);
        bytes[i] ^= 0x10;
    }
    other = hash_of(bytes, sizeof bytes);
    assert_true(hash_equal(&whole, &other));
    other = hash_of(bytes, sizeof bytes - 1);
    assert_false(hash_equal(&whole, &other));
}

static void the_seed_matters(void **state)
{
    (void)state;
    assert_true(hash64("feed", 4, 0) != hash64("feed", 4, 1));
    assert_true(hash64("feed", 4, 7) == hash64("feed", 4, 7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fingerprints_are_the_canonical_ones),
        cmocka_unit_test(nothing_at_all_has_a_fingerprint),
        cmocka_unit_test(one_flipped_bit_is_another_fingerprint),
        cmocka_unit_test(the_seed_matters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
