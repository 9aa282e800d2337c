/* What survives a restart: a line an incident that somebody was told of. What is opening is left
 * out: it opens again, or it was nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/outputs/alert_parts.h"

static const char head[] = "alerts 1";

enum { FIELDS = 9 };

/* A closing that is moot has a name of its own. */
static const struct state {
    const char *name;
    enum incident_state state;
    bool is_over;
} states[] = {
    {"open", INCIDENT_OPEN, false},
    {"closing", INCIDENT_CLOSING, false},
    {"moot", INCIDENT_CLOSING, true},
    {"closed", INCIDENT_CLOSED, false},
};
enum { STATES = sizeof states / sizeof *states };

/* Fields are between tabs. */
static int append_field(struct buf *out, const char *text)
{
    if (buf_append_char(out, '\t') != 0)
        return -1;
    for (; *text; text++)
        if (buf_append_char(out, (unsigned char)*text < ' ' ? '?' : *text) != 0)
            return -1;
    return 0;
}

/* NULL: it is opening. */
static const char *name_of_state(const struct incident *incident)
{
    bool is_moot = incident->state == INCIDENT_CLOSING && incident->is_over;

    for (size_t i = 0; i < STATES; i++)
        if (states[i].state == incident->state && states[i].is_over == is_moot)
            return states[i].name;
    return NULL;
}

static int write_incident(struct buf *out, const struct incident *incident)
{
    const char *state = name_of_state(incident);
    size_t length = out->length;

    if (!state)
        return 0;
    if (buf_printf(out, "%s\t%s\t%u\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64, state,
                   alert_kind_name(incident->kind), incident->flaps, incident->since_at,
                   incident->told_at, incident->closed_at, incident->seen_at) == 0 &&
        append_field(out, incident->subject) == 0 && append_field(out, incident->words) == 0 &&
        buf_append_char(out, '\n') == 0)
        return 0;
    out->length = length;
    return -1;
}

int alerts_write(struct alerts *alerts, struct buf *out)
{
    alerts->is_news = false;
    if (buf_printf(out, "%s\t%.3f\t%" PRId64 "\n", head, alerts->tokens, alerts->filled_at) != 0)
        return -1;
    for (const struct incident *incident = alerts->incidents; incident;
         incident = incident->hh.next)
        if (write_incident(out, incident) != 0)
            return -1;
    return 0;
}

bool alerts_is_news(const struct alerts *alerts)
{
    return alerts->is_news;
}

/* Cuts `line` at its tabs; false: it has another number of fields. */
static bool cut(char *line, char *fields[], int count)
{
    for (int i = 0; i < count; i++) {
        fields[i] = strsep(&line, "\t");
        if (!fields[i])
            return false;
    }
    return line == NULL;
}

static const struct state *find_state(const char *name)
{
    for (size_t i = 0; i < STATES; i++)
        if (strcmp(name, states[i].name) == 0)
            return states + i;
    return NULL;
}

static bool read_kind(const char *name, enum alert_kind *kind)
{
    for (int i = 0; i < ALERT_KIND_COUNT; i++) {
        if (strcmp(name, alert_kind_name((enum alert_kind)i)) == 0) {
            *kind = (enum alert_kind)i;
            return true;
        }
    }
    return false;
}

/* Not later than now: the clock may have been set back since. */
static int64_t read_instant(const char *text, int64_t now_at)
{
    int64_t at = strtoll(text, NULL, 10);

    return at > now_at ? now_at : at;
}

static void read_incident(struct alerts *alerts, char *line, int64_t now_at)
{
    char *fields[FIELDS];
    const struct state *state;
    enum alert_kind kind;
    struct incident *incident;
    unsigned long flaps;

    if (!cut(line, fields, FIELDS) || !(state = find_state(fields[0])) ||
        !read_kind(fields[1], &kind) || strlen(fields[7]) >= ALERT_SUBJECT_MAX ||
        incident_find(alerts, kind, fields[7]))
        return;
    incident = incident_make(alerts, kind, fields[7]);
    if (!incident)
        return;
    flaps = strtoul(fields[2], NULL, 10);
    incident->state = state->state;
    incident->is_over = state->is_over;
    incident->flaps = flaps > ALERT_FLAPS_MAX ? ALERT_FLAPS_MAX : (unsigned)flaps;
    incident->since_at = read_instant(fields[3], now_at);
    incident->told_at = read_instant(fields[4], now_at);
    incident->closed_at = read_instant(fields[5], now_at);
    incident->seen_at = read_instant(fields[6], now_at);
    incident_say(incident, fields[8]);
}

void alerts_read(struct alerts *alerts, const char *text, int64_t now_at)
{
    char *copy = strdup(text), *rest = copy, *line, *fields[3];

    if (!copy)
        return;
    line = strsep(&rest, "\n");
    if (line && cut(line, fields, 3) && strcmp(fields[0], head) == 0) {
        alerts->tokens = strtod(fields[1], NULL);
        if (!(alerts->tokens >= 0 && alerts->tokens <= ALERT_BURST))
            alerts->tokens = 0;
        alerts->filled_at = read_instant(fields[2], now_at);
        while ((line = strsep(&rest, "\n")) && *line)
            read_incident(alerts, line, now_at);
    }
    alerts->is_news = false;
    free(copy);
}
