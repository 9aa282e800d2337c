#include "tests/sim/sim_loop.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "tests/sim/fatal.h"

enum {
    GUARD_S = 60,            /* real seconds without a sign from the writer */
    SPIN_MAX = 1000 * 1000,  /* alarms at one instant */
    DEBOUNCE_US = 500 * 1000 /* as loop.h promises */
};

struct loop {
    struct loop_time now;
    int64_t started_us; /* boot */
    struct heap alarms; /* by mono_us */
    struct heap events; /* by boot_us */
    unsigned alarm_count, event_count, spins;
    bool is_stopped;
    struct signal_watch *signals;
    struct dir_watch *dirs;
    void (*on_noticed)(void *cookie);
    void *noticed_cookie;
    bool (*is_settled)(void *cookie);
    void *settled_cookie;
    struct servers *servers;
    FILE *log;
    uint64_t log_hash;
    pthread_mutex_t lock; /* over the wakes' is_sent */
    pthread_cond_t sent;
    struct wake *wakes;
};

struct alarm {
    struct heap_node node;
    struct loop *loop;
    alarm_fn *on_alarm;
    void *cookie;
};

struct wake {
    struct wake *next;
    struct loop *loop;
    wake_fn *on_wake;
    void *cookie;
    bool is_sent;
};

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

int loop_new(struct loop **made, struct err *err)
{
    struct loop *loop = must_alloc(1, sizeof *loop);
    pthread_condattr_t attributes;

    (void)err;
    heap_init(&loop->alarms);
    heap_init(&loop->events);
    /* A machine that has been up for a while and has slept. */
    loop->now.mono_us = 1000 * US_PER_SECOND;
    loop->now.boot_us = loop->started_us = 5000 * US_PER_SECOND;
    pthread_mutex_init(&loop->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&loop->sent, &attributes);
    pthread_condattr_destroy(&attributes);
    *made = loop;
    return 0;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    if (loop->alarm_count > 0 || loop->wakes || loop->signals || loop->dirs)
        fatal("the loop is freed before what was made with it");
    heap_release(&loop->alarms);
    heap_release(&loop->events);
    pthread_mutex_destroy(&loop->lock);
    pthread_cond_destroy(&loop->sent);
    free(loop);
}

struct loop_time loop_now(const struct loop *loop)
{
    return loop->now;
}

void loop_stop(struct loop *loop)
{
    loop->is_stopped = true;
}

int64_t loop_gap_max_ms(const struct loop *loop)
{
    (void)loop;
    return 0;
}

void loop_gap_reset(struct loop *loop)
{
    (void)loop;
}

/* Turning. */

static bool fire_alarm(struct loop *loop)
{
    struct heap_node *top = heap_top(&loop->alarms);
    struct alarm *alarm;

    if (!top || top->key > loop->now.mono_us)
        return false;
    if (++loop->spins > SPIN_MAX)
        fatal("the loop does not come to rest at +%.6f s",
              (double)sim_elapsed_us(loop) / (double)US_PER_SECOND);
    alarm = CONTAINER_OF(top, struct alarm, node);
    heap_remove(&loop->alarms, top);
    alarm->on_alarm(alarm->cookie);
    return true;
}

static struct wake *take_sent(struct loop *loop)
{
    for (struct wake *wake = loop->wakes; wake; wake = wake->next) {
        if (wake->is_sent) {
            wake->is_sent = false;
            return wake;
        }
    }
    return NULL;
}

/* Waits for real for the writer's thread. A wake that comes when all has been collected already
 * stays until there is something to collect again: it must not act at an instant of chance. */
static bool deliver_wake(struct loop *loop)
{
    struct timespec until;
    struct wake *wake;

    if (!loop->is_settled || loop->is_settled(loop->settled_cookie))
        return false;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += GUARD_S;
    pthread_mutex_lock(&loop->lock);
    while (!(wake = take_sent(loop)))
        if (pthread_cond_timedwait(&loop->sent, &loop->lock, &until) == ETIMEDOUT)
            fatal("the writer gave no sign for %d s", GUARD_S);
    pthread_mutex_unlock(&loop->lock);
    wake->on_wake(wake->cookie);
    return true;
}

static bool run_event(struct loop *loop)
{
    struct heap_node *top = heap_top(&loop->events);
    struct sim_event *event;

    if (!top || top->key > loop->now.boot_us)
        return false;
    event = CONTAINER_OF(top, struct sim_event, node);
    heap_remove(&loop->events, top);
    event->on_event(event->cookie);
    return true;
}

static void advance(struct loop *loop, int64_t us)
{
    loop->now.wall_at += us;
    loop->now.mono_us += us;
    loop->now.boot_us += us;
    if (us > 0)
        loop->spins = 0;
}

static void jump(struct loop *loop)
{
    struct heap_node *alarm = heap_top(&loop->alarms), *event = heap_top(&loop->events);
    int64_t us = INT64_MAX;

    if (alarm)
        us = alarm->key - loop->now.mono_us;
    if (event && event->key - loop->now.boot_us < us)
        us = event->key - loop->now.boot_us;
    if (us == INT64_MAX)
        fatal("nothing will ever happen again");
    advance(loop, us);
}

int loop_run(struct loop *loop, struct err *err)
{
    (void)err;
    loop->is_stopped = false;
    while (!loop->is_stopped) {
        if (fire_alarm(loop))
            continue;
        while (deliver_wake(loop))
            ;
        if (heap_top(&loop->alarms) && heap_top(&loop->alarms)->key <= loop->now.mono_us)
            continue;
        if (!run_event(loop))
            jump(loop);
    }
    return 0;
}

/* What loop.h makes. */

struct alarm *alarm_new(struct loop *loop, alarm_fn *on_alarm, void *cookie)
{
    struct alarm *alarm = must_alloc(1, sizeof *alarm);

    if (heap_reserve(&loop->alarms, ++loop->alarm_count) != 0)
        fatal("out of memory");
    alarm->loop = loop;
    alarm->on_alarm = on_alarm;
    alarm->cookie = cookie;
    return alarm;
}

void alarm_free(struct alarm *alarm)
{
    if (!alarm)
        return;
    heap_remove(&alarm->loop->alarms, &alarm->node);
    alarm->loop->alarm_count--;
    free(alarm);
}

void alarm_set(struct alarm *alarm, int64_t mono_us)
{
    int64_t now_us = alarm->loop->now.mono_us;

    heap_set(&alarm->loop->alarms, &alarm->node, mono_us > now_us ? mono_us : now_us);
}

void alarm_clear(struct alarm *alarm)
{
    heap_remove(&alarm->loop->alarms, &alarm->node);
}

struct wake *wake_new(struct loop *loop, wake_fn *on_wake, void *cookie)
{
    struct wake *wake = must_alloc(1, sizeof *wake);

    *wake = (struct wake){.next = loop->wakes, .loop = loop, .on_wake = on_wake, .cookie = cookie};
    loop->wakes = wake;
    return wake;
}

void wake_free(struct wake *wake)
{
    if (!wake)
        return;
    for (struct wake **link = &wake->loop->wakes; *link; link = &(*link)->next) {
        if (*link == wake) {
            *link = wake->next;
            break;
        }
    }
    free(wake);
}

void wake_send(struct wake *wake)
{
    pthread_mutex_lock(&wake->loop->lock);
    wake->is_sent = true;
    pthread_cond_signal(&wake->loop->sent);
    pthread_mutex_unlock(&wake->loop->lock);
}

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
