/* What the system says of this process: the figures that Prometheus' own client libraries give
 * under `process_*`. Sources: proc(5) stat, fd, getrlimit(2), getrusage(2). Loop thread; takes some
 * 50 us. */
#ifndef SCHEDULER_OUTPUTS_PROCESS_H
#define SCHEDULER_OUTPUTS_PROCESS_H

#include <stdint.h>

struct process_view {
    int64_t cpu_us;
    int64_t resident_bytes, virtual_bytes;
    int64_t open_fds, max_fds;
    int64_t threads;
};

/* What is not known is -1. */
void process_look(struct process_view *view);

#endif
