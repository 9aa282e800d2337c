/* The page of the service: where it listens, what it shows, what becomes of it at a reload. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "scheduler/daemon_parts.h"
#include "scheduler/daemon_status.h"
#include "scheduler/net/httpd.h"
#include "scheduler/outputs/site.h"

/* NULL: nowhere. */
static const char *listen_of(const struct daemon *daemon)
{
    const char *listen =
        daemon->options.listen ? daemon->options.listen : daemon->set->service.listen;

    return daemon->service.is_once || strcmp(listen, "off") == 0 ? NULL : listen;
}

unsigned daemon_page_port(const struct daemon *daemon)
{
    const char *listen = listen_of(daemon);
    const char *colon = listen ? strrchr(listen, ':') : NULL;

    return colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
}

static void *begin_status(void *cookie)
{
    return daemon_report_new(cookie, DAEMON_STATUS);
}

static void *begin_metrics(void *cookie)
{
    return daemon_report_new(cookie, DAEMON_METRICS);
}

static int write_more(void *report, struct buf *out)
{
    return daemon_report_more(report, out);
}

static void end_report(void *report)
{
    daemon_report_free(report);
}

/* That the loop turns need not be said: who asks gets an answer, or none. */
static bool is_healthy(void *cookie, struct buf *why)
{
    const struct daemon *daemon = cookie;
    struct err err = {0};

    if (daemon_is_healthy(daemon, &err))
        return true;
    (void)buf_append_text(why, err.text);
    return false;
}

static bool is_ready(void *cookie)
{
    const struct daemon *daemon = cookie;

    return !daemon->service.is_stopping;
}

static bool is_loopback(const char *listen)
{
    return strncmp(listen, "127.", 4) == 0 || strncmp(listen, "localhost:", 10) == 0 ||
           strncmp(listen, "[::1]:", 6) == 0;
}

static void log_page(const struct daemon *daemon)
{
    const char *address = httpd_address(daemon->httpd);

    log_event(LEVEL_INFO, "page", "listen=%s", address);
    if (!is_loopback(address))
        log_event(LEVEL_WARN, "page",
                  "listen=%s reason=\"who reaches this machine can read all that is collected\"",
                  address);
}

static int open_page(const struct daemon *daemon, const char *listen, struct httpd **httpd,
                     struct err *err)
{
    const struct service_settings *settings = &daemon->set->service;
    const struct httpd_options options = {
        .listen = listen, .on_request = site_on_request, .cookie = daemon->site};

    if (httpd_start(httpd, daemon->service.loop, &options, err) != 0)
        return -1;
    if (httpd_set_names(*httpd, (const char *const *)settings->listen_hosts,
                        settings->listen_host_count, err) == 0)
        return 0;
    httpd_stop(*httpd);
    *httpd = NULL;
    return -1;
}

int daemon_page_start(struct daemon *daemon, struct err *err)
{
    const struct site_options options = {.loop = daemon->service.loop,
                                         .store = daemon->store,
                                         .status = {begin_status, write_more, end_report, daemon},
                                         .metrics = {begin_metrics, write_more, end_report, daemon},
                                         .is_healthy = is_healthy,
                                         .is_ready = is_ready,
                                         .cookie = daemon};
    const struct zone *zone;

    if (daemon->service.is_once)
        return 0;
    /* Downloads ask for zones on their threads: the first question must not be theirs (zone.h). */
    (void)zone_find(&zone, "Etc/UTC", NULL);
    if (site_new(&daemon->site, &options, err) != 0)
        return -1;
    return listen_of(daemon) ? open_page(daemon, listen_of(daemon), &daemon->httpd, err) : 0;
}

void daemon_page_ready(const struct daemon *daemon)
{
    if (daemon->httpd)
        log_page(daemon);
}

/* Two addresses of one port may be in each other's way (0.0.0.0 and 127.0.0.1). */
static bool is_same_port(const struct httpd *httpd, const char *listen)
{
    return httpd && strcmp(strrchr(httpd_address(httpd), ':'), strrchr(listen, ':')) == 0;
}

/* The new address is taken before the old one is given up: whoever looks is not left without. Where
 * that cannot be, the old one is taken again if the new one cannot be had. */
static int take_page(struct daemon *daemon, const char *listen, struct err *err)
{
    char before[HTTPD_ADDRESS_MAX];
    struct httpd *httpd = NULL;

    if (!is_same_port(daemon->httpd, listen)) {
        if (open_page(daemon, listen, &httpd, err) != 0)
            return -1;
        httpd_stop(daemon->httpd);
        daemon->httpd = httpd;
        return 0;
    }
    snprintf(before, sizeof before, "%s", httpd_address(daemon->httpd));
    httpd_stop(daemon->httpd);
    daemon->httpd = NULL;
    if (open_page(daemon, listen, &daemon->httpd, err) == 0)
        return 0;
    (void)open_page(daemon, before, &daemon->httpd, NULL);
    return -1;
}

static void move_page(struct daemon *daemon)
{
    const char *listen = listen_of(daemon);
    struct err err = {0};
    char reason[LOG_VALUE_MAX];

    if (listen && take_page(daemon, listen, &err) != 0) {
        if (!daemon->is_page_hindered)
            log_event(LEVEL_ERROR, "page", "reason=%s", log_value(err.text, reason));
        daemon->is_page_hindered = true;
        return;
    }
    daemon->is_page_hindered = false;
    if (listen) {
        log_page(daemon);
    } else {
        httpd_stop(daemon->httpd);
        daemon->httpd = NULL;
        log_event(LEVEL_INFO, "page", "listen=off");
    }
    transfers_set_own_port(daemon->service.transfers, daemon_page_port(daemon));
}

void daemon_page_go_on(struct daemon *daemon)
{
    if (daemon->is_page_hindered)
        move_page(daemon);
}

void daemon_page_follow(struct daemon *daemon)
{
    const struct service_settings *settings = &daemon->set->service;
    const char *now = daemon->httpd ? httpd_address(daemon->httpd) : "off";
    const char *listen = listen_of(daemon);
    struct err err = {0};

    daemon->is_page_hindered = false; /* each reload says it anew */
    if (strcmp(now, listen ? listen : "off") != 0)
        move_page(daemon);
    if (daemon->httpd && httpd_set_names(daemon->httpd, (const char *const *)settings->listen_hosts,
                                         settings->listen_host_count, &err) != 0)
        log_event(LEVEL_ERROR, "page", "reason=\"%s\"", err.text);
}

void daemon_page_stop(struct daemon *daemon)
{
    httpd_stop(daemon->httpd);
    site_free(daemon->site);
    daemon->httpd = NULL;
    daemon->site = NULL;
}
