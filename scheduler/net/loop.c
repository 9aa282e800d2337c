#include "scheduler/net/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/heap.h"
#include "scheduler/net/loop_uv.h"

/* All alarms wait in one heap behind one timerfd: libuv's own timers count whole milliseconds from
 * a clock read once a turn, which made alarms 0.5 ms late on average, a timerfd some 0.06 ms. */
enum {
    SLEEP_MAX_US = 60 * 1000 * 1000,
    HASTE_US = 20,
    CLOSING_TURNS_MAX = 64,
    SERVE_US = 5 * 1000 /* of sockets in one turn */
};

struct loop {
    uv_loop_t uv;
    uv_prepare_t prepare; /* just before the loop sleeps */
    uv_check_t check;     /* just after it woke and served its sockets */
    uv_idle_t haste;      /* while it is active the loop does not sleep */
    uv_poll_t timer_poll;
    int timer_fd;
    unsigned alarms; /* made and not freed: what the heap has room for */
    struct heap heap;
    int64_t armed_at_us; /* what the timerfd is set to */
    int64_t fired_at_us; /* the clock of the last look for due alarms */
    int64_t turned_at_us, idle_us;
    int64_t served_from_us; /* the turn's first socket; AT_NONE: none yet */
    int64_t gap_max_us;
};

struct alarm {
    struct heap_node node; /* key: when, on the monotonic clock */
    struct loop *loop;
    alarm_fn *on_alarm;
    void *cookie;
};

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

struct loop_time loop_now(const struct loop *loop)
{
    (void)loop;
    return (struct loop_time){
        .wall_at = clock_us(CLOCK_REALTIME),
        .mono_us = clock_us(CLOCK_MONOTONIC),
        .boot_us = clock_us(CLOCK_BOOTTIME),
    };
}

uv_loop_t *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

bool loop_is_sated(struct loop *loop)
{
    int64_t now_us = clock_us(CLOCK_MONOTONIC);

    if (loop->served_from_us == AT_NONE)
        loop->served_from_us = now_us;
    return now_us - loop->served_from_us > SERVE_US;
}

/* Looks at the clock once. An alarm set meanwhile gets a key above fired_at_us, so an alarm that
 * sets itself into the past comes again in the next turn and cannot hold this one for ever. */
static void fire_due_alarms(struct loop *loop)
{
    struct heap_node *top;

    loop->fired_at_us = clock_us(CLOCK_MONOTONIC);
    while ((top = heap_top(&loop->heap)) != NULL && top->key <= loop->fired_at_us) {
        struct alarm *alarm = CONTAINER_OF(top, struct alarm, node);

        heap_remove(&loop->heap, top);
        alarm->on_alarm(alarm->cookie); /* may free it */
    }
}

static void on_timer(uv_poll_t *poll, int status, int events)
{
    struct loop *loop = poll->data;
    uint64_t expirations;

    (void)status;
    (void)events;
    if (read(loop->timer_fd, &expirations, sizeof(expirations)) > 0)
        loop->armed_at_us = AT_NEVER;
    fire_due_alarms(loop);
}

static void on_haste(uv_idle_t *haste)
{
    (void)haste;
}

static void on_check(uv_check_t *check)
{
    struct loop *loop = check->data;

    uv_idle_stop(&loop->haste);
    loop->served_from_us = AT_NONE;
    fire_due_alarms(loop); /* those that came due while sockets were served */
}

static void arm_timer(struct loop *loop, int64_t now_us)
{
    const struct heap_node *top = heap_top(&loop->heap);
    int64_t at_us = now_us + SLEEP_MAX_US;
    struct itimerspec when = {{0, 0}, {0, 0}};

    /* To fall asleep and be woken takes longer than this. */
    if (top && top->key <= now_us + HASTE_US) {
        uv_idle_start(&loop->haste, on_haste);
        return;
    }
    if (top && top->key < at_us)
        at_us = top->key;
    else if (loop->armed_at_us > now_us && loop->armed_at_us <= at_us)
        return; /* it sleeps at most as long as it may already */
    if (at_us == loop->armed_at_us)
        return;
    when.it_value.tv_sec = at_us / US_PER_SECOND;
    when.it_value.tv_nsec = at_us % US_PER_SECOND * 1000;
    timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
    loop->armed_at_us = at_us;
}

/* Callbacks of sockets run inside libuv's poll step, before check, so time between check and
 * prepare would miss them: busy is the whole turn without what libuv says it slept. */
static void on_prepare(uv_prepare_t *prepare)
{
    struct loop *loop = prepare->data;
    int64_t now_us = clock_us(CLOCK_MONOTONIC);
    int64_t idle_us = (int64_t)(uv_metrics_idle_time(&loop->uv) / 1000);
    int64_t busy_us = now_us - loop->turned_at_us - (idle_us - loop->idle_us);

    if (busy_us > loop->gap_max_us)
        loop->gap_max_us = busy_us;
    loop->turned_at_us = now_us;
    loop->idle_us = idle_us;
    arm_timer(loop, now_us);
}

static int start_handles(struct loop *loop)
{
    int rc = uv_poll_init(&loop->uv, &loop->timer_poll, loop->timer_fd);

    if (rc != 0)
        return rc;
    loop->timer_poll.data = loop;
    loop->prepare.data = loop;
    loop->check.data = loop;
    uv_idle_init(&loop->uv, &loop->haste); /* these cannot fail */
    uv_prepare_init(&loop->uv, &loop->prepare);
    uv_check_init(&loop->uv, &loop->check);
    uv_prepare_start(&loop->prepare, on_prepare);
    uv_check_start(&loop->check, on_check);
    return uv_poll_start(&loop->timer_poll, UV_READABLE, on_timer);
}

int loop_new(struct loop **out, struct err *err)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    int rc = 0;

    if (!loop)
        return err_memory(err);
    signal(SIGPIPE, SIG_IGN); /* libcurl leaves it to us (NOSIGNAL) */
    signal(SIGXFSZ, SIG_IGN); /* a file too large is an errno, not an end */
    heap_init(&loop->heap);
    loop->served_from_us = AT_NONE;
    loop->armed_at_us = AT_NEVER;
    loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (loop->timer_fd < 0) {
        err_set(err, ERR_IO, "timerfd: %s", strerror(errno));
        free(loop);
        return -1;
    }
    rc = uv_loop_init(&loop->uv);
    if (rc == 0) {
        uv_loop_configure(&loop->uv, UV_METRICS_IDLE_TIME);
        rc = start_handles(loop);
        if (rc != 0)
            uv_loop_close(&loop->uv);
    }
    if (rc != 0) {
        err_set(err, rc == UV_ENOMEM ? ERR_MEMORY : ERR_IO, "event loop: %s", uv_strerror(rc));
        close(loop->timer_fd);
        free(loop);
        return -1;
    }
    *out = loop;
    return 0;
}

void loop_free(struct loop *loop)
{
    int rc = UV_EBUSY;

    if (!loop)
        return;
    uv_close((uv_handle_t *)&loop->haste, NULL);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_close((uv_handle_t *)&loop->timer_poll, NULL);
    /* Close callbacks come one turn later, and one of them may close more. */
    for (int turn = 0; turn < CLOSING_TURNS_MAX && rc == UV_EBUSY; turn++) {
        uv_run(&loop->uv, UV_RUN_NOWAIT);
        rc = uv_loop_close(&loop->uv);
    }
    assert(rc == 0 && "something made with this loop was not freed");
    if (rc != 0)
        return; /* rather lose its memory than have libuv touch it */
    close(loop->timer_fd);
    heap_release(&loop->heap);
    free(loop);
}

int loop_run(struct loop *loop, struct err *err)
{
    int64_t now_us = clock_us(CLOCK_MONOTONIC);

    (void)err; /* libuv aborts rather than fail here */
    loop->turned_at_us = now_us;
    loop->idle_us = (int64_t)(uv_metrics_idle_time(&loop->uv) / 1000);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    return 0;
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

int64_t loop_gap_max_ms(const struct loop *loop)
{
    return (loop->gap_max_us + US_PER_MS - 1) / US_PER_MS;
}

void loop_gap_reset(struct loop *loop)
{
    loop->gap_max_us = 0;
}

struct alarm *alarm_new(struct loop *loop, alarm_fn *on_alarm, void *cookie)
{
    struct alarm *alarm = calloc(1, sizeof(*alarm));

    /* Room for every alarm there is, so that alarm_set() cannot fail. */
    if (!alarm || heap_reserve(&loop->heap, loop->alarms + 1) < 0) {
        free(alarm);
        return NULL;
    }
    loop->alarms++;
    alarm->loop = loop;
    alarm->on_alarm = on_alarm;
    alarm->cookie = cookie;
    return alarm;
}

void alarm_free(struct alarm *alarm)
{
    if (!alarm)
        return;
    alarm_clear(alarm);
    alarm->loop->alarms--;
    free(alarm);
}

void alarm_set(struct alarm *alarm, int64_t mono_us)
{
    struct loop *loop = alarm->loop;
    int64_t key = mono_us > loop->fired_at_us ? mono_us : loop->fired_at_us + 1;

    heap_set(&loop->heap, &alarm->node, key); /* reserved by alarm_new() */
}

void alarm_clear(struct alarm *alarm)
{
    heap_remove(&alarm->loop->heap, &alarm->node);
}
