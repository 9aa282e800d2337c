/* scheduler/net/courier.h, answered by scripted servers: a letter is a request to "smtp://HOST".
 * Sent is what they answer with status 200. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/net/courier.h"
#include "tests/sim/fatal.h"
#include "tests/sim/sim_loop.h"
#include "tests/sim/sim_servers.h"

struct courier {
    struct loop *loop;
    struct alarm *alarm;
    char *server; /* NULL: no letter is under way */
    bool is_sent;
    letter_fn *on_done;
    void *cookie;
    int64_t timeout_ms;
};

static void on_answer(void *cookie)
{
    struct courier *courier = cookie;
    struct receipt receipt = {.is_sent = courier->is_sent};

    if (!receipt.is_sent)
        snprintf(receipt.words, sizeof receipt.words, "as scripted");
    sim_log(courier->loop, "letter server=%s is_sent=%d", courier->server, receipt.is_sent);
    servers_ended(sim_servers(courier->loop), courier->server);
    free(courier->server);
    courier->server = NULL;
    courier->on_done(courier->cookie, &receipt);
}

int courier_new(struct courier **made, struct loop *loop, const struct courier_options *options,
                struct err *err)
{
    struct courier *courier = must_alloc(1, sizeof *courier);

    (void)err;
    courier->loop = loop;
    courier->timeout_ms = options->timeout_ms;
    courier->alarm = alarm_new(loop, on_answer, courier);
    *made = courier;
    return 0;
}

void courier_free(struct courier *courier)
{
    if (!courier)
        return;
    if (courier->server)
        servers_ended(sim_servers(courier->loop), courier->server);
    alarm_free(courier->alarm);
    free(courier->server);
    free(courier);
}

void courier_cancel(struct courier *courier)
{
    courier->is_sent = false;
    if (courier->server)
        alarm_set(courier->alarm, 0);
}

static void log_subject(struct courier *courier, const struct letter *letter)
{
    const char *subject = memmem(letter->bytes, letter->length, "\r\nSubject:", 10);
    size_t length;

    if (!subject)
        fatal("a letter without a subject");
    subject += 11;
    length = strcspn(subject, "\r");
    sim_log(courier->loop, "mail server=%s subject=%.*s", letter->server, (int)length, subject);
}

int courier_send(struct courier *courier, const struct letter *letter, letter_fn *on_done,
                 void *cookie, struct err *err)
{
    struct loop_time now = loop_now(courier->loop);
    struct answer answer;

    if (courier->server)
        return err_set(err, ERR_IN_USE, "another letter is under way");
    courier->server = must_copy(letter->server);
    courier->on_done = on_done;
    courier->cookie = cookie;
    log_subject(courier, letter);
    servers_ask(sim_servers(courier->loop), letter->server, NULL, sim_elapsed_us(courier->loop),
                &answer);
    if (answer.after_us >= courier->timeout_ms * US_PER_MS) {
        answer.after_us = courier->timeout_ms * US_PER_MS;
        answer.status = 0;
    }
    courier->is_sent = answer.error == RESPONSE_OK && answer.status == 200;
    alarm_set(courier->alarm, now.mono_us + answer.after_us);
    return 0;
}
