/* Reload, status, and the signals that ask for them. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "scheduler/daemon_parts.h"

void daemon_log_mistakes(const struct feed_set *set)
{
    char text[LOG_VALUE_MAX], file[LOG_VALUE_MAX];

    for (size_t i = 0; i < set->mistake_count; i++)
        log_event(LEVEL_ERROR, "mistake", "file=%s line=%d column=%d text=%s",
                  log_value(set->mistakes[i].file, file), set->mistakes[i].line,
                  set->mistakes[i].column, log_value(set->mistakes[i].text, text));
}

void daemon_note_load(struct daemon *daemon, bool is_loaded)
{
    daemon->is_loaded = is_loaded;
    if (is_loaded)
        daemon->loaded_at = loop_now(daemon->service.loop).wall_at;
}

static void on_changed(void *cookie)
{
    struct daemon *daemon = cookie;

    daemon_reload(daemon);
}

/* Anew after each reload: a directory that was replaced is another one. */
void daemon_watch_dirs(struct daemon *daemon)
{
    static const char *const below[DAEMON_WATCHES] = {"", "/feeds", "/secrets"};

    for (int i = 0; i < DAEMON_WATCHES; i++) {
        char *dir;

        dir_watch_free(daemon->watches[i]);
        daemon->watches[i] = NULL;
        if (asprintf(&dir, "%s%s", daemon->options.config_dir, below[i]) < 0)
            continue;
        daemon->watches[i] = dir_watch_new(daemon->service.loop, dir, on_changed, daemon);
        free(dir);
    }
}

static void use_settings(struct daemon *daemon)
{
    const struct service_settings *settings = &daemon->set->service;

    hosts_set_max_requests(daemon->service.hosts, settings->max_requests);
    writer_set_disk_reserve(daemon->service.writer, settings->disk_reserve_bytes);
    daemon->service.secrets = daemon->set->secrets;
    daemon_page_follow(daemon);
}

static void reload(struct daemon *daemon)
{
    struct feed_set *set = NULL, *old = daemon->set;
    struct err err = {0};

    daemon->reloads++;
    daemon_watch_dirs(daemon); /* before reading: what changes meanwhile is told */
    if (feed_set_load(&set, daemon->options.config_dir, old, &err) != 0) {
        daemon->broken_reloads++;
        daemon->is_loaded = false;
        log_event(LEVEL_ERROR, "reload", "reason=\"%s\"", err.text);
        return;
    }
    if (set->mistake_count > 0)
        daemon->broken_reloads++;
    daemon_log_mistakes(set);
    daemon->set = set;
    daemon_note_load(daemon, set->mistake_count == 0);
    use_settings(daemon);
    roster_apply(daemon->roster, set, false);
    recall_go_on(daemon->recall);
    upkeep_use(daemon->upkeep, set);
    daemon_alerts_load(daemon);
    feed_set_free(old);
    log_event(LEVEL_INFO, "reloaded", "feeds=%zu mistakes=%zu", set->count, set->mistake_count);
}

void daemon_on_reload(void *cookie)
{
    struct daemon *daemon = cookie;
    int64_t begun_us = loop_now(daemon->service.loop).mono_us;

    if (daemon->service.is_stopping || daemon->service.is_once)
        return;
    service_manager_reloading(daemon->manager);
    reload(daemon);
    service_manager_ready(daemon->manager);
    daemon->reloaded_us = loop_now(daemon->service.loop).mono_us;
    daemon->reload_took_us = daemon->reloaded_us - begun_us;
}

/* Many wishes at once are one reload, and at most half of the time goes into reloading. */
void daemon_reload(struct daemon *daemon)
{
    alarm_set(daemon->reload, daemon->reloaded_us + daemon->reload_took_us);
}

static void log_poll(void *cookie, struct poll *poll)
{
    (void)cookie;
    health_log(&poll->health, poll->feed->name, account_next_slot(&poll->account),
               poll_state_name(poll->state));
}

void daemon_log_status(struct daemon *daemon)
{
    struct service *service = &daemon->service;

    roster_each(daemon->roster, log_poll, NULL);
    log_answer("service",
               "feeds=%zu in_flight=%u waiting=%u commit_ms=%" PRId64 " loop_gap_max_ms=%" PRId64
               " reloads=%u broken_reloads=%u disk_full=%d",
               roster_count(daemon->roster), hosts_in_flight(service->hosts),
               hosts_waiting(service->hosts), writer_commit_ms(service->writer),
               loop_gap_max_ms(service->loop), daemon->reloads, daemon->broken_reloads,
               service->is_disk_full);
}

static void on_signal(void *cookie, int number)
{
    struct daemon *daemon = cookie;

    switch (number) {
    case SIGHUP:
        daemon_reload(daemon);
        break;
    case SIGUSR1:
        daemon_log_status(daemon);
        break;
    default:
        daemon_stop(daemon);
    }
}

int daemon_listen_to_signals(struct daemon *daemon, struct err *err)
{
    static const int numbers[DAEMON_SIGNALS] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};

    for (int i = 0; i < DAEMON_SIGNALS; i++) {
        daemon->signals[i] = signal_watch_new(daemon->service.loop, numbers[i], on_signal, daemon);
        if (!daemon->signals[i])
            return err_set(err, ERR_IO, "cannot listen to signal %d", numbers[i]);
    }
    return 0;
}
