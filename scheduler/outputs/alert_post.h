/* One attempt to bring an alert to one channel: by mail (courier.h) or by webhook (transfers.h).
 *
 * Secrets are filled in for the attempt and wiped after it; no text that comes out of here holds
 * one, nor an address of a webhook, which often is one. Loop thread. */
#ifndef SCHEDULER_OUTPUTS_ALERT_POST_H
#define SCHEDULER_OUTPUTS_ALERT_POST_H

#include "feeds/secret.h"
#include "scheduler/net/courier.h"
#include "scheduler/net/transfers.h"
#include "scheduler/outputs/alert.h"

#define ALERT_POST_TIMEOUT_MS (INT64_C(30) * 1000)
enum { ALERT_POST_CONNECT_MS = 10 * 1000, ALERT_POST_ANSWER_MAX = 64 * 1024 };

enum alert_channel { ALERT_EMAIL, ALERT_WEBHOOK };
enum { ALERT_CHANNELS = 2, ALERT_HOST_MAX = 65 };
const char *alert_channel_name(enum alert_channel channel); /* "email" "webhook" */
bool alert_channel_is_set(const struct alerts_settings *settings, enum alert_channel channel);

/* What attempts work with; borrowed. */
struct alert_post {
    struct loop *loop;
    struct transfers *transfers;
    struct courier *courier;
    const struct alerts_settings *settings;
    const struct secrets *secrets;
    char host[ALERT_HOST_MAX]; /* this machine's name, for the texts */
};
void alert_post_name_host(struct alert_post *post);

struct alert_result {
    bool is_delivered, may_retry;
    int64_t wait_ms; /* the server asked for it; 0: it did not */
    char words[320]; /* why not, in words; else what the server said */
};
typedef void alert_tried_fn(void *cookie, const struct alert_result *result);

/* Lives until its answer. */
struct alert_try {
    struct loop *loop;
    struct transfer *transfer; /* a webhook's, to be cancelled; NULL: none */
    alert_tried_fn *on_done;
    void *cookie;
};

/* Fills `attempt`, answers once. ERR_ABSENT (a secret), ERR_CONFIG, ERR_IN_USE (mail: one at a
 * time), ERR_MEMORY: no answer comes. */
int alert_post_start(const struct alert_post *post, enum alert_channel channel,
                     const struct alert_message *message, struct alert_try *attempt,
                     struct err *err);
/* What came back, in words; never what a body says: it may repeat what we sent. */
void alert_post_describe(const struct response *response, char *words, size_t size);

/* Texts with their secrets filled in, one after another; zeroed at birth, wiped at release. */
struct alert_texts {
    struct buf bytes;
    size_t *starts;
    size_t count, room;
};
/* Of a prefix and a template. ERR_ABSENT, ERR_FULL. */
int alert_texts_add(struct alert_texts *texts, const char *prefix, const char *form,
                    const struct secrets *secrets, struct err *err);
const char *alert_texts_get(const struct alert_texts *texts, size_t index);
void alert_texts_release(struct alert_texts *texts);

#endif
