/* What is told now: gathered, capped, folded together, repeated once a day. */
#include <stdlib.h>

#include "scheduler/outputs/alert_parts.h"

#define AGAIN_US (ALERT_REMIND_US / 2) /* a reminder takes along what was told before that */

enum { MESSAGES_OUT_MAX = 8 }; /* on their way; more is gathered meanwhile */

static bool is_due(const struct incident *incident, int64_t now_at, enum alert_event *event)
{
    if (incident->message != 0)
        return false;
    switch (incident->state) {
    case INCIDENT_OPENING:
        *event = ALERT_OPEN;
        return incident->due_at <= now_at;
    case INCIDENT_OPEN:
        *event = ALERT_REMIND;
        return now_at - incident->told_at >= ALERT_REMIND_US;
    case INCIDENT_CLOSING:
        *event = ALERT_CLOSE;
        return true;
    case INCIDENT_CLOSED:
        break;
    }
    return false;
}

/* When something is repeated, everything that is open is, so that it comes together from then on.
 */
static bool is_taken_along(const struct incident *incident, int64_t now_at)
{
    return incident->message == 0 && incident->state == INCIDENT_OPEN &&
           now_at - incident->told_at >= AGAIN_US;
}

struct due {
    unsigned opening, closing, remind;
};

static struct due count_due(const struct alerts *alerts, int64_t now_at)
{
    struct due due = {0, 0, 0};
    enum alert_event event = ALERT_OPEN;

    for (const struct incident *incident = alerts->incidents; incident;
         incident = incident->hh.next) {
        if (!is_due(incident, now_at, &event))
            continue;
        due.opening += event == ALERT_OPEN;
        due.closing += event == ALERT_CLOSE;
        due.remind += event == ALERT_REMIND;
    }
    return due;
}

static void fill_tokens(struct alerts *alerts, int64_t now_at)
{
    if (now_at > alerts->filled_at)
        alerts->tokens += (double)(now_at - alerts->filled_at) / (double)ALERT_REFILL_US;
    if (alerts->tokens > ALERT_BURST)
        alerts->tokens = ALERT_BURST;
    alerts->filled_at = now_at;
}

static bool is_part(const struct incident *incident, const struct alert_message *message,
                    int64_t now_at, enum alert_event *event)
{
    *event = ALERT_REMIND;
    if (message->event == ALERT_REMIND)
        return is_due(incident, now_at, event) ? *event == ALERT_REMIND
                                               : is_taken_along(incident, now_at);
    if (!is_due(incident, now_at, event))
        return false;
    return message->event == ALERT_SUMMARY || *event == message->event;
}

/* Puts the incidents of this event into the message; only the first if it is neither a summary nor
 * a reminder. */
static void fill(struct alerts *alerts, struct alert_message *message)
{
    bool is_single = message->event == ALERT_OPEN || message->event == ALERT_CLOSE;
    enum alert_event event = ALERT_OPEN;

    for (struct incident *incident = alerts->incidents; incident; incident = incident->hh.next) {
        if (!is_part(incident, message, message->at, &event))
            continue;
        if (message->count < ALERT_ITEMS_MAX)
            incident_describe(incident, event, &message->items[message->count++]);
        else
            message->more++;
        incident->message = message->number;
        if (is_single)
            break;
    }
}

/* Openings first: while a message may go out for each, it does; the last one holds all the rest. */
static enum alert_event choose(const struct alerts *alerts, const struct due *due)
{
    unsigned changes = due->opening + due->closing;

    if (changes == 0)
        return ALERT_REMIND;
    if (changes > 1 && alerts->tokens < 2)
        return ALERT_SUMMARY;
    return due->opening > 0 ? ALERT_OPEN : ALERT_CLOSE;
}

static struct alert_message *make_message(size_t items)
{
    return calloc(1, sizeof(struct alert_message) + items * sizeof(struct alert_item));
}

int alerts_next(struct alerts *alerts, int64_t now_at, struct alert_message **message)
{
    struct alert_message *made;
    enum alert_event event;
    struct due due;
    bool is_single;

    alerts_settle(alerts, now_at);
    due = count_due(alerts, now_at);
    if (due.opening + due.closing + due.remind == 0 || alerts->on_their_way >= MESSAGES_OUT_MAX)
        return 0;
    fill_tokens(alerts, now_at);
    if (alerts->tokens < 1)
        return 0;
    event = choose(alerts, &due);
    is_single = event == ALERT_OPEN || event == ALERT_CLOSE;
    made = make_message(is_single ? 1 : ALERT_ITEMS_MAX);
    if (!made)
        return -1;
    made->number = ++alerts->last_message;
    made->event = event;
    made->at = now_at;
    fill(alerts, made);
    alerts->tokens -= 1;
    alerts->on_their_way++;
    alerts->is_news = true;
    *message = made;
    return 1;
}

void alerts_told(struct alerts *alerts, uint64_t number, int64_t now_at)
{
    struct incident *incident, *next;

    if (alerts->on_their_way > 0)
        alerts->on_their_way--;
    alerts->is_news = true;
    for (incident = alerts->incidents; incident; incident = next) {
        next = incident->hh.next;
        if (incident->message != number)
            continue;
        incident->message = 0;
        incident->told_at = now_at;
        if (incident->state == INCIDENT_OPENING)
            incident_enter(alerts, incident, INCIDENT_OPEN);
        else if (incident->state == INCIDENT_CLOSING)
            incident_enter(alerts, incident, INCIDENT_CLOSED);
    }
    alerts_settle(alerts, now_at);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t alerts_next_at(const struct alerts *alerts, int64_t now_at)
{
    int64_t next_at = AT_NEVER, filled_at = now_at;

    if (alerts->on_their_way >= MESSAGES_OUT_MAX)
        return AT_NEVER;
    for (const struct incident *incident = alerts->incidents; incident;
         incident = incident->hh.next) {
        if (incident->message != 0)
            continue;
        if (incident->state == INCIDENT_OPENING)
            next_at = earlier(next_at, incident->due_at);
        else if (incident->state == INCIDENT_OPEN)
            next_at = earlier(next_at, incident->told_at + ALERT_REMIND_US);
        else if (incident->state == INCIDENT_CLOSING)
            next_at = now_at;
        next_at = earlier(next_at, incident_close_at(incident));
    }
    if (alerts->tokens < 1)
        filled_at =
            alerts->filled_at + (int64_t)((1 - alerts->tokens) * (double)ALERT_REFILL_US) + 1;
    if (next_at == AT_NEVER)
        return AT_NEVER;
    return next_at > filled_at ? next_at : filled_at;
}

struct alert_message *alert_trial(int64_t now_at)
{
    struct alert_message *message = make_message(1);

    if (!message)
        return NULL;
    message->event = ALERT_TRIAL;
    message->at = now_at;
    message->count = 1;
    message->items[0] = (struct alert_item){
        .event = ALERT_TRIAL, .kind = ALERT_TEST, .since_at = now_at, .key = "test:"};
    return message;
}
