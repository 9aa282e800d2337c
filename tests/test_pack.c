#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scratch_store.h"
#include "storage/pack.h"

enum { LARGEST = 3 * 1024 * 1024, BLOCK_MOST = LARGEST + 65536 };

struct bench {
    struct packer *packer;
    struct buf block, body;
    char *raw;
};

static int start(void **state)
{
    static struct bench bench;

    bench.packer = packer_new();
    bench.raw = malloc(LARGEST);
    assert_non_null(bench.packer);
    assert_non_null(bench.raw);
    buf_init(&bench.block, BLOCK_MOST);
    buf_init(&bench.body, LARGEST);
    *state = &bench;
    return 0;
}

static int end(void **state)
{
    struct bench *bench = *state;

    packer_free(bench->packer);
    buf_release(&bench->block);
    buf_release(&bench->body);
    free(bench->raw);
    return 0;
}

static void pack_one(struct bench *bench, int64_t slot_at, size_t length)
{
    const struct pack_entry entry = {slot_at, length, hash_of(bench->raw, length)};
    struct err err = {0};

    if (packer_pack(bench->packer, &entry, 1, bench->raw, length, &bench->block, &err))
        fail_msg("%s", err.text);
}

static void assert_unpacks(struct bench *bench, int64_t slot_at, const char *raw, size_t length)
{
    struct err err = {0};

    if (packer_unpack(bench->packer, bench->block.bytes, bench->block.length, slot_at, &bench->body,
                      &err))
        fail_msg("%s", err.text);
    assert_int_equal(bench->body.length, length);
    assert_memory_equal(bench->body.bytes, raw, length);
}

static const size_t lengths[] = {
    0, 1, 15, 100, 4096, 65536, PACK_PART_BYTES - 48, PACK_PART_BYTES, LARGEST};

static void bodies_of_any_length_come_back(void **state)
{
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        scratch_noise(bench->raw, lengths[i], i);
        pack_one(bench, (int64_t)i, lengths[i]);
        assert_unpacks(bench, (int64_t)i, bench->raw, lengths[i]);
        assert_in_range(bench->block.length, lengths[i], lengths[i] + 48); /* never larger */

        memset(bench->raw, 'a', lengths[i]);
        pack_one(bench, -5, lengths[i]);
        assert_unpacks(bench, -5, bench->raw, lengths[i]);
        if (lengths[i] > 4096)
            assert_in_range(bench->block.length, 0, lengths[i] / 10);
    }
}

static void the_header_says_how_many_parts_the_block_has(void **state)
{
    struct bench *bench = *state;
    struct pack_header header;
    struct pack_entry entry;
    struct err err;

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        scratch_noise(bench->raw, lengths[i], i);
        pack_one(bench, NOON, lengths[i]);
        assert_int_equal(pack_read_header(bench->block.bytes, bench->block.length, &header, &err),
                         0);
        assert_int_equal(header.count, 1);
        assert_int_equal(header.raw_bytes, lengths[i]);
        assert_int_equal(header.header_bytes + header.packed_bytes, bench->block.length);
        assert_int_equal(header.parts,
                         (bench->block.length + PACK_PART_BYTES - 1) / PACK_PART_BYTES);
        assert_int_equal(pack_read_entry(bench->block.bytes, bench->block.length, 0, &entry, &err),
                         0);
        assert_int_equal(entry.slot_at, NOON);
    }
}

/* Bodies of different lengths, one of them empty, in one block. */
static size_t many(struct bench *bench, struct pack_entry *entries, size_t count)
{
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        size_t length = i == 3 ? 0 : 100 + 37 * i;

        for (size_t j = 0; j < length; j++)
            bench->raw[at + j] = (char)("{\"id\":1234567}"[j % 14] + (j % 97 == i));
        entries[i] = (struct pack_entry){NOON + (int64_t)i * SECOND, length,
                                         hash_of(bench->raw + at, length)};
        at += length;
    }
    return at;
}

static void a_block_of_many_gives_each_of_its_bodies(void **state)
{
    enum { COUNT = 50 };
    struct bench *bench = *state;
    struct pack_entry entries[COUNT];
    size_t at = 0, length = many(bench, entries, COUNT);
    struct err err;

    assert_int_equal(
        packer_pack(bench->packer, entries, COUNT, bench->raw, length, &bench->block, &err), 0);
    for (size_t i = 0; i < COUNT; i++) {
        assert_unpacks(bench, entries[i].slot_at, bench->raw + at, (size_t)entries[i].raw_bytes);
        at += (size_t)entries[i].raw_bytes;
    }
    assert_int_equal(packer_unpack(bench->packer, bench->block.bytes, bench->block.length, NOON + 1,
                                   &bench->body, &err),
                     -1);
    assert_int_equal(err.kind, ERR_ABSENT);
}

static void what_does_not_add_up_is_not_packed(void **state)
{
    struct bench *bench = *state;
    struct pack_entry entries[10];
    size_t length = many(bench, entries, 10);
    struct err err;

    assert_int_equal(
        packer_pack(bench->packer, entries, 10, bench->raw, length + 1, &bench->block, &err), -1);
    entries[4].slot_at = entries[3].slot_at;
    assert_int_equal(
        packer_pack(bench->packer, entries, 10, bench->raw, length, &bench->block, &err), -1);
    assert_int_equal(packer_pack(bench->packer, entries, 0, bench->raw, 0, &bench->block, &err),
                     -1);
}

static void a_body_larger_than_the_buf_is_refused(void **state)
{
    struct bench *bench = *state;
    struct buf small;
    struct err err;

    memset(bench->raw, 'x', 1000);
    pack_one(bench, 1, 1000);
    buf_init(&small, 999);
    assert_int_equal(
        packer_unpack(bench->packer, bench->block.bytes, bench->block.length, 1, &small, &err), -1);
    assert_int_equal(err.kind, ERR_FULL);
    buf_release(&small);
    buf_init(&small, 1000);
    assert_int_equal(
        packer_unpack(bench->packer, bench->block.bytes, bench->block.length, 1, &small, &err), 0);
    buf_release(&small);
}

/* Decodes a copy in memory of exactly its size: either the right body or an error. */
static void assert_right_or_refused(struct bench *bench, const struct pack_entry *entry,
                                    const char *raw, size_t length)
{
    char *copy = malloc(length ? length : 1);

    assert_non_null(copy);
    memcpy(copy, bench->block.bytes, length);
    if (!packer_unpack(bench->packer, copy, length, entry->slot_at, &bench->body, NULL)) {
        assert_int_equal(bench->body.length, entry->raw_bytes);
        assert_memory_equal(bench->body.bytes, raw, (size_t)entry->raw_bytes);
    }
    free(copy);
}

static void damaged_blocks_never_give_a_wrong_body(void **state)
{
    struct bench *bench = *state;
    struct pack_entry entries[4];
    size_t length = many(bench, entries, 4);
    struct err err;

    assert_int_equal(
        packer_pack(bench->packer, entries, 4, bench->raw, length, &bench->block, &err), 0);
    for (size_t cut = 0; cut < bench->block.length; cut++)
        assert_right_or_refused(bench, &entries[0], bench->raw, cut);
    for (size_t bit = 0; bit < bench->block.length * 8; bit++) {
        bench->block.bytes[bit / 8] ^= (char)(1 << bit % 8);
        assert_right_or_refused(bench, &entries[0], bench->raw, bench->block.length);
        bench->block.bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bodies_of_any_length_come_back, start, end),
        cmocka_unit_test_setup_teardown(the_header_says_how_many_parts_the_block_has, start, end),
        cmocka_unit_test_setup_teardown(a_block_of_many_gives_each_of_its_bodies, start, end),
        cmocka_unit_test_setup_teardown(what_does_not_add_up_is_not_packed, start, end),
        cmocka_unit_test_setup_teardown(a_body_larger_than_the_buf_is_refused, start, end),
        cmocka_unit_test_setup_teardown(damaged_blocks_never_give_a_wrong_body, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
