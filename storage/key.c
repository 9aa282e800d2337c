#include "storage/key.h"

#define SIGN (UINT64_C(1) << 63)

static void put(uint8_t *out, uint64_t number, unsigned bytes)
{
    for (unsigned i = bytes; i-- > 0; number >>= 8)
        out[i] = (uint8_t)number;
}

static uint64_t get(const void *key, size_t offset, unsigned bytes)
{
    const uint8_t *at = (const uint8_t *)key + offset;
    uint64_t number = 0;

    for (unsigned i = 0; i < bytes; i++)
        number = number << 8 | at[i];
    return number;
}

void key_of_poll(uint32_t feed_id, int64_t slot_at, uint8_t out[KEY_POLL_BYTES])
{
    put(out, feed_id, 4);
    key_of_time(slot_at, out + 4);
}

void key_of_body(uint32_t feed_id, int64_t slot_at, uint16_t part, uint8_t out[KEY_BODY_BYTES])
{
    key_of_poll(feed_id, slot_at, out);
    put(out + KEY_POLL_BYTES, part, 2);
}

void key_of_number(uint32_t feed_id, uint32_t number, uint8_t out[KEY_NUMBER_BYTES])
{
    put(out, feed_id, 4);
    put(out + 4, number, 4);
}

void key_of_feed(uint32_t feed_id, uint8_t out[KEY_FEED_BYTES])
{
    put(out, feed_id, 4);
}

void key_of_time(int64_t at, uint8_t out[KEY_TIME_BYTES])
{
    put(out, (uint64_t)at ^ SIGN, KEY_TIME_BYTES);
}

uint32_t key_feed(const void *key)
{
    return (uint32_t)get(key, 0, 4);
}

int64_t key_slot(const void *key)
{
    return key_time((const uint8_t *)key + 4);
}

uint16_t key_part(const void *key)
{
    return (uint16_t)get(key, KEY_POLL_BYTES, 2);
}

uint32_t key_number(const void *key)
{
    return (uint32_t)get(key, 4, 4);
}

int64_t key_time(const void *key)
{
    return (int64_t)(get(key, 0, KEY_TIME_BYTES) ^ SIGN);
}
