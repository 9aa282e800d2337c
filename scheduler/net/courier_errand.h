/* A letter under way: what courier.c (the loop's side) and courier_errand.c (the thread's) share.
 * Not for others. */
#ifndef SCHEDULER_NET_COURIER_ERRAND_H
#define SCHEDULER_NET_COURIER_ERRAND_H

#include <curl/curl.h>
#include <pthread.h>

#include "scheduler/net/courier.h"

/* The thread owns it when nobody waits for it any more. */
struct errand {
    pthread_mutex_t lock; /* over the next three */
    bool is_done, is_left, is_broken_off;
    struct wake *wake; /* while not left */
    char *server, *username, *password, *from, *ca_bundle, *bytes;
    struct curl_slist *to;
    size_t length, given; /* bytes of the letter, and those that libcurl has taken */
    bool allow_private, may_be_clear, was_blocked;
    int64_t timeout_ms, started_us;
    int64_t taken_us; /* the server has said yes; 0: not yet */
    char answer[200]; /* the server's last refusal */
    char curl_text[CURL_ERROR_SIZE];
    struct receipt receipt;
};

/* NULL: no memory. */
struct errand *errand_new(const struct letter *letter, const char *ca_bundle, int64_t timeout_ms,
                          struct wake *wake);
void errand_free(struct errand *errand); /* NULL is fine */
/* The thread: takes the letter there; sends the wake when it is done. */
void *errand_run(void *errand);

#endif
