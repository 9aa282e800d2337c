/* What happens to a simulated loop from outside: signals, changed directories, clocks that are set;
 * and the log of all that happens. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "tests/sim/fatal.h"
#include "tests/sim/sim_loop_parts.h"

enum { DEBOUNCE_US = 500 * 1000 }; /* as loop.h promises */

struct signal_watch {
    struct signal_watch *next;
    struct loop *loop;
    int number;
    signal_fn *on_signal;
    void *cookie;
};

struct dir_watch {
    struct dir_watch *next;
    struct loop *loop;
    char *dir;
    dir_fn *on_change;
    void *cookie;
    struct alarm *debounce;
};

struct signal_watch *signal_watch_new(struct loop *loop, int number, signal_fn *on_signal,
                                      void *cookie)
{
    struct signal_watch *watch = must_alloc(1, sizeof *watch);

    *watch = (struct signal_watch){loop->signals, loop, number, on_signal, cookie};
    loop->signals = watch;
    return watch;
}

void signal_watch_free(struct signal_watch *watch)
{
    if (!watch)
        return;
    for (struct signal_watch **link = &watch->loop->signals; *link; link = &(*link)->next) {
        if (*link == watch) {
            *link = watch->next;
            break;
        }
    }
    free(watch);
}

static void on_debounced(void *cookie)
{
    struct dir_watch *watch = cookie;
    struct loop *loop = watch->loop;

    sim_log(loop, "noticed");
    watch->on_change(watch->cookie); /* may free it */
    if (loop->on_noticed)
        loop->on_noticed(loop->noticed_cookie);
}

struct dir_watch *dir_watch_new(struct loop *loop, const char *dir, dir_fn *on_change, void *cookie)
{
    struct dir_watch *watch = must_alloc(1, sizeof *watch);

    *watch = (struct dir_watch){loop->dirs, loop, must_copy(dir), on_change, cookie, NULL};
    watch->debounce = alarm_new(loop, on_debounced, watch);
    loop->dirs = watch;
    return watch;
}

void dir_watch_free(struct dir_watch *watch)
{
    if (!watch)
        return;
    for (struct dir_watch **link = &watch->loop->dirs; *link; link = &(*link)->next) {
        if (*link == watch) {
            *link = watch->next;
            break;
        }
    }
    alarm_free(watch->debounce);
    free(watch->dir);
    free(watch);
}

/* What the runner does. */

void sim_set_start(struct loop *loop, int64_t wall_at)
{
    loop->now.wall_at = wall_at;
}

int64_t sim_elapsed_us(const struct loop *loop)
{
    return loop->now.boot_us - loop->started_us;
}

void sim_at(struct loop *loop, struct sim_event *event, int64_t elapsed_us)
{
    if (heap_set(&loop->events, &event->node, loop->started_us + elapsed_us) != 0)
        fatal("out of memory");
}

void sim_step(struct loop *loop, int64_t us)
{
    loop->now.wall_at += us;
    sim_log(loop, "step us=%" PRId64, us);
}

void sim_suspend(struct loop *loop, int64_t us)
{
    loop->now.wall_at += us;
    loop->now.boot_us += us;
    sim_log(loop, "suspend us=%" PRId64, us);
}

void sim_raise(struct loop *loop, int number)
{
    struct signal_watch *next;

    sim_log(loop, "signal number=%d", number);
    for (struct signal_watch *watch = loop->signals; watch; watch = next) {
        next = watch->next;
        if (watch->number == number)
            watch->on_signal(watch->cookie, number);
    }
}

void sim_touch(struct loop *loop, const char *dir)
{
    for (struct dir_watch *watch = loop->dirs; watch; watch = watch->next)
        if (strcmp(watch->dir, dir) == 0)
            alarm_set(watch->debounce, loop->now.mono_us + DEBOUNCE_US);
}

void sim_on_noticed(struct loop *loop, void (*on_noticed)(void *cookie), void *cookie)
{
    loop->on_noticed = on_noticed;
    loop->noticed_cookie = cookie;
}

void sim_settle_by(struct loop *loop, bool (*is_settled)(void *cookie), void *cookie)
{
    loop->is_settled = is_settled;
    loop->settled_cookie = cookie;
}

void sim_set_servers(struct loop *loop, struct servers *servers)
{
    loop->servers = servers;
}

struct servers *sim_servers(const struct loop *loop)
{
    return loop->servers;
}

void sim_log(struct loop *loop, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    int length =
        snprintf(line, sizeof line, "+%" PRId64 ".%06" PRId64 " ",
                 sim_elapsed_us(loop) / US_PER_SECOND, sim_elapsed_us(loop) % US_PER_SECOND);

    va_start(arguments, format);
    vsnprintf(line + length, sizeof line - (size_t)length, format, arguments);
    va_end(arguments);
    loop->log_hash = hash64(line, strlen(line), loop->log_hash);
    if (loop->log)
        fprintf(loop->log, "%s\n", line);
}

void sim_log_to(struct loop *loop, FILE *stream)
{
    loop->log = stream;
}

uint64_t sim_log_hash(const struct loop *loop)
{
    return loop->log_hash;
}
