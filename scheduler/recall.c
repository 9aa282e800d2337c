/* A feed's polls are read in order into `past`; those stored meanwhile are read too, and when none
 * is left and none is on its way to the store, `past` is all there is to know. */
#include "scheduler/recall.h"

#include <stdlib.h>

#include "base/log.h"
#include "scheduler/roster_parts.h"

enum {
    STEP_US = 1500,    /* of reading in one turn of the loop */
    STEP_POLLS = 1024, /* … where time stands still, as in a simulation */
    LOOK_POLLS = 8,    /* so many are read between looks at the clock */
    STEP_FEEDS = 16,
    REST_SHARE = 4, /* for each part of reading so many of rest */
    REST_LEAST_US = 1000,
    COMMIT_US = 50 * 1000 /* for a poll that is on its way to the store */
};

struct recall {
    struct roster *roster;
    struct loop *loop;
    struct reader *reader;
    struct alarm *alarm;
    size_t place;     /* in the roster's polls: where to look for the next feed */
    uint32_t feed_id; /* being read; 0: none */
    bool is_reading;  /* its polls are sought */
    struct health past;
};

static void on_alarm(void *cookie);

int recall_new(struct recall **made, struct roster *roster, struct loop *loop, struct store *store,
               struct err *err)
{
    struct recall *recall = calloc(1, sizeof *recall);

    if (!recall)
        return err_memory(err);
    recall->roster = roster;
    recall->loop = loop;
    recall->alarm = alarm_new(loop, on_alarm, recall);
    if (!recall->alarm) {
        err_memory(err);
        goto fail;
    }
    if (reader_open(&recall->reader, store, err) != 0)
        goto fail;
    *made = recall;
    return 0;
fail:
    recall_free(recall);
    return -1;
}

void recall_free(struct recall *recall)
{
    if (!recall)
        return;
    alarm_free(recall->alarm);
    if (recall->reader)
        reader_close(recall->reader);
    free(recall);
}

/* The feed to read: the one begun, or the next; NULL: all are done. A poll that is gone, or has
 * another place now, is found again when it is looked for anew. */
static struct poll *choose(struct recall *recall)
{
    const struct roster *roster = recall->roster;

    for (; recall->place < roster->count; recall->place++) {
        struct poll *poll = roster->polls[recall->place];

        if (poll->health.history.is_whole || poll->state == POLL_RETIRED)
            continue;
        if (poll->feed_id != recall->feed_id) {
            recall->feed_id = poll->feed_id;
            recall->is_reading = false;
        }
        return poll;
    }
    recall->feed_id = 0;
    return NULL;
}

/* The last week, and as many slots as are shown. */
static int seek(struct recall *recall, int64_t now_at, struct err *err)
{
    int64_t from_at = now_at - history_window_us(WINDOW_WEEK);
    struct poll_record poll;
    int found = 1;

    health_init(&recall->past);
    if (reader_seek_back(recall->reader, recall->feed_id, AT_NEVER, err) != 0)
        return -1;
    for (int i = 0; i < HISTORY_RECENT && found != 0; i++) {
        found = reader_previous(recall->reader, &poll, err);
        if (found < 0 && err->kind != ERR_DAMAGED)
            return -1;
        if (found > 0 && poll.slot_at < from_at)
            from_at = poll.slot_at;
    }
    recall->is_reading = true;
    return reader_seek(recall->reader, recall->feed_id, from_at, err);
}

/* 1: there may be more; 0: it has read all; -1. */
static int read_on(struct recall *recall, int64_t until_us, struct err *err)
{
    struct poll_record poll;

    for (int i = 1; i <= STEP_POLLS; i++) {
        int found = reader_next(recall->reader, &poll, err);

        if (found == 0)
            return 0;
        if (found > 0)
            health_recall(&recall->past, &poll);
        else if (err->kind != ERR_DAMAGED) /* a damaged poll is verify's to report */
            return -1;
        if (i % LOOK_POLLS == 0 && loop_now(recall->loop).mono_us >= until_us)
            break;
    }
    return 1;
}

/* true: there is no sense in going on at once. */
static bool read_some(struct recall *recall, struct poll *poll, const struct loop_time *now)
{
    struct err err = {0};
    int found = recall->is_reading || seek(recall, now->wall_at, &err) == 0
                    ? read_on(recall, now->mono_us + STEP_US, &err)
                    : -1;

    reader_rest(recall->reader);
    if (found == 0 && poll->records > 0)
        return true;
    if (found > 0)
        return false;
    if (found < 0)
        log_event(LEVEL_WARN, "recall", "feed=%s reason=\"%s\"", poll->feed->name, err.text);
    else
        health_recalled(&poll->health, &recall->past);
    recall->place++;
    return false;
}

static void on_alarm(void *cookie)
{
    struct recall *recall = cookie;
    struct loop_time begun = loop_now(recall->loop), now = begun;
    int64_t rest_us = REST_LEAST_US;

    for (int i = 0; i < STEP_FEEDS && now.mono_us - begun.mono_us < STEP_US; i++) {
        struct poll *poll = choose(recall);

        if (!poll)
            return;
        if (read_some(recall, poll, &now)) {
            rest_us = COMMIT_US;
            break;
        }
        now = loop_now(recall->loop);
    }
    alarm_set(recall->alarm, now.mono_us + rest_us + REST_SHARE * (now.mono_us - begun.mono_us));
}

void recall_go_on(struct recall *recall)
{
    if (recall->feed_id != 0)
        return;
    recall->place = 0;
    if (choose(recall))
        alarm_set(recall->alarm, loop_now(recall->loop).mono_us + REST_LEAST_US);
}
