/* struct alerts, for alert.c (incidents), alert_facts.c (what opens and closes them), alert_tell.c
 * (what is told) and alert_note.c (what survives a restart). Not for others. */
#ifndef SCHEDULER_OUTPUTS_ALERT_PARTS_H
#define SCHEDULER_OUTPUTS_ALERT_PARTS_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "scheduler/outputs/alert.h"

enum incident_state {
    INCIDENT_OPENING, /* not told yet */
    INCIDENT_OPEN,    /* told */
    INCIDENT_CLOSING, /* over, and not told yet */
    INCIDENT_CLOSED,  /* told; kept to see whether it comes back */
};

struct incident {
    enum incident_state state;
    enum alert_kind kind;
    unsigned flaps;   /* how often it has come back */
    unsigned good;    /* good slots in a row since well_at */
    int64_t since_at; /* what is wrong began */
    int64_t due_at;   /* OPENING: not to be told before */
    int64_t well_at;  /* since when all has been well again; AT_NONE: it is not */
    int64_t seen_at;  /* of the last fact about it */
    int64_t told_at;  /* of the last message about it; AT_NONE: none */
    int64_t closed_at;
    bool is_over;     /* need not be well for long to close */
    uint64_t message; /* that tells of it and is on its way; 0: none */
    char words[ALERT_WORDS_MAX];
    const char *subject; /* inside `key` */
    UT_hash_handle hh;
    char key[ALERT_KEY_MAX];
};

enum {
    ALERT_FLAPS_MAX = 6, /* the waiting for calm doubles so often: 5 m … 5 h 20 m */
    ALERT_SAMPLES = 25,  /* of free space, an hour apart */
};

struct alerts {
    struct incident *incidents;
    unsigned count;
    struct alert_crowd crowd;
    double tokens; /* messages that may be told now */
    int64_t filled_at;
    uint64_t last_message;
    unsigned on_their_way; /* messages */
    bool is_news;
    struct alert_sample {
        int64_t at, free_bytes;
    } samples[ALERT_SAMPLES]; /* the latest first */
    unsigned sample_count;
};

/* A fact about one thing. */
struct alert_fact {
    enum alert_kind kind;
    const char *subject, *words;
    int64_t since_at;
};
struct incident *incident_find(const struct alerts *alerts, enum alert_kind kind,
                               const char *subject);
/* NULL: no room, or no memory; OPENING otherwise. */
struct incident *incident_make(struct alerts *alerts, enum alert_kind kind, const char *subject);
void incident_say(struct incident *incident, const char *words);
/* The one door from state to state. */
void incident_enter(struct alerts *alerts, struct incident *incident, enum incident_state state);
/* It is so: opens, or goes on. */
void incident_bad(struct alerts *alerts, const struct alert_fact *fact, int64_t now_at);
/* It is not, or not any more. */
void incident_well(struct alerts *alerts, enum alert_kind kind, const char *subject,
                   int64_t now_at);
/* It will never be so again: alerts_settle() closes it without waiting. */
void incident_end(struct incident *incident, const char *words, int64_t now_at);
/* When one that is well may close; AT_NEVER: it is not, or too few good slots have come. */
int64_t incident_close_at(const struct incident *incident);
bool incident_is_open(const struct incident *incident); /* OPENING or OPEN */
bool alerts_has_open(const struct alerts *alerts, enum alert_kind kind, const char *subject);
/* Moves on what time alone moves: closes what is well, forgets what is over. */
void alerts_settle(struct alerts *alerts, int64_t now_at);
void incident_describe(const struct incident *incident, enum alert_event event,
                       struct alert_item *item);

#endif
