/* scheduler/net/transfers.h, answered by scripted servers after their latency. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "scheduler/host_key.h"
#include "scheduler/net/transfers.h"
#include "tests/sim/fatal.h"
#include "tests/sim/sim_loop.h"
#include "tests/sim/sim_servers.h"

enum { BODY_MAX = 64 * 1024 };

struct transfer {
    struct transfer *next;
    struct transfers *transfers;
    struct alarm *alarm;
    transfer_fn *on_done;
    void *cookie;
    char *url;
    void (*on_bytes)(void *cookie, const char *bytes, size_t length);
    void *bytes_cookie;
    int64_t started_us;
    struct answer answer;
    struct response response;
};

struct transfers {
    struct loop *loop;
    struct transfer *first;
    unsigned in_flight;
};

int transfers_new(struct transfers **made, struct loop *loop,
                  const struct transfers_options *options, struct err *err)
{
    (void)options;
    (void)err;
    *made = must_alloc(1, sizeof **made);
    (*made)->loop = loop;
    return 0;
}

static void transfer_free(struct transfer *transfer)
{
    struct transfers *transfers = transfer->transfers;

    for (struct transfer **link = &transfers->first; *link; link = &(*link)->next) {
        if (*link == transfer) {
            *link = transfer->next;
            break;
        }
    }
    transfers->in_flight--;
    servers_ended(sim_servers(transfers->loop), transfer->url);
    alarm_free(transfer->alarm);
    buf_release(&transfer->response.body);
    free(transfer->url);
    free(transfer);
}

/* Requests in flight are dropped without an answer: that is how a killed process ends. */
void transfers_set_own_port(struct transfers *transfers, unsigned port)
{
    (void)transfers;
    (void)port;
}

void transfers_free(struct transfers *transfers)
{
    if (!transfers)
        return;
    while (transfers->first)
        transfer_free(transfers->first);
    free(transfers);
}

static void fill_response(struct transfer *transfer)
{
    const struct answer *answer = &transfer->answer;
    struct response *response = &transfer->response;

    response->error = answer->error;
    response->status = answer->status;
    response->has_connected =
        answer->error != RESPONSE_RESOLVE && answer->error != RESPONSE_REFUSED;
    response->wire_bytes = answer->body_length;
    response->total_us = loop_now(transfer->transfers->loop).mono_us - transfer->started_us;
    if (response->has_connected)
        snprintf(response->remote_address, sizeof response->remote_address, "203.0.113.7:80");
    if (answer->error != RESPONSE_OK)
        snprintf(response->reason, sizeof response->reason, "as scripted");
    if (answer->status == 0)
        return;
    snprintf(response->etag, sizeof response->etag, "%s", answer->etag);
    snprintf(response->retry_after, sizeof response->retry_after, "%s", answer->retry_after);
    snprintf(response->location, sizeof response->location, "%s", answer->location);
    snprintf(response->content_type, sizeof response->content_type, "application/json");
    if (buf_append(&response->body, answer->body, answer->body_length) != 0)
        fatal("out of memory");
    if (transfer->on_bytes && answer->body_length > 0)
        transfer->on_bytes(transfer->bytes_cookie, answer->body, answer->body_length);
}

static void on_answer(void *cookie)
{
    struct transfer *transfer = cookie;

    fill_response(transfer);
    sim_log(transfer->transfers->loop, "answer url=%s error=%d status=%u", transfer->url,
            (int)transfer->response.error, transfer->response.status);
    transfer->on_done(transfer->cookie, &transfer->response);
    transfer_free(transfer);
}

static const char *if_none_match(const struct request *request)
{
    static const char name[] = "If-None-Match: ";

    for (const char *const *line = request->headers; line && *line; line++)
        if (strncasecmp(*line, name, sizeof name - 1) == 0)
            return *line + sizeof name - 1;
    return NULL;
}

static void plan_answer(struct transfer *transfer, const struct request *request)
{
    struct loop *loop = transfer->transfers->loop;
    struct answer *answer = &transfer->answer;
    int64_t timeout_us = request->timeout_ms * US_PER_MS;

    servers_ask(sim_servers(loop), request->url, if_none_match(request), sim_elapsed_us(loop),
                answer);
    if (answer->after_us >= timeout_us) {
        memset(answer, 0, sizeof *answer);
        answer->error = RESPONSE_TIMEOUT;
        answer->after_us = timeout_us;
    }
    alarm_set(transfer->alarm, transfer->started_us + answer->after_us);
}

struct transfer *transfers_start(struct transfers *transfers, const struct request *request,
                                 transfer_fn *on_done, void *cookie, struct err *err)
{
    struct transfer *transfer;
    char host[HOST_KEY_MAX];

    if (!host_key_of_url(request->url, host)) {
        err_set(err, ERR_INPUT, "not a URL");
        return NULL;
    }
    transfer = must_alloc(1, sizeof *transfer);
    transfer->transfers = transfers;
    transfer->on_done = on_done;
    transfer->cookie = cookie;
    transfer->on_bytes = request->on_bytes;
    transfer->bytes_cookie = request->bytes_cookie;
    transfer->url = must_copy(request->url);
    transfer->alarm = alarm_new(transfers->loop, on_answer, transfer);
    transfer->started_us = loop_now(transfers->loop).mono_us;
    buf_init(&transfer->response.body, BODY_MAX);
    transfer->next = transfers->first;
    transfers->first = transfer;
    transfers->in_flight++;
    sim_log(transfers->loop, "request url=%s timeout_ms=%" PRId64, request->url,
            request->timeout_ms);
    plan_answer(transfer, request);
    return transfer;
}

void transfer_cancel(struct transfer *transfer)
{
    memset(&transfer->answer, 0, sizeof transfer->answer);
    transfer->answer.error = RESPONSE_CANCELLED;
    alarm_set(transfer->alarm, 0);
}

unsigned transfers_in_flight(const struct transfers *transfers)
{
    return transfers->in_flight;
}

unsigned transfers_resolving(const struct transfers *transfers)
{
    (void)transfers;
    return 0;
}
