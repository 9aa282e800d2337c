#include "scheduler/net/courier.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "scheduler/net/ca_bundle.h"
#include "scheduler/net/courier_errand.h"

enum { STOP_WAIT_S = 2 };

struct courier {
    struct wake *wake;
    struct errand *errand; /* NULL: none */
    int64_t cancelled_us;  /* monotonic: when the errand was broken off */
    pthread_t thread;
    letter_fn *on_done;
    void *cookie;
    char *ca_bundle;
    int64_t timeout_ms;
};

static void answer(struct courier *courier)
{
    struct errand *errand = courier->errand;

    pthread_join(courier->thread, NULL);
    courier->errand = NULL;
    courier->on_done(courier->cookie, &errand->receipt);
    errand_free(errand);
}

static bool is_done(struct errand *errand)
{
    bool is_done;

    pthread_mutex_lock(&errand->lock);
    is_done = errand->is_done;
    pthread_mutex_unlock(&errand->lock);
    return is_done;
}

static void on_wake(void *cookie)
{
    struct courier *courier = cookie;

    if (courier->errand && is_done(courier->errand))
        answer(courier);
}

int courier_new(struct courier **made, struct loop *loop, const struct courier_options *options,
                struct err *err)
{
    struct courier *courier;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) /* libcurl counts these */
        return err_set(err, ERR_MEMORY, "libcurl could not be initialised");
    courier = calloc(1, sizeof *courier);
    if (!courier) {
        curl_global_cleanup();
        return err_memory(err);
    }
    courier->timeout_ms = options->timeout_ms;
    courier->ca_bundle = strdup(options->ca_bundle ? options->ca_bundle : ca_bundle_of_system());
    courier->wake = wake_new(loop, on_wake, courier);
    if (!courier->ca_bundle || !courier->wake) {
        courier_free(courier);
        return err_memory(err);
    }
    *made = courier;
    return 0;
}

/* true: the thread has ended within STOP_WAIT_S of being told to, and was joined. */
static bool join(struct courier *courier)
{
    struct timespec until = {.tv_sec = courier->cancelled_us / US_PER_SECOND + STOP_WAIT_S};

    return pthread_clockjoin_np(courier->thread, NULL, CLOCK_MONOTONIC, &until) == 0;
}

void courier_cancel(struct courier *courier)
{
    struct errand *errand = courier->errand;

    if (!errand)
        return;
    pthread_mutex_lock(&errand->lock);
    if (!errand->is_broken_off)
        courier->cancelled_us = clock_mono_us();
    errand->is_broken_off = true;
    pthread_mutex_unlock(&errand->lock);
}

/* A thread that does not end soon is left to end by itself: false. */
static bool break_off(struct courier *courier)
{
    struct errand *errand = courier->errand;
    bool is_left = false;

    courier_cancel(courier);
    if (!join(courier)) {
        pthread_mutex_lock(&errand->lock);
        is_left = errand->is_left = !errand->is_done;
        pthread_mutex_unlock(&errand->lock);
        if (is_left)
            pthread_detach(courier->thread);
        else
            pthread_join(courier->thread, NULL);
    }
    if (!is_left)
        errand_free(errand);
    return !is_left;
}

void courier_free(struct courier *courier)
{
    bool has_ended;

    if (!courier)
        return;
    has_ended = !courier->errand || break_off(courier);
    wake_free(courier->wake);
    free(courier->ca_bundle);
    free(courier);
    if (has_ended) /* else libcurl is still in use */
        curl_global_cleanup();
}

int courier_send(struct courier *courier, const struct letter *letter, letter_fn *on_done,
                 void *cookie, struct err *err)
{
    sigset_t all, before;
    int failure;

    if (courier->errand)
        return err_set(err, ERR_IN_USE, "another letter is under way");
    courier->errand = errand_new(letter, courier->ca_bundle, courier->timeout_ms, courier->wake);
    if (!courier->errand)
        return err_memory(err);
    courier->on_done = on_done;
    courier->cookie = cookie;
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    failure = pthread_create(&courier->thread, NULL, errand_run, courier->errand);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure == 0)
        return 0;
    errand_free(courier->errand);
    courier->errand = NULL;
    return err_set(err, ERR_IO, "cannot start a thread: %s", strerror(failure));
}
