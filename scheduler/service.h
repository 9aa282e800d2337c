/* What every poll works with: the parts of the running service, wired by daemon.c. Loop thread. */
#ifndef SCHEDULER_SERVICE_H
#define SCHEDULER_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/heap.h"
#include "feeds/secret.h"
#include "scheduler/hosts.h"
#include "scheduler/net/transfers.h"
#include "scheduler/outputs/metrics.h"
#include "storage/writer.h"

struct service {
    struct loop *loop;
    struct transfers *transfers;
    struct hosts *hosts;
    struct writer *writer;
    const struct secrets *secrets;
    struct heap due;   /* polls by the wall time at which they want to be looked at */
    bool is_once;      /* --once: every feed once, no account of missed slots */
    bool is_stopping;  /* nothing new is started */
    uint64_t dice;     /* state of service_dice */
    unsigned failures; /* polls that ended as failed */
    /* The last jump of a clock: slots up to jump_until_at that were not polled are passed over. */
    int64_t jump_until_at; /* AT_NONE: none */
    enum poll_detail jump_reason;
    bool is_disk_full;    /* the writer waits for space */
    int64_t disk_full_at; /* … when that was last seen; AT_NONE */
    bool is_store_full;   /* store_limit is reached, and nothing may be forgotten: no polling */
    struct measures measures;
    struct alerts *alerts; /* NULL: --once has none */
    struct alarm *pump;    /* set to now: look at due polls and waiting hosts soon */
};

/* Uniform in [0,1), from the service's own seed. */
double service_dice(struct service *service);
/* Soon, from the loop: who is due, who may start. Call it when a host may have got room. */
void service_pump_soon(struct service *service);

#endif
