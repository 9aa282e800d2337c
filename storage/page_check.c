#include "storage/page_check.h"

#include <stdint.h>
#include <string.h>

/* Head: number 8, padding 2, flags 2, lower 2, upper 2; then a place for each node; free space from
 * lower to upper; nodes from upper to the end. Node: length 4, flags 2, length of the key 2. */
enum { FLAGS_AT = 10, LOWER_AT = 12, UPPER_AT = 14, PLACES_AT = 16, LEAF = 2, DIRTY = 0x10 };
enum { NODE_HEAD_BYTES = 8, NODE_FLAGS_AT = 4, NODE_KEY_AT = 6, NODE_OUTSIDE = 1 };

static size_t get16(const uint8_t *at)
{
    uint16_t number;

    memcpy(&number, at, sizeof number);
    return number;
}

const void *page_of(const void *key, size_t page_bytes)
{
    const uint8_t *at = key;

    return at - (uintptr_t)at % page_bytes;
}

/* 0: it does not fit in the page. A value outside the page leaves its page number here. */
static size_t node_bytes(const uint8_t *node, size_t room)
{
    uint32_t length;
    size_t bytes;

    if (room < NODE_HEAD_BYTES)
        return 0;
    memcpy(&length, node, sizeof length);
    if (get16(node + NODE_FLAGS_AT) & NODE_OUTSIDE)
        length = sizeof(uint64_t);
    if (length > room)
        return 0;
    bytes = NODE_HEAD_BYTES + get16(node + NODE_KEY_AT) + length;
    bytes += bytes % 2;
    return bytes <= room ? bytes : 0;
}

bool page_adds_up(const void *page, size_t page_bytes)
{
    const uint8_t *at = page;
    size_t lower = get16(at + LOWER_AT), upper = get16(at + UPPER_AT), sum = 0;

    if ((get16(at + FLAGS_AT) & ~(size_t)DIRTY) != LEAF || lower < PLACES_AT || lower % 2 ||
        lower > upper || upper > page_bytes)
        return false;
    for (size_t place = PLACES_AT; place < lower; place += 2) {
        size_t node = get16(at + place);
        size_t bytes =
            node >= upper && node < page_bytes ? node_bytes(at + node, page_bytes - node) : 0;

        if (!bytes)
            return false;
        sum += bytes;
    }
    return upper + sum == page_bytes;
}
