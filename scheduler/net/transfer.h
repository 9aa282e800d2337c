/* One attempt, inside: what transfers.c (the multi handle on the loop), transfer_request.c (request
 * → easy handle) and transfer_response.c (callbacks of the answer, errors) share. For these three.
 *
 * Life: transfer_prepare → on the multi handle → transfer_conclude → answered → released. A
 * transfer that we end ourselves goes by way of the `ending` list, which is emptied in the next
 * turn. */
#ifndef SCHEDULER_NET_TRANSFER_H
#define SCHEDULER_NET_TRANSFER_H

#include <curl/curl.h>

#include "base/list.h"
#include "scheduler/net/loop_uv.h"
#include "scheduler/net/transfers.h"

struct transfers {
    struct loop *loop;
    CURLM *multi;
    uv_timer_t timer; /* libcurl's one timeout */
    struct alarm *ending_alarm;
    struct list ending; /* transfers to end without libcurl's word, in the next turn */
    unsigned in_flight, resolving;
    unsigned own_port;
    char *ca_bundle, *user_agent;
    bool is_driving, is_retired; /* freed while driving: the drive ends it */
};

/* Where the header callback is in the answer. Interim answers (1xx) start over. */
enum header_place { AT_STATUS_LINE, IN_HEADERS, AFTER_HEADERS /* trailers are not read */ };

struct transfer {
    struct list_link link; /* on transfers->ending */
    struct transfers *transfers;
    CURL *easy;
    CURLU *url;
    struct curl_slist *headers; /* libcurl borrows them */
    transfer_fn *on_done;
    void (*on_bytes)(void *cookie, const char *bytes, size_t length);
    void *bytes_cookie;
    void *cookie;
    int64_t started_us;
    size_t header_bytes; /* of all header lines so far, interim answers' too */
    enum header_place header_place;
    bool is_interim; /* the answer that is coming in is a 1xx */
    bool allow_private, has_proxy;
    bool is_on_multi, is_ending, is_answered;
    bool is_resolving;                /* counted in transfers->resolving */
    bool is_too_large, has_no_memory; /* why a callback of ours said no */
    bool was_blocked, was_tried;      /* an address was refused by policy / was tried */
    enum response_error ending;       /* is_ending: what it will answer */
    char curl_text[CURL_ERROR_SIZE];  /* libcurl's words */
    struct response response;
};

/* transfer_request.c: fills the easy handle. ERR_INPUT: a URL, method or header that cannot be
 * sent. */
int transfer_prepare(struct transfer *transfer, const struct request *request, struct err *err);

/* transfer_response.c */
size_t transfer_on_header(char *bytes, size_t size, size_t count, void *cookie);
size_t transfer_on_body(char *bytes, size_t size, size_t count, void *cookie);
/* Fills the response from what libcurl says. */
void transfer_conclude(struct transfer *transfer, CURLcode result);

/* transfers.c */
void transfer_stop_resolving(struct transfer *transfer); /* its name is known, or never will be */
/* It answers `error` in the next turn. Allowed inside libcurl's callbacks. */
void transfer_end_soon(struct transfer *transfer, enum response_error error);

#endif
