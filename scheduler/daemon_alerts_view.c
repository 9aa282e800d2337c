/* What is open, for the page: incidents, and channels that do not deliver. */
#include <stdio.h>
#include <string.h>

#include "scheduler/daemon_alerts_parts.h"
#include "scheduler/outputs/alert_words.h"

struct view {
    int (*on_alert)(void *cookie, const struct alert_view *alert);
    void *cookie;
    int status;
};

static void on_incident(void *cookie, const struct alert_item *item)
{
    struct view *view = cookie;
    char text[ALERT_REASONED_MAX];

    if (view->status != 0)
        return;
    alert_sentence_why(item, text);
    view->status = view->on_alert(
        view->cookie,
        &(struct alert_view){.key = item->key,
                             .feed = alert_kind_is_of_feed(item->kind) ? item->subject : NULL,
                             .text = text,
                             .since_at = item->since_at});
}

static void on_trouble(struct view *view, const char *channel, const char *words, int64_t since_at)
{
    char key[64], text[512];

    if (!words || view->status != 0)
        return;
    snprintf(key, sizeof key, "undelivered:%s", channel);
    snprintf(text, sizeof text, "%s does not arrive (%s)",
             strcmp(channel, "heartbeat") == 0 ? "the heartbeat" : channel, words);
    view->status = view->on_alert(
        view->cookie, &(struct alert_view){.key = key, .text = text, .since_at = since_at});
}

int daemon_alerts_each(const struct daemon *daemon,
                       int (*on_alert)(void *cookie, const struct alert_view *alert), void *cookie)
{
    const struct daemon_alerts *parts = daemon->alerts;
    struct view view = {on_alert, cookie, 0};
    int64_t since_at;
    const char *words;

    if (!parts)
        return 0;
    alerts_each_open(parts->alerts, on_incident, &view);
    for (int i = 0; i < ALERT_CHANNELS; i++) {
        words = outbox_trouble(parts->outbox, (enum alert_channel)i, &since_at);
        on_trouble(&view, alert_channel_name((enum alert_channel)i), words, since_at);
    }
    words = heartbeat_trouble(parts->heartbeat, &since_at);
    on_trouble(&view, "heartbeat", words, since_at);
    return view.status;
}

static int count_one(void *cookie, const struct alert_view *alert)
{
    (void)alert;
    ++*(int64_t *)cookie;
    return 0;
}

int64_t daemon_alerts_count(const struct daemon *daemon)
{
    int64_t count = 0;

    daemon_alerts_each(daemon, count_one, &count);
    return count;
}

const char *daemon_alert_of(const struct daemon *daemon, const struct poll *poll,
                            char out[DAEMON_ALERT_TEXT_MAX])
{
    _Static_assert((int)ALERT_REASONED_MAX <= (int)DAEMON_ALERT_TEXT_MAX, "it must fit");
    struct alert_item item;

    if (!daemon->alerts ||
        !alerts_find_feed(daemon->alerts->alerts, &poll->alert, poll->feed, &item))
        return NULL;
    alert_sentence_why(&item, out);
    return out;
}
