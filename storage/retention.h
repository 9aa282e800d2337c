/* What may be forgotten, and when to look again. PURE: takes the time and the figures, touches
 * nothing. Instants are of this age, not AT_NONE, where nothing else is said. */
#ifndef STORAGE_RETENTION_H
#define STORAGE_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* Polls before this are older than `keep_ms`. AT_NONE: none is (keep_ms 0: for ever). */
int64_t retention_before(int64_t keep_ms, int64_t now_at);
/* When to look again at a feed whose oldest kept poll is of `oldest_at` (AT_NONE: it has none).
 * Later than the poll's last moment by a small part of `keep_ms`, so that several go at once: that
 * costs a fraction of the writing. */
int64_t retention_look_at(int64_t keep_ms, int64_t oldest_at, int64_t now_at);

/* How much room the limit on bytes in use leaves. What once was short is enough again a little
 * below the limit, so that nothing flaps. */
enum room_state {
    ROOM_ENOUGH,
    ROOM_SHORT, /* over the limit: polls must go before their time */
    ROOM_NONE,  /* … and they do not go as fast as others come */
};
struct retention_room {
    enum room_state state;
    uint64_t most_bytes; /* short: more than this is none */
};
/* `limit_bytes` 0: no limit. */
enum room_state retention_room_note(struct retention_room *room, uint64_t used_bytes,
                                    uint64_t limit_bytes);
/* Short of room: forget what is before this, of every feed that sets `keep`. `oldest_at` is the
 * oldest poll that any of these has; AT_NONE: they have none, nothing can be done. */
int64_t retention_cut(int64_t oldest_at, int64_t now_at);

/* A clock that leaps ahead makes everything old. Nothing is forgotten by age until it has been
 * steady for a while, so that it can be set right before anything is lost. */
struct retention_clock {
    int64_t behind_us;       /* wall clock less boot clock, when last looked at */
    int64_t trusted_from_us; /* boot clock */
};
enum { RETENTION_LEAP_S = 3600, RETENTION_DISTRUST_S = 3600 };
/* `seen_at`: the service's last sign of life before; AT_NONE: none. */
void retention_clock_init(struct retention_clock *clock, int64_t seen_at, int64_t wall_at,
                          int64_t boot_us);
bool retention_clock_is_trusted(struct retention_clock *clock, int64_t wall_at, int64_t boot_us);

#endif
