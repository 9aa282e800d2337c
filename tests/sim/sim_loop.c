#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "tests/sim/fatal.h"
#include "tests/sim/sim_loop_parts.h"

enum {
    GUARD_S = 60,          /* real seconds without a sign from the writer */
    SPIN_MAX = 1000 * 1000 /* alarms at one instant */
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
