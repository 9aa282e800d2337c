#include "scheduler/outputs/alert_heartbeat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct heartbeat {
    struct alert_post post;
    bool (*is_well)(void *cookie);
    void *cookie;
    struct alarm *alarm;
    struct transfer *transfer; /* NULL: none is under way */
    bool is_stopping, is_held; /* held: not well */
    int64_t next_us;           /* mono; when the alarm is set to */
    int64_t trouble_at;        /* AT_NONE: none */
    char words[256];
};

static void note(struct heartbeat *heartbeat, const char *words)
{
    char reason[LOG_VALUE_MAX];

    if (*words && heartbeat->trouble_at == AT_NONE) {
        log_event(LEVEL_WARN, "heartbeat", "state=failing reason=%s", log_value(words, reason));
        heartbeat->trouble_at = loop_now(heartbeat->post.loop).wall_at;
    } else if (!*words && heartbeat->trouble_at != AT_NONE) {
        log_event(LEVEL_INFO, "heartbeat", "state=beating");
        heartbeat->trouble_at = AT_NONE;
    }
    snprintf(heartbeat->words, sizeof heartbeat->words, "%s", words);
}

static void on_answer(void *cookie, struct response *response)
{
    struct heartbeat *heartbeat = cookie;
    char words[sizeof heartbeat->words] = "";

    heartbeat->transfer = NULL;
    if (response->error == RESPONSE_CANCELLED)
        return;
    if (response->status < 200 || response->status >= 300)
        alert_post_describe(response, words, sizeof words);
    note(heartbeat, words);
}

static void beat(struct heartbeat *heartbeat)
{
    const struct alerts_settings *settings = heartbeat->post.settings;
    int64_t timeout_ms = settings->heartbeat_every_ms < ALERT_POST_TIMEOUT_MS
                             ? settings->heartbeat_every_ms
                             : ALERT_POST_TIMEOUT_MS;
    struct alert_texts texts = {.count = 0};
    struct request request = {.method = "GET",
                              .timeout_ms = timeout_ms,
                              .connect_timeout_ms = ALERT_POST_CONNECT_MS,
                              .max_body_bytes = ALERT_POST_ANSWER_MAX,
                              .allow_private = settings->allow_private};
    struct err err = {0};

    if (alert_texts_add(&texts, "", settings->heartbeat_url, heartbeat->post.secrets, &err) == 0) {
        request.url = alert_texts_get(&texts, 0);
        heartbeat->transfer =
            transfers_start(heartbeat->post.transfers, &request, on_answer, heartbeat, &err);
    }
    if (!heartbeat->transfer)
        note(heartbeat, err.text);
    alert_texts_release(&texts);
}

static void on_alarm(void *cookie)
{
    struct heartbeat *heartbeat = cookie;
    bool is_well = heartbeat->is_well(heartbeat->cookie);

    if (heartbeat->is_stopping || !heartbeat->post.settings->has_heartbeat)
        return;
    heartbeat->next_us = loop_now(heartbeat->post.loop).mono_us +
                         heartbeat->post.settings->heartbeat_every_ms * US_PER_MS;
    alarm_set(heartbeat->alarm, heartbeat->next_us);
    if (is_well == heartbeat->is_held)
        log_event(is_well ? LEVEL_INFO : LEVEL_WARN, "heartbeat", "state=%s",
                  is_well ? "well" : "held");
    heartbeat->is_held = !is_well;
    if (is_well && !heartbeat->transfer)
        beat(heartbeat);
}

struct heartbeat *heartbeat_new(const struct alert_post *post, bool (*is_well)(void *cookie),
                                void *cookie)
{
    struct heartbeat *heartbeat = calloc(1, sizeof *heartbeat);

    if (!heartbeat)
        return NULL;
    heartbeat->post = *post;
    heartbeat->is_well = is_well;
    heartbeat->cookie = cookie;
    heartbeat->trouble_at = AT_NONE;
    heartbeat->alarm = alarm_new(post->loop, on_alarm, heartbeat);
    if (heartbeat->alarm)
        return heartbeat;
    free(heartbeat);
    return NULL;
}

void heartbeat_free(struct heartbeat *heartbeat)
{
    if (!heartbeat)
        return;
    alarm_free(heartbeat->alarm);
    free(heartbeat);
}

/* A reload does not make it beat more often. */
void heartbeat_use(struct heartbeat *heartbeat, const struct alerts_settings *settings,
                   const struct secrets *secrets)
{
    int64_t now_us = loop_now(heartbeat->post.loop).mono_us;
    int64_t most_us = now_us + settings->heartbeat_every_ms * US_PER_MS;

    heartbeat->post.settings = settings;
    heartbeat->post.secrets = secrets;
    if (!settings->has_heartbeat) {
        alarm_clear(heartbeat->alarm);
        heartbeat->trouble_at = AT_NONE;
        return;
    }
    if (heartbeat->next_us > most_us)
        heartbeat->next_us = most_us;
    alarm_set(heartbeat->alarm, heartbeat->next_us);
}

void heartbeat_stop(struct heartbeat *heartbeat, bool is_final)
{
    heartbeat->is_stopping = true;
    alarm_clear(heartbeat->alarm);
    if (is_final && heartbeat->transfer)
        transfer_cancel(heartbeat->transfer);
}

bool heartbeat_is_busy(const struct heartbeat *heartbeat)
{
    return heartbeat->transfer != NULL;
}

const char *heartbeat_trouble(const struct heartbeat *heartbeat, int64_t *since_at)
{
    *since_at = heartbeat->trouble_at;
    return heartbeat->trouble_at != AT_NONE ? heartbeat->words : NULL;
}
