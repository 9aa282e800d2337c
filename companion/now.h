/* The time on the wall, read where a command begins; everything below takes it as an argument. */
#ifndef COMPANION_NOW_H
#define COMPANION_NOW_H

#include <stdint.h>
#include <time.h>

#include "base/clock.h"

static inline int64_t now_wall(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

#endif
