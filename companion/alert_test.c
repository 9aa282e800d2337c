#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "companion/open.h"
#include "scheduler/outputs/alert_post.h"

static const struct option_row options[] = {OPTION_CONFIG, OPTION_STORE, {0}};

/* One channel is tried after the other. */
struct trial {
    struct alert_post post;
    struct alert_message *message;
    struct alert_try attempt;
    unsigned channel; /* the one being tried */
    unsigned tried, failed;
};

static void try_channels(struct trial *trial);

static void tell(struct trial *trial, const char *words)
{
    const char *name = alert_channel_name((enum alert_channel)trial->channel);

    trial->tried++;
    trial->failed += words != NULL;
    if (words)
        printf("%s: failed: %s\n", name, words);
    else
        printf("%s: sent\n", name);
    fflush(stdout);
}

static void on_tried(void *cookie, const struct alert_result *result)
{
    struct trial *trial = cookie;

    tell(trial, result->is_delivered ? NULL : result->words);
    trial->channel++;
    try_channels(trial);
}

/* Up to the next one that will answer, or to the end. */
static void try_channels(struct trial *trial)
{
    for (; trial->channel < ALERT_CHANNELS; trial->channel++) {
        enum alert_channel channel = (enum alert_channel)trial->channel;
        struct err why = {0};

        if (!alert_channel_is_set(trial->post.settings, channel))
            continue;
        trial->attempt.on_done = on_tried;
        trial->attempt.cookie = trial;
        if (alert_post_start(&trial->post, channel, trial->message, &trial->attempt, &why) == 0)
            return;
        tell(trial, why.text);
    }
    loop_stop(trial->post.loop);
}

static void on_begin(void *cookie)
{
    try_channels(cookie);
}

static int open_post(struct alert_post *post, const struct feed_set *set, struct err *err)
{
    const struct transfers_options options_of_transfers = {
        .max_connections = 4, .user_agent = "pollard/" POLLARD_VERSION};
    const struct courier_options options_of_courier = {.timeout_ms = ALERT_POST_TIMEOUT_MS};

    post->settings = &set->service.alerts;
    post->secrets = set->secrets;
    alert_post_name_host(post);
    if (loop_new(&post->loop, err) != 0 ||
        transfers_new(&post->transfers, post->loop, &options_of_transfers, err) != 0)
        return -1;
    return courier_new(&post->courier, post->loop, &options_of_courier, err);
}

static int run_trial(struct trial *trial, struct err *err)
{
    struct alert_post *post = &trial->post;
    struct alarm *begin = alarm_new(post->loop, on_begin, trial);
    int status;

    trial->message = alert_trial(loop_now(post->loop).wall_at);
    if (!begin || !trial->message) {
        alarm_free(begin);
        return err_memory(err);
    }
    alarm_set(begin, 0);
    status = loop_run(post->loop, err);
    alarm_free(begin);
    if (status == 0 && trial->failed > 0)
        return err_set(err, ERR_IO, "%u of %u channels failed", trial->failed, trial->tried);
    return status;
}

static int try_all(const struct feed_set *set, struct err *err)
{
    struct trial trial = {.channel = 0};
    int status = open_post(&trial.post, set, err);

    if (status == 0)
        status = run_trial(&trial, err);
    free(trial.message);
    courier_free(trial.post.courier);
    if (trial.post.transfers)
        transfers_free(trial.post.transfers);
    if (trial.post.loop)
        loop_free(trial.post.loop);
    return status;
}

static int run(const struct arguments *arguments, struct err *err)
{
    struct feed_set *set;
    int status;

    if (open_feeds(&set, arguments, err) != 0)
        return -1;
    if (set->service_is_broken)
        status = feeds_verdict(set, err);
    else if (!set->service.alerts.has_email && !set->service.alerts.has_webhook)
        status = err_set(err, ERR_ABSENT,
                         "\"alerts\" of \"%s/pollard.json\" has neither \"email\" nor \"webhook\": "
                         "nobody would be told",
                         set->dir);
    else
        status = try_all(set, err);
    feed_set_free(set);
    return status;
}

const struct command command_alert_test = {
    .name = "alert-test",
    .operands = "",
    .help = "sends one alert by every channel",
    .details =
        "Tries \"email\" and \"webhook\" of \"alerts\" in pollard.json at once and says what\n"
        "each of them answered. Exit code 1 if one failed.",
    .options = options,
    .run = run,
};
