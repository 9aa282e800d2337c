#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "scheduler/daemon_parts.h"

enum {
    MISTAKES_MAX_BYTES = 16 * 1024 * 1024,
    BATCH_BYTES = 4 * 1024 * 1024,
    QUEUE_BYTES = 64 * 1024 * 1024,
};

static int load(struct daemon *daemon, struct err *err)
{
    struct buf lines;

    if (feed_set_load(&daemon->set, daemon->options.config_dir, NULL, err) != 0)
        return -1;
    if (!daemon->set->service_is_broken) {
        daemon_log_mistakes(daemon->set);
        daemon_note_load(daemon, daemon->set->mistake_count == 0);
        return 0;
    }
    buf_init(&lines, MISTAKES_MAX_BYTES);
    if (feed_set_print_mistakes(daemon->set, &lines) == 0)
        fwrite(lines.bytes, 1, lines.length, stderr);
    buf_release(&lines);
    return err_set(err, ERR_CONFIG, "the configuration in \"%s\" is broken: mend pollard.json",
                   daemon->options.config_dir);
}

static void on_committed_there(void *cookie)
{
    struct daemon *daemon = cookie;

    wake_send(daemon->committed);
}

static int start_writer(struct daemon *daemon, struct err *err)
{
    struct writer_options options = {
        .linger_ms = daemon->options.linger_ms,
        .batch_bytes = BATCH_BYTES,
        .queue_bytes = QUEUE_BYTES,
        .disk_reserve_bytes = daemon->set->service.disk_reserve_bytes,
        .on_committed = on_committed_there,
        .cookie = daemon,
    };

    return writer_start(&daemon->service.writer, daemon->store, &options, err);
}

static int make_parts(struct daemon *daemon, struct err *err)
{
    struct service *service = &daemon->service;
    const struct service_settings *settings = &daemon->set->service;
    struct transfers_options options = {.max_connections = 2 * settings->max_requests + 64,
                                        .user_agent = "pollard/" POLLARD_VERSION,
                                        .own_port = daemon_page_port(daemon)};

    heap_init(&service->due);
    measures_init(&service->measures);
    service->secrets = daemon->set->secrets;
    service->hosts = hosts_new(settings->max_requests);
    service->pump = alarm_new(service->loop, daemon_on_pump, daemon);
    daemon->tick = alarm_new(service->loop, daemon_on_tick, daemon);
    daemon->reload = alarm_new(service->loop, daemon_on_reload, daemon);
    daemon->end = alarm_new(service->loop, daemon_on_end, daemon);
    daemon->committed = wake_new(service->loop, daemon_on_committed, daemon);
    daemon->manager = service_manager_new(service->loop, daemon_on_report, daemon);
    if (!service->hosts || !service->pump || !daemon->tick || !daemon->end || !daemon->reload ||
        !daemon->committed || !daemon->manager)
        return err_memory(err);
    if (transfers_new(&service->transfers, service->loop, &options, err) != 0 ||
        daemon_page_start(daemon, err) != 0)
        return -1;
    if (start_writer(daemon, err) != 0)
        return -1;
    if (roster_new(&daemon->roster, service, daemon->store, err) != 0)
        return -1;
    daemon->upkeep = upkeep_new(service, daemon->store, daemon->roster);
    if (!daemon->upkeep)
        return err_memory(err);
    if (recall_new(&daemon->recall, daemon->roster, service->loop, daemon->store, err) != 0)
        return -1;
    return daemon_alerts_new(daemon, err);
}

static void log_ready(const struct daemon *daemon)
{
    char config[LOG_VALUE_MAX], store[LOG_VALUE_MAX];

    log_event(LEVEL_INFO, "ready", "feeds=%zu mistakes=%zu config=%s store=%s",
              roster_count(daemon->roster), daemon->set->mistake_count,
              log_value(daemon->options.config_dir, config),
              log_value(daemon->options.store_dir, store));
}

static void begin(struct daemon *daemon)
{
    struct loop_time now = loop_now(daemon->service.loop);

    daemon_append_run(daemon, now.wall_at, AT_NONE);
    if (daemon->service.is_once) {
        roster_poll_once(daemon->roster, daemon->set);
        upkeep_once(daemon->upkeep, daemon->set);
    } else {
        roster_apply(daemon->roster, daemon->set, true);
        upkeep_use(daemon->upkeep, daemon->set);
        recall_go_on(daemon->recall);
        daemon_alerts_load(daemon);
        alarm_set(daemon->tick, now.mono_us + DAEMON_TICK_US);
    }
    if (daemon->options.for_ms > 0)
        alarm_set(daemon->end, now.mono_us + daemon->options.for_ms * US_PER_MS);
    service_pump_soon(&daemon->service);
    log_ready(daemon);
    daemon_page_ready(daemon);
    service_manager_ready(daemon->manager);
}

int daemon_new(struct daemon **made, const struct daemon_options *options, struct loop *loop,
               struct err *err)
{
    struct daemon *daemon = calloc(1, sizeof *daemon);

    if (!daemon)
        return err_memory(err);
    daemon->options = *options;
    daemon->service.loop = loop;
    daemon->service.is_once = options->is_once;
    daemon->service.dice = options->seed;
    daemon->service.jump_until_at = daemon->service.disk_full_at = AT_NONE;
    daemon->loaded_at = AT_NONE;
    daemon->last = loop_now(loop);
    daemon->started_at = daemon->last.wall_at;
    if (!options->is_once)
        daemon_watch_dirs(daemon); /* before reading: what changes meanwhile is told */
    if (load(daemon, err) != 0 ||
        store_open(&daemon->store, options->store_dir, STORE_WRITE, err) != 0)
        goto fail;
    if (make_parts(daemon, err) != 0)
        goto fail;
    if (daemon_listen_to_signals(daemon, err) != 0)
        goto fail;
    begin(daemon);
    *made = daemon;
    return 0;
fail:
    daemon_free(daemon);
    return -1;
}

void daemon_free(struct daemon *daemon)
{
    if (!daemon)
        return;
    daemon_page_stop(daemon);
    daemon_alerts_free(daemon);
    if (daemon->service.writer && daemon->roster && !daemon->is_broken) {
        int64_t now_at = loop_now(daemon->service.loop).wall_at;

        daemon_append_run(daemon, now_at, now_at);
    }
    if (daemon->service.writer)
        writer_stop(daemon->service.writer);
    recall_free(daemon->recall);
    upkeep_free(daemon->upkeep);
    roster_free(daemon->roster);
    transfers_free(daemon->service.transfers);
    hosts_free(daemon->service.hosts);
    heap_release(&daemon->service.due);
    for (int i = 0; i < DAEMON_SIGNALS; i++)
        signal_watch_free(daemon->signals[i]);
    for (int i = 0; i < DAEMON_WATCHES; i++)
        dir_watch_free(daemon->watches[i]);
    wake_free(daemon->committed);
    service_manager_free(daemon->manager);
    alarm_free(daemon->service.pump);
    alarm_free(daemon->tick);
    alarm_free(daemon->end);
    alarm_free(daemon->reload);
    store_close(daemon->store);
    feed_set_free(daemon->set);
    free(daemon);
}

int daemon_exit_code(const struct daemon *daemon)
{
    return daemon->is_broken || (daemon->service.is_once && daemon->service.failures > 0);
}

bool daemon_is_settled(const struct daemon *daemon)
{
    return writer_is_idle(daemon->service.writer);
}
