/* What may wake the loop from outside: other threads, signals, a directory. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "scheduler/net/loop.h"
#include "scheduler/net/loop_uv.h"

#define QUIET_US (500 * US_PER_MS)
#define RETRY_US (5 * US_PER_SECOND)

/* Not libuv's uv_async_t: with that the loop spins for as long as a sender that the system has set
 * aside stands in the middle of uv_async_send(), up to 900 ms measured on a busy machine. */
struct wake {
    uv_poll_t poll; /* of an eventfd */
    int fd;
    atomic_bool is_sent; /* and not yet heard */
    wake_fn *on_wake;
    void *cookie;
};

struct signal_watch {
    uv_signal_t signal;
    signal_fn *on_signal;
    void *cookie;
};

struct dir_watch {
    uv_fs_event_t event;
    struct loop *loop;
    struct alarm *quiet; /* since the last change; or: until we try to watch again */
    char *dir;
    dir_fn *on_change;
    void *cookie;
};

static void on_closed_free(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_sent(uv_poll_t *poll, int status, int events)
{
    struct wake *wake = poll->data;
    uint64_t count;

    (void)status;
    (void)events;
    if (read(wake->fd, &count, sizeof(count)) > 0 && atomic_exchange(&wake->is_sent, false))
        wake->on_wake(wake->cookie);
}

struct wake *wake_new(struct loop *loop, wake_fn *on_wake, void *cookie)
{
    struct wake *wake = calloc(1, sizeof(*wake));

    if (!wake)
        return NULL;
    wake->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wake->fd < 0)
        goto fail;
    if (uv_poll_init(loop_uv(loop), &wake->poll, wake->fd) != 0)
        goto fail;
    wake->poll.data = wake;
    wake->on_wake = on_wake;
    wake->cookie = cookie;
    uv_poll_start(&wake->poll, UV_READABLE, on_sent); /* fails only on a handle that is closing */
    return wake;
fail:
    if (wake->fd >= 0)
        close(wake->fd);
    free(wake);
    return NULL;
}

void wake_free(struct wake *wake)
{
    if (!wake)
        return;
    uv_close((uv_handle_t *)&wake->poll, on_closed_free);
    close(wake->fd);
}

/* Only the first of many costs a system call. */
void wake_send(struct wake *wake)
{
    const uint64_t one = 1;

    if (atomic_exchange(&wake->is_sent, true))
        return;
    if (write(wake->fd, &one, sizeof(one)) < 0)
        atomic_store(&wake->is_sent, false); /* a counter at its end: the loop is about to read */
}

static void on_uv_signal(uv_signal_t *signal, int number)
{
    struct signal_watch *watch = signal->data;

    watch->on_signal(watch->cookie, number);
}

struct signal_watch *signal_watch_new(struct loop *loop, int number, signal_fn *on_signal,
                                      void *cookie)
{
    struct signal_watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return NULL;
    if (uv_signal_init(loop_uv(loop), &watch->signal) != 0) {
        free(watch);
        return NULL;
    }
    watch->signal.data = watch;
    watch->on_signal = on_signal;
    watch->cookie = cookie;
    if (uv_signal_start(&watch->signal, on_uv_signal, number) != 0) {
        signal_watch_free(watch);
        return NULL;
    }
    return watch;
}

void signal_watch_free(struct signal_watch *watch)
{
    if (watch)
        uv_close((uv_handle_t *)&watch->signal, on_closed_free);
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
    struct dir_watch *watch = event->data;

    (void)name; /* may be NULL, and which file it was does not matter: all are read again */
    (void)events;
    (void)status;
    alarm_set(watch->quiet, loop_now(watch->loop).mono_us + QUIET_US);
}

/* A directory that was moved away or replaced keeps its silent watch: so each time we watch anew
 * what now has that name, and if nothing has, look again until something does. */
static void on_quiet(void *cookie)
{
    struct dir_watch *watch = cookie;

    uv_fs_event_stop(&watch->event);
    if (uv_fs_event_start(&watch->event, on_event, watch->dir, 0) != 0)
        alarm_set(watch->quiet, loop_now(watch->loop).mono_us + RETRY_US);
    else
        watch->on_change(watch->cookie); /* may free it */
}

struct dir_watch *dir_watch_new(struct loop *loop, const char *dir, dir_fn *on_change, void *cookie)
{
    struct dir_watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return NULL;
    uv_fs_event_init(loop_uv(loop), &watch->event); /* cannot fail */
    watch->event.data = watch;
    watch->loop = loop;
    watch->on_change = on_change;
    watch->cookie = cookie;
    watch->dir = strdup(dir);
    watch->quiet = alarm_new(loop, on_quiet, watch);
    if (!watch->dir || !watch->quiet ||
        uv_fs_event_start(&watch->event, on_event, watch->dir, 0) != 0) {
        dir_watch_free(watch);
        return NULL;
    }
    return watch;
}

void dir_watch_free(struct dir_watch *watch)
{
    if (!watch)
        return;
    alarm_free(watch->quiet);
    free(watch->dir);
    uv_close((uv_handle_t *)&watch->event, on_closed_free);
}
