#include "companion/following.h"

#include <stdio.h>

#include "base/clock.h"
#include "companion/now.h"
#include "export/follow.h"

/* Rows come out this long after they are committed; a look at an idle store costs microseconds.
 * Reading a large store may take longer than that, and is given a fifth of one core at most. */
enum { IDLE_LEAST_MS = 100, IDLE_MOST_MS = 5000, IDLE_FACTOR = 4 };

struct following {
    const struct output *output;
    int64_t woken_ms;
};

static void wait_ms(int64_t ms)
{
    const struct timespec pause = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    /* A signal ends it early, which is as well. */
    nanosleep(&pause, NULL);
}

static int on_idle(void *cookie, int64_t over_at, struct err *err)
{
    struct following *following = cookie;
    int64_t idle_ms = IDLE_FACTOR * (clock_mono_ms() - following->woken_ms);

    (void)err;
    if (output_stopped_by() || now_wall() >= over_at)
        return 1;
    if (idle_ms < IDLE_LEAST_MS)
        idle_ms = IDLE_LEAST_MS;
    wait_ms(idle_ms < IDLE_MOST_MS ? idle_ms : IDLE_MOST_MS);
    following->woken_ms = clock_mono_ms();
    return output_stopped_by() || output_reader_has_gone(following->output);
}

static void on_late_column(void *cookie, const char *name)
{
    (void)cookie;
    fprintf(stderr, "pollard: column \"%s\" came after the header was written: left out\n", name);
}

int following_run(struct store *store, const struct dump_options *dump, struct output *output,
                  struct err *err)
{
    struct following following = {output, clock_mono_ms()};
    const struct follow_watcher watcher = {on_idle, on_late_column, &following};

    output_stop_softly();
    return follow_run(store, dump, &watcher, &output->sink, NULL, err);
}
