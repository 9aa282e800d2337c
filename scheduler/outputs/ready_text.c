#include "scheduler/outputs/ready_text.h"

#include <stdlib.h>

enum {
    TEXT_MAX_BYTES = 256 * 1024 * 1024,
    SHARE = 10,                    /* it is made anew when so many times of the work have passed */
    UNASKED_US = 10 * 1000 * 1000, /* kept so long for nobody */
    REST_US = 1000                 /* between slices */
};

/* One who asked; lives until its request ends. */
struct waiter {
    struct ready_text *text;
    struct httpd_request *request;
    struct waiter *previous, *next;
    bool is_waiting; /* in the list */
};

struct ready_text {
    struct loop *loop;
    struct text_source source;
    const char *type;
    struct alarm *alarm; /* the next slice, or to let go */
    struct waiter *waiters;
    void *writing; /* NULL: nothing is being made */
    struct buf out;
    struct httpd_body *body; /* NULL: none is ready */
    int64_t made_us, asked_us;
    int64_t work_us; /* of the text being made, or made */
};

static void send(const struct ready_text *text, struct httpd_request *request)
{
    const struct httpd_header headers[] = {{"Content-Type", text->type}, {NULL, NULL}};
    const struct httpd_head head = {200, headers};

    if (text->body)
        httpd_send_body(request, &head, text->body);
    else
        httpd_refuse(request, 503, "out of memory");
}

static void leave(struct waiter *waiter)
{
    if (!waiter->is_waiting)
        return;
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        waiter->text->waiters = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    waiter->is_waiting = false;
}

static void on_end(void *cookie)
{
    struct waiter *waiter = cookie;

    leave(waiter);
    free(waiter);
}

/* false: no memory. */
static bool join(struct ready_text *text, struct httpd_request *request)
{
    struct waiter *waiter = calloc(1, sizeof *waiter);

    if (!waiter)
        return false;
    *waiter = (struct waiter){
        .text = text, .request = request, .next = text->waiters, .is_waiting = true};
    if (waiter->next)
        waiter->next->previous = waiter;
    text->waiters = waiter;
    httpd_watch(request, on_end, waiter);
    return true;
}

/* A request that is answered may end, and its waiter with it. */
static void answer_all(struct ready_text *text)
{
    while (text->waiters) {
        struct waiter *waiter = text->waiters;

        leave(waiter);
        send(text, waiter->request);
    }
}

static void stop_writing(struct ready_text *text)
{
    if (text->writing)
        text->source.end(text->writing);
    text->writing = NULL;
    buf_release(&text->out);
}

static void write_slice(struct ready_text *text, int64_t begun_us)
{
    int more = text->source.more(text->writing, &text->out);
    int64_t now_us = loop_now(text->loop).mono_us;

    text->work_us += now_us - begun_us;
    if (more > 0) {
        alarm_set(text->alarm, now_us + REST_US);
        return;
    }
    if (more == 0)
        text->body = httpd_body_take(&text->out);
    stop_writing(text);
    text->made_us = text->asked_us = now_us;
    answer_all(text);
    alarm_set(text->alarm, now_us + UNASKED_US);
}

static void on_alarm(void *cookie)
{
    struct ready_text *text = cookie;
    int64_t now_us = loop_now(text->loop).mono_us;

    if (text->writing) {
        write_slice(text, now_us);
    } else if (now_us < text->asked_us + UNASKED_US) {
        alarm_set(text->alarm, text->asked_us + UNASKED_US);
    } else {
        httpd_body_drop(text->body);
        text->body = NULL;
    }
}

/* A short text is made at once. */
static void begin(struct ready_text *text, int64_t now_us)
{
    httpd_body_drop(text->body);
    text->body = NULL;
    text->work_us = 0;
    buf_init(&text->out, TEXT_MAX_BYTES);
    text->writing = text->source.begin(text->source.cookie);
    if (text->writing)
        write_slice(text, now_us);
    else
        answer_all(text);
}

void ready_text_answer(struct ready_text *text, struct httpd_request *request)
{
    int64_t now_us = loop_now(text->loop).mono_us;

    text->asked_us = now_us;
    if (text->body && now_us < text->made_us + SHARE * text->work_us) {
        send(text, request);
        return;
    }
    if (!join(text, request)) {
        httpd_refuse(request, 503, "out of memory");
        return;
    }
    if (!text->writing)
        begin(text, now_us);
}

struct ready_text *ready_text_new(struct loop *loop, const struct text_source *source,
                                  const char *type)
{
    struct ready_text *text = calloc(1, sizeof *text);

    if (!text)
        return NULL;
    text->loop = loop;
    text->source = *source;
    text->type = type;
    text->alarm = alarm_new(loop, on_alarm, text);
    if (!text->alarm) {
        free(text);
        return NULL;
    }
    return text;
}

void ready_text_free(struct ready_text *text)
{
    if (!text)
        return;
    stop_writing(text);
    httpd_body_drop(text->body);
    alarm_free(text->alarm);
    free(text);
}
