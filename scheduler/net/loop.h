/* The event loop: the time, alarms, a wake from another thread, signals, a watched directory.
 *
 * libuv's home, and a seam: tests/sim implements this header with a virtual clock. Everything but
 * wake_send() and loop_now() is for the loop's thread; every callback runs on it. Callbacks come
 * only from loop_run. */
#ifndef SCHEDULER_NET_LOOP_H
#define SCHEDULER_NET_LOOP_H

#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

struct loop;

int loop_new(struct loop **loop, struct err *err); /* returns owned */
/* After everything made with it was freed. */
void loop_free(struct loop *loop);
int loop_run(struct loop *loop, struct err *err); /* until loop_stop */
void loop_stop(struct loop *loop);                /* loop_run returns after this turn */

/* Three clocks, in microseconds. Real time may be set; the other two never go back, and only boot
 * time goes on while the machine sleeps. clock_gettime(2): REALTIME, MONOTONIC, BOOTTIME. */
struct loop_time {
    int64_t wall_at, mono_us, boot_us;
};
struct loop_time loop_now(const struct loop *loop); /* read anew at each call */

/* The longest time, in ms, that one turn of the loop kept others waiting; and since when. */
int64_t loop_gap_max_ms(const struct loop *loop);
void loop_gap_reset(struct loop *loop);

/* A one-shot alarm on the monotonic clock. */
struct alarm;
typedef void alarm_fn(void *cookie);
struct alarm *alarm_new(struct loop *loop, alarm_fn *on_alarm, void *cookie); /* NULL: no memory */
void alarm_free(struct alarm *alarm);
void alarm_set(struct alarm *alarm, int64_t mono_us); /* moves it; the past means: next turn */
void alarm_clear(struct alarm *alarm);

/* wake_send from any thread: on_wake is called soon on the loop, once for many sends. */
struct wake;
typedef void wake_fn(void *cookie);
struct wake *wake_new(struct loop *loop, wake_fn *on_wake, void *cookie); /* NULL: no memory */
void wake_free(struct wake *wake);
void wake_send(struct wake *wake);

/* NULL: no memory, or the system said no. */
struct signal_watch;
typedef void signal_fn(void *cookie, int number);
struct signal_watch *signal_watch_new(struct loop *loop, int number, signal_fn *on_signal,
                                      void *cookie);
void signal_watch_free(struct signal_watch *watch);

/* Something in the directory (not below it) changed: debounced, told 500 ms after the last change.
 */
struct dir_watch;
typedef void dir_fn(void *cookie);
/* NULL: it cannot be watched; live without. */
struct dir_watch *dir_watch_new(struct loop *loop, const char *dir, dir_fn *on_change,
                                void *cookie);
void dir_watch_free(struct dir_watch *watch);

#endif
