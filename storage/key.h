/* Keys: big-endian feed id and time, so that order on disk is order in time. Pure. */
#ifndef STORAGE_KEY_H
#define STORAGE_KEY_H

#include <stddef.h>
#include <stdint.h>

enum {
    KEY_POLL_BYTES = 12,
    KEY_BODY_BYTES = 14,
    KEY_NUMBER_BYTES = 8,
    KEY_FEED_BYTES = 4,
    KEY_TIME_BYTES = 8,
};

/* Instants are shifted so that those before 1970 sort first. */
void key_of_poll(uint32_t feed_id, int64_t slot_at, uint8_t out[KEY_POLL_BYTES]);
void key_of_body(uint32_t feed_id, int64_t slot_at, uint16_t part, uint8_t out[KEY_BODY_BYTES]);
void key_of_number(uint32_t feed_id, uint32_t number, uint8_t out[KEY_NUMBER_BYTES]);
void key_of_feed(uint32_t feed_id, uint8_t out[KEY_FEED_BYTES]);
void key_of_time(int64_t at, uint8_t out[KEY_TIME_BYTES]);
uint32_t key_feed(const void *key);
int64_t key_slot(const void *key); /* of polls and bodies */
uint16_t key_part(const void *key);
uint32_t key_number(const void *key);
int64_t key_time(const void *key);

#endif
