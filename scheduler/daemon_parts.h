/* struct daemon, for the files that make it up: daemon.c (begin and end), daemon_run.c (what moves
 * it), daemon_reload.c (reload, status, signals), daemon_manager.c. Not for others. */
#ifndef SCHEDULER_DAEMON_PARTS_H
#define SCHEDULER_DAEMON_PARTS_H

#include "feeds/feed_load.h"
#include "scheduler/daemon.h"
#include "scheduler/daemon_alerts.h"
#include "scheduler/outputs/service_manager.h"
#include "scheduler/recall.h"
#include "scheduler/roster.h"
#include "scheduler/upkeep.h"

enum { DAEMON_TICK_US = 60 * 1000 * 1000, DAEMON_WATCHES = 3, DAEMON_SIGNALS = 4 };

struct daemon {
    struct service service;
    struct daemon_options options;
    struct store *store;
    struct feed_set *set;
    struct roster *roster;
    struct recall *recall;
    struct upkeep *upkeep;
    struct wake *committed;
    struct alarm *tick, *end, *reload;
    int64_t reloaded_us, reload_took_us; /* the last reload: when it ended, how long it took */
    struct signal_watch *signals[DAEMON_SIGNALS];
    struct dir_watch *watches[DAEMON_WATCHES];
    struct service_manager *manager;
    struct daemon_alerts *alerts; /* NULL: --once */
    struct site *site;            /* NULL: --once */
    struct httpd *httpd;          /* NULL: the page is off */
    bool is_page_hindered;        /* it is not where `listen` wants it; said in the log */
    struct loop_time last;        /* of the clocks, to see jumps */
    int64_t started_at;
    bool is_final; /* requests in flight were given up */
    bool is_broken;
    unsigned reloads, broken_reloads;
    bool is_loaded;    /* the configuration was last read without mistakes */
    int64_t loaded_at; /* when that was last so; AT_NONE */
};

/* Callbacks of the alarms and of the wake; the cookie is the daemon. */
void daemon_on_pump(void *cookie);
void daemon_on_committed(void *cookie);
void daemon_on_tick(void *cookie);
void daemon_on_end(void *cookie);
void daemon_on_reload(void *cookie);
void daemon_on_report(void *cookie, struct manager_report *report);
/* Commits work: for the page and the heartbeat. The watchdog has a span of its own, the unit's. */
bool daemon_is_healthy(const struct daemon *daemon, struct err *why);
void daemon_append_run(struct daemon *daemon, int64_t alive_at, int64_t ended_at);

/* daemon_page.c. Listening begins before the loop turns, and nothing is answered before it does. */
int daemon_page_start(struct daemon *daemon, struct err *err);
void daemon_page_ready(const struct daemon *daemon); /* says so in the log */
void daemon_page_follow(struct daemon *daemon);      /* after a reload */
void daemon_page_stop(struct daemon *daemon);        /* before the store is closed */
void daemon_page_go_on(struct daemon *daemon); /* now and then: where it is hindered, once more */
unsigned daemon_page_port(const struct daemon *daemon); /* no feed may ask it; 0: off */

void daemon_log_mistakes(const struct feed_set *set);
void daemon_note_load(struct daemon *daemon, bool is_loaded);
void daemon_watch_dirs(struct daemon *daemon);
int daemon_listen_to_signals(struct daemon *daemon, struct err *err);

#endif
