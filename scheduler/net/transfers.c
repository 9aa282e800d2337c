#include "scheduler/net/transfers.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "scheduler/net/ca_bundle.h"
#include "scheduler/net/transfer.h"

/* One watched socket. Made at libcurl's first word about it, closed at its last: a stopped uv_poll
 * kept for later meets its number again under another owner, and libuv aborts (libuv#2686). */
struct watched {
    uv_poll_t poll;
    struct transfers *transfers;
    curl_socket_t socket;
    int events;
    unsigned errors;
};

enum { ERRORS_MAX = 1000 };

static void free_retired(struct transfers *transfers);

void transfer_stop_resolving(struct transfer *transfer)
{
    if (transfer->is_resolving)
        transfer->transfers->resolving--;
    transfer->is_resolving = false;
}

void transfer_end_soon(struct transfer *transfer, enum response_error error)
{
    struct transfers *transfers = transfer->transfers;

    if (transfer->is_ending || transfer->is_answered)
        return;
    transfer->is_ending = true;
    transfer->ending = error;
    list_push(&transfers->ending, &transfer->link);
    alarm_set(transfers->ending_alarm, 0);
}

static void transfer_release(struct transfer *transfer)
{
    if (transfer->easy)
        curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    curl_url_cleanup(transfer->url);
    buf_release(&transfer->response.body);
    free(transfer);
}

/* The one place from which answers are given: never inside a callback of libcurl. */
static void transfer_answer(struct transfer *transfer, CURLcode result)
{
    struct transfers *transfers = transfer->transfers;

    transfer_conclude(transfer, result); /* asks libcurl; after removal it has forgotten much */
    transfer_stop_resolving(transfer);
    if (transfer->is_on_multi)
        curl_multi_remove_handle(transfers->multi, transfer->easy);
    transfer->is_answered = true;
    transfers->in_flight--;
    transfer->on_done(transfer->cookie, &transfer->response);
    transfer_release(transfer);
}

/* Every return from socket_action is followed by this; what is not read here would wait for the
 * next event, which may never come. */
static void answer_finished(struct transfers *transfers)
{
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(transfers->multi, &left)) != NULL) {
        CURLcode result = message->data.result; /* gone after the handle is removed */
        struct transfer *transfer = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        if (!transfer->is_ending) /* else it has its answer already */
            transfer_answer(transfer, result);
    }
}

static void drive(struct transfers *transfers, curl_socket_t socket, int events)
{
    int running;

    transfers->is_driving = true;
    curl_multi_socket_action(transfers->multi, socket, events, &running);
    answer_finished(transfers);
    transfers->is_driving = false;
    if (transfers->is_retired)
        free_retired(transfers);
}

static void on_ending(void *cookie)
{
    struct transfers *transfers = cookie;
    struct list batch = {0};
    struct list_link *link;

    list_move(&batch, &transfers->ending); /* those that end meanwhile: next turn */
    transfers->is_driving = true;
    while ((link = list_take(&batch)) != NULL)
        transfer_answer(CONTAINER_OF(link, struct transfer, link), CURLE_OK);
    transfers->is_driving = false;
    if (transfers->is_retired)
        free_retired(transfers);
}

static void on_timeout(uv_timer_t *timer)
{
    struct transfers *transfers = timer->data;

    drive(transfers, CURL_SOCKET_TIMEOUT, 0);
}

/* libuv reports a reset as an error without events and stops watching. The plain CSELECT_ERR ends
 * the transfer at once, though a whole answer may wait in the socket before the reset: so we go on
 * watching and let libcurl read till it meets the error itself. */
static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct watched *watched = poll->data;
    int flags = 0;

    if (status == 0 && loop_is_sated(watched->transfers->loop))
        return; /* others have alarms and answers that wait */
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    if (status < 0) {
        flags = CURL_CSELECT_ERR;
        if (++watched->errors < ERRORS_MAX &&
            uv_poll_start(&watched->poll, watched->events, on_socket) == 0)
            flags |= CURL_CSELECT_IN | CURL_CSELECT_OUT;
    }
    drive(watched->transfers, watched->socket, flags);
}

/* libcurl's: after `timeout_ms` call me. Never from in here: that returns RECURSIVE_API_CALL. */
static int on_set_timeout(CURLM *multi, long timeout_ms, void *cookie)
{
    struct transfers *transfers = cookie;

    (void)multi;
    if (timeout_ms < 0) {
        uv_timer_stop(&transfers->timer);
        return 0;
    }
    uv_update_time(loop_uv(transfers->loop)); /* else it counts from the start of this turn */
    uv_timer_start(&transfers->timer, on_timeout, (uint64_t)timeout_ms, 0);
    return 0;
}

static void on_watched_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static struct watched *watch(struct transfers *transfers, curl_socket_t socket)
{
    struct watched *watched = calloc(1, sizeof(*watched));

    if (!watched)
        return NULL;
    if (uv_poll_init_socket(loop_uv(transfers->loop), &watched->poll, socket) != 0) {
        free(watched);
        return NULL;
    }
    watched->poll.data = watched;
    watched->transfers = transfers;
    watched->socket = socket;
    curl_multi_assign(transfers->multi, socket, watched);
    return watched;
}

/* libcurl's: watch this socket for that. Returning -1 would kill the whole multi handle for good,
 * so a socket that we cannot watch ends its transfer only. */
static int on_set_socket(CURL *easy, curl_socket_t socket, int what, void *cookie, void *old)
{
    struct transfers *transfers = cookie;
    struct watched *watched = old;
    struct transfer *transfer = NULL;
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);

    if (what == CURL_POLL_REMOVE) {
        if (!watched)
            return 0;
        /* libcurl 7.88.1 has closed one that was not connected yet; nobody has its number so soon
         */
        uv_close((uv_handle_t *)&watched->poll, on_watched_closed);
        curl_multi_assign(transfers->multi, socket, NULL);
        return 0;
    }
    if (!watched)
        watched = watch(transfers, socket);
    if (watched)
        watched->events = events;
    if (watched && uv_poll_start(&watched->poll, events, on_socket) == 0)
        return 0;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
    if (transfer)
        transfer_end_soon(transfer, RESPONSE_INTERNAL);
    return 0;
}

static int set_up_multi(struct transfers *transfers, unsigned max_connections)
{
    CURLM *multi = transfers->multi;
    long kept = max_connections < INT_MAX ? (long)max_connections : INT_MAX;

    /* The default of four connections for each handle in flight forgets those that rest. */
    if (curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kept) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_set_socket) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, transfers) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_set_timeout) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_TIMERDATA, transfers) != CURLM_OK)
        return -1;
    return 0;
}

int transfers_new(struct transfers **out, struct loop *loop,
                  const struct transfers_options *options, struct err *err)
{
    struct transfers *transfers;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) /* libcurl counts these */
        return err_set(err, ERR_MEMORY, "libcurl could not be initialised");
    transfers = calloc(1, sizeof(*transfers));
    if (!transfers)
        goto fail;
    uv_timer_init(loop_uv(loop), &transfers->timer); /* cannot fail */
    transfers->timer.data = transfers;
    transfers->loop = loop;
    transfers->own_port = options->own_port;
    transfers->ca_bundle = strdup(options->ca_bundle ? options->ca_bundle : ca_bundle_of_system());
    transfers->user_agent = strdup(options->user_agent ? options->user_agent : "pollard");
    transfers->ending_alarm = alarm_new(loop, on_ending, transfers);
    transfers->multi = curl_multi_init();
    if (!transfers->ca_bundle || !transfers->user_agent || !transfers->ending_alarm ||
        !transfers->multi || set_up_multi(transfers, options->max_connections) < 0) {
        transfers_free(transfers);
        return err_memory(err);
    }
    *out = transfers;
    return 0;

fail:
    curl_global_cleanup();
    return err_memory(err);
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void free_retired(struct transfers *transfers)
{
    assert(transfers->in_flight == 0);
    if (transfers->multi)
        curl_multi_cleanup(transfers->multi); /* still calls on_set_socket and on_set_timeout */
    alarm_free(transfers->ending_alarm);
    free(transfers->ca_bundle);
    free(transfers->user_agent);
    uv_close((uv_handle_t *)&transfers->timer, on_timer_closed);
    curl_global_cleanup();
}

void transfers_set_own_port(struct transfers *transfers, unsigned port)
{
    transfers->own_port = port;
}

void transfers_free(struct transfers *transfers)
{
    if (!transfers)
        return;
    if (transfers->is_driving)
        transfers->is_retired = true; /* called by the last answer itself */
    else
        free_retired(transfers);
}

struct transfer *transfers_start(struct transfers *transfers, const struct request *request,
                                 transfer_fn *on_done, void *cookie, struct err *err)
{
    struct transfer *transfer = calloc(1, sizeof(*transfer));

    if (!transfer) {
        err_memory(err);
        return NULL;
    }
    transfer->transfers = transfers;
    transfer->on_done = on_done;
    transfer->cookie = cookie;
    transfer->started_us = loop_now(transfers->loop).mono_us;
    if (transfer_prepare(transfer, request, err) < 0)
        goto fail;
    if (transfer->was_blocked) {
        transfer_end_soon(transfer, RESPONSE_BLOCKED);
    } else if (curl_multi_add_handle(transfers->multi, transfer->easy) == CURLM_OK) {
        transfer->is_on_multi = true;
        transfers->resolving += transfer->is_resolving;
    } else {
        err_memory(err);
        goto fail;
    }
    transfers->in_flight++;
    return transfer;

fail:
    transfer_release(transfer);
    return NULL;
}

void transfer_cancel(struct transfer *transfer)
{
    transfer_end_soon(transfer, RESPONSE_CANCELLED);
}

unsigned transfers_in_flight(const struct transfers *transfers)
{
    return transfers->in_flight;
}

unsigned transfers_resolving(const struct transfers *transfers)
{
    return transfers->resolving;
}
