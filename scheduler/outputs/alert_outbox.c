#include "scheduler/outputs/alert_outbox.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/heap.h"
#include "base/list.h"
#include "base/log.h"

#define FIRST_WAIT_US (INT64_C(30) * US_PER_SECOND)
#define MOST_WAIT_US  US_PER_HOUR

enum { DOUBLINGS = 7 }; /* of the first wait: 64 minutes */

/* A message, as long as a channel needs it. */
struct parcel {
    struct alert_message *message;
    unsigned waiting; /* channels */
    bool is_settled;
};

struct queued {
    struct list_link link;
    struct parcel *parcel;
    int64_t since_us;
};

struct lane {
    struct outbox *outbox;
    enum alert_channel channel;
    struct list queue; /* its head is the one being tried */
    struct alert_try attempt;
    bool is_trying;
    unsigned tries;      /* of the head, that failed */
    struct alarm *alarm; /* the next try */
    int64_t trouble_at;  /* since when nothing is delivered; AT_NONE: it is */
    char words[320];
};

struct outbox {
    struct alert_post post;
    outbox_fn *on_settled;
    void *cookie;
    struct lane lanes[ALERT_CHANNELS];
    bool is_stopping;
};

static void try_next(struct lane *lane);

static void parcel_let_go(struct outbox *outbox, struct parcel *parcel, bool is_delivered)
{
    parcel->waiting--;
    if (!parcel->is_settled && (is_delivered || parcel->waiting == 0)) {
        parcel->is_settled = true;
        if (outbox->on_settled)
            outbox->on_settled(outbox->cookie, parcel->message->number);
    }
    if (parcel->waiting > 0)
        return;
    free(parcel->message);
    free(parcel);
}

static void take_head(struct lane *lane, bool is_delivered)
{
    struct queued *queued = CONTAINER_OF(list_take(&lane->queue), struct queued, link);

    lane->tries = 0;
    parcel_let_go(lane->outbox, queued->parcel, is_delivered);
    free(queued);
}

static struct queued *head_of(const struct lane *lane)
{
    return lane->queue.head ? CONTAINER_OF(lane->queue.head, struct queued, link) : NULL;
}

static void log_lost(const struct lane *lane, const struct alert_message *message,
                     const char *words)
{
    char reason[LOG_VALUE_MAX], key[LOG_VALUE_MAX];

    log_event(LEVEL_ERROR, "alert_lost", "channel=%s event=%s key=%s reason=%s",
              alert_channel_name(lane->channel), alert_event_name(message->event),
              log_value(message->items[0].key, key), log_value(words, reason));
}

static void note_trouble(struct lane *lane, const char *words)
{
    struct loop_time now = loop_now(lane->outbox->post.loop);
    char reason[LOG_VALUE_MAX];

    if (lane->trouble_at == AT_NONE)
        lane->trouble_at = now.wall_at;
    snprintf(lane->words, sizeof lane->words, "%s", words);
    log_event(LEVEL_WARN, "alert_unsent", "channel=%s tries=%u reason=%s",
              alert_channel_name(lane->channel), lane->tries + 1, log_value(words, reason));
}

static void on_failed(struct lane *lane, const struct alert_result *result)
{
    int64_t now_us = loop_now(lane->outbox->post.loop).mono_us;
    int64_t wait_us = FIRST_WAIT_US << (lane->tries < DOUBLINGS ? lane->tries : DOUBLINGS);

    note_trouble(lane, result->words);
    lane->tries++;
    if (lane->outbox->is_stopping)
        return;
    if (!result->may_retry || now_us - head_of(lane)->since_us > OUTBOX_PATIENCE_US) {
        log_lost(lane, head_of(lane)->parcel->message, result->words);
        take_head(lane, false);
        try_next(lane);
        return;
    }
    if (wait_us > MOST_WAIT_US)
        wait_us = MOST_WAIT_US;
    if (wait_us < result->wait_ms * US_PER_MS)
        wait_us = result->wait_ms * US_PER_MS;
    alarm_set(lane->alarm, now_us + wait_us);
}

static void on_tried(void *cookie, const struct alert_result *result)
{
    struct lane *lane = cookie;

    lane->is_trying = false;
    if (!result->is_delivered) {
        on_failed(lane, result);
        return;
    }
    if (lane->trouble_at != AT_NONE)
        log_event(LEVEL_INFO, "alert_sending", "channel=%s", alert_channel_name(lane->channel));
    lane->trouble_at = AT_NONE;
    take_head(lane, true);
    try_next(lane);
}

static void empty_lane(struct lane *lane)
{
    while (lane->queue.head)
        take_head(lane, false);
}

/* From the alarm: nothing of ours is on the stack. */
static void on_alarm(void *cookie)
{
    struct lane *lane = cookie;
    struct queued *queued = head_of(lane);
    struct alert_result result = {.may_retry = true};
    struct err err = {0};

    if (lane->is_trying || !queued || lane->outbox->is_stopping)
        return;
    if (!alert_channel_is_set(lane->outbox->post.settings, lane->channel)) {
        empty_lane(lane);
        return;
    }
    lane->attempt.on_done = on_tried;
    lane->attempt.cookie = lane;
    if (alert_post_start(&lane->outbox->post, lane->channel, queued->parcel->message,
                         &lane->attempt, &err) == 0) {
        lane->is_trying = true;
        return;
    }
    snprintf(result.words, sizeof result.words, "%.300s", err.text);
    on_failed(lane, &result);
}

static void try_next(struct lane *lane)
{
    if (lane->queue.head && !lane->outbox->is_stopping)
        alarm_set(lane->alarm, 0);
}

struct outbox *outbox_new(const struct alert_post *post, outbox_fn *on_settled, void *cookie)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);

    if (!outbox)
        return NULL;
    outbox->post = *post;
    outbox->on_settled = on_settled;
    outbox->cookie = cookie;
    for (int i = 0; i < ALERT_CHANNELS; i++) {
        struct lane *lane = outbox->lanes + i;

        lane->outbox = outbox;
        lane->channel = (enum alert_channel)i;
        lane->trouble_at = AT_NONE;
        lane->alarm = alarm_new(post->loop, on_alarm, lane);
        if (!lane->alarm) {
            outbox_free(outbox);
            return NULL;
        }
    }
    return outbox;
}

void outbox_free(struct outbox *outbox)
{
    if (!outbox)
        return;
    outbox->on_settled = NULL; /* what is left is told after the next start */
    for (int i = 0; i < ALERT_CHANNELS; i++) {
        empty_lane(outbox->lanes + i);
        alarm_free(outbox->lanes[i].alarm);
    }
    free(outbox);
}

void outbox_use(struct outbox *outbox, const struct alerts_settings *settings,
                const struct secrets *secrets)
{
    outbox->post.settings = settings;
    outbox->post.secrets = secrets;
    for (int i = 0; i < ALERT_CHANNELS; i++) {
        struct lane *lane = outbox->lanes + i;

        if (alert_channel_is_set(settings, lane->channel)) {
            if (lane->tries > 0) /* perhaps this is the remedy */
                try_next(lane);
            continue;
        }
        lane->trouble_at = AT_NONE;
        if (!lane->is_trying)
            empty_lane(lane);
    }
}

/* The one behind the head: the head may be under way. */
static void make_room(struct lane *lane)
{
    struct list_link *head, *link;
    struct list rest = {0};
    struct queued *queued;

    if (lane->queue.count < OUTBOX_QUEUE_MAX)
        return;
    head = list_take(&lane->queue);
    queued = CONTAINER_OF(list_take(&lane->queue), struct queued, link);
    while ((link = list_take(&lane->queue)))
        list_push(&rest, link);
    list_push(&lane->queue, head);
    list_move(&lane->queue, &rest);
    log_lost(lane, queued->parcel->message, "too many wait");
    parcel_let_go(lane->outbox, queued->parcel, false);
    free(queued);
}

static bool enqueue(struct lane *lane, struct parcel *parcel)
{
    struct queued *queued = calloc(1, sizeof *queued);

    if (!queued) {
        log_lost(lane, parcel->message, "out of memory");
        return false;
    }
    make_room(lane);
    queued->parcel = parcel;
    queued->since_us = loop_now(lane->outbox->post.loop).mono_us;
    parcel->waiting++;
    list_push(&lane->queue, &queued->link);
    if (lane->queue.count == 1)
        try_next(lane);
    return true;
}

bool outbox_put(struct outbox *outbox, struct alert_message *message)
{
    struct parcel *parcel = calloc(1, sizeof *parcel);
    bool is_waiting = false;

    if (parcel) {
        parcel->message = message;
        for (int i = 0; i < ALERT_CHANNELS; i++)
            if (alert_channel_is_set(outbox->post.settings, (enum alert_channel)i))
                is_waiting |= enqueue(outbox->lanes + i, parcel);
    }
    if (is_waiting)
        return true;
    free(message);
    free(parcel);
    return false;
}

void outbox_stop(struct outbox *outbox, bool is_final)
{
    outbox->is_stopping = true;
    for (int i = 0; i < ALERT_CHANNELS; i++) {
        struct lane *lane = outbox->lanes + i;

        alarm_clear(lane->alarm);
        if (!is_final || !lane->is_trying)
            continue;
        if (lane->attempt.transfer)
            transfer_cancel(lane->attempt.transfer);
        else
            courier_cancel(outbox->post.courier);
    }
}

bool outbox_is_busy(const struct outbox *outbox)
{
    for (int i = 0; i < ALERT_CHANNELS; i++)
        if (outbox->lanes[i].is_trying)
            return true;
    return false;
}

const char *outbox_trouble(const struct outbox *outbox, enum alert_channel channel,
                           int64_t *since_at)
{
    const struct lane *lane = outbox->lanes + channel;

    *since_at = lane->trouble_at;
    return lane->trouble_at != AT_NONE ? lane->words : NULL;
}
