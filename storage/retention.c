#include "storage/retention.h"

#define LEAP_US      (RETENTION_LEAP_S * US_PER_SECOND)
#define DISTRUST_US  (RETENTION_DISTRUST_S * US_PER_SECOND)
#define LOOK_MOST_US US_PER_HOUR

/* The machine was off, or its clock is wrong: nobody knows after this long. */
#define ABSENCE_US (31 * US_PER_DAY)

enum {
    SLACK_PARTS = 64,  /* of keep, until a poll that may go is looked at */
    CUT_PARTS = 64,    /* of all the time kept, to go at once when room is short */
    ENOUGH_PARTS = 64, /* of the limit, to be free before there is enough room again */
    NONE_PARTS = 16    /* of the limit, to come on top before no room is left */
};

int64_t retention_before(int64_t keep_ms, int64_t now_at)
{
    return keep_ms > 0 ? now_at - keep_ms * US_PER_MS : AT_NONE;
}

static int64_t slack_us(int64_t keep_ms)
{
    int64_t slack = keep_ms / SLACK_PARTS * US_PER_MS;

    if (slack < US_PER_SECOND)
        slack = US_PER_SECOND;
    return slack < LOOK_MOST_US ? slack : LOOK_MOST_US;
}

int64_t retention_look_at(int64_t keep_ms, int64_t oldest_at, int64_t now_at)
{
    int64_t slack = slack_us(keep_ms), latest_at = now_at + LOOK_MOST_US, at;

    if (oldest_at == AT_NONE) /* the first comes now */
        oldest_at = now_at;
    at = oldest_at + keep_ms * US_PER_MS + slack;
    if (at < now_at + slack)
        at = now_at + slack;
    return at < latest_at ? at : latest_at;
}

enum room_state retention_room_note(struct retention_room *room, uint64_t used_bytes,
                                    uint64_t limit_bytes)
{
    uint64_t enough_bytes = limit_bytes - limit_bytes / ENOUGH_PARTS;

    if (!limit_bytes || used_bytes <= enough_bytes ||
        (room->state == ROOM_ENOUGH && used_bytes <= limit_bytes)) {
        room->state = ROOM_ENOUGH;
    } else if (room->state == ROOM_ENOUGH) {
        room->state = ROOM_SHORT;
        room->most_bytes = used_bytes + limit_bytes / NONE_PARTS;
    } else if (used_bytes > room->most_bytes) {
        room->state = ROOM_NONE;
    } else if (used_bytes <= limit_bytes) {
        room->state = ROOM_SHORT;
    }
    return room->state;
}

int64_t retention_cut(int64_t oldest_at, int64_t now_at)
{
    int64_t part;

    if (oldest_at == AT_NONE || oldest_at >= now_at)
        return oldest_at == AT_NONE ? AT_NONE : oldest_at + 1;
    part = (int64_t)(((uint64_t)now_at - (uint64_t)oldest_at) / CUT_PARTS);
    return oldest_at + (part > US_PER_SECOND ? part : US_PER_SECOND);
}

void retention_clock_init(struct retention_clock *clock, int64_t seen_at, int64_t wall_at,
                          int64_t boot_us)
{
    bool is_long_ago = seen_at != AT_NONE && wall_at > seen_at && wall_at - seen_at > ABSENCE_US;

    clock->behind_us = wall_at - boot_us;
    clock->trusted_from_us = is_long_ago ? boot_us + DISTRUST_US : boot_us;
}

bool retention_clock_is_trusted(struct retention_clock *clock, int64_t wall_at, int64_t boot_us)
{
    int64_t behind_us = wall_at - boot_us;

    if (behind_us - clock->behind_us > LEAP_US)
        clock->trusted_from_us = boot_us + DISTRUST_US;
    clock->behind_us = behind_us;
    return boot_us >= clock->trusted_from_us;
}
