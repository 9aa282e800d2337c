#include "scheduler/net/httpd.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "scheduler/net/httpd_parts.h"
#include "scheduler/net/loop_uv.h"

enum {
    CONNECTIONS_MAX = 1200,
    CONNECTIONS_LEAST = 16,
    DESCRIPTOR_SHARE = 4, /* feeds and the store need them, too */
    BACKLOG = 512,
    HEAD_MS = 10 * 1000,
    IDLE_MS = 60 * 1000,
    PIECE_MS = 60 * 1000,
    MEMORY_BYTES = 64 * 1024 /* of a connection: its head, then pieces of its answer */
};

union place {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* "[::1]:8889" → where; the text was checked by listen_check(). */
static int read_place(const char *listen, union place *place, socklen_t *length)
{
    const char *colon = strrchr(listen, ':');
    char host[HTTPD_ADDRESS_MAX] = "";
    uint16_t port;

    *place = (union place){0};
    if (!colon || (size_t)(colon - listen) >= sizeof host)
        return -1;
    memcpy(host, listen, (size_t)(colon - listen));
    port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    if (host[0] == '[') {
        host[strlen(host) - 1] = '\0';
        place->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
        *length = sizeof place->v6;
        return inet_pton(AF_INET6, host + 1, &place->v6.sin6_addr) == 1 ? 0 : -1;
    }
    place->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
    *length = sizeof place->v4;
    return inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host,
                     &place->v4.sin_addr) == 1
               ? 0
               : -1;
}

static int cannot_listen(const char *listen, int number, struct err *err)
{
    char why[128];

    snprintf(why, sizeof why, "%s", strerror(number));
    why[0] = (char)tolower((unsigned char)why[0]);
    return err_set(err, ERR_IO, "cannot listen on %s: %s", listen, why);
}

/* Returns a listening socket, or -1. */
static int open_listener(const char *listen_on, struct err *err)
{
    union place place;
    socklen_t length;
    int fd, on = 1;

    if (read_place(listen_on, &place, &length) != 0)
        return cannot_listen(listen_on, EINVAL, err);
    fd = socket(place.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return cannot_listen(listen_on, errno, err);
    /* A restart shall not wait until the connections of before have been forgotten. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (place.any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, &place.any, length) != 0 || listen(fd, BACKLOG) != 0) {
        int number = errno;

        close(fd);
        return cannot_listen(listen_on, number, err);
    }
    return fd;
}

static unsigned connections_for_us(unsigned wanted)
{
    struct rlimit files;
    unsigned most = wanted ? wanted : CONNECTIONS_MAX;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur / DESCRIPTOR_SHARE < most)
        most = (unsigned)(files.rlim_cur / DESCRIPTOR_SHARE);
    return most < CONNECTIONS_LEAST ? CONNECTIONS_LEAST : most;
}

static struct httpd_times times_of(const struct httpd_times *wanted)
{
    return (struct httpd_times){
        .head_ms = wanted->head_ms ? wanted->head_ms : HEAD_MS,
        .idle_ms = wanted->idle_ms ? wanted->idle_ms : IDLE_MS,
        .piece_ms = wanted->piece_ms ? wanted->piece_ms : PIECE_MS,
    };
}

static void on_message(void *cls, const char *format, va_list arguments)
{
    char text[LOG_VALUE_MAX], quoted[LOG_VALUE_MAX];

    (void)cls;
    if (!log_has(LEVEL_DEBUG))
        return;
    vsnprintf(text, sizeof text, format, arguments);
    text[strcspn(text, "\n")] = '\0';
    log_event(LEVEL_DEBUG, "httpd", "text=%s", log_value(text, quoted));
}

/* Takes `fd`, also on failure. */
static int start_daemon(struct httpd *httpd, int fd)
{
    httpd->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        httpd_on_access, httpd, MHD_OPTION_EXTERNAL_LOGGER, on_message, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, httpd->max_connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 0,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_URI_LOG_CALLBACK, httpd_on_target, httpd,
        MHD_OPTION_NOTIFY_COMPLETED, httpd_on_completed, httpd, MHD_OPTION_NOTIFY_CONNECTION,
        httpd_on_connection, httpd, MHD_OPTION_END);
    if (!httpd->daemon)
        close(fd);
    return httpd->daemon ? 0 : -1;
}

static void turn(struct httpd *httpd)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;

    MHD_run(httpd->daemon);
    if (MHD_get_timeout(httpd->daemon, &wait_ms) == MHD_YES && wait_ms == 0)
        alarm_set(httpd->again, 0);
}

static void on_again(void *cookie)
{
    struct httpd *httpd = cookie;

    turn(httpd);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct httpd *httpd = poll->data;

    (void)status;
    (void)events;
    if (!loop_is_sated(httpd->loop))
        turn(httpd);
}

static int start_poll(struct httpd *httpd)
{
    const union MHD_DaemonInfo *said = MHD_get_daemon_info(httpd->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    if (!said || uv_poll_init(loop_uv(httpd->loop), &httpd->poll, said->epoll_fd) != 0)
        return -1;
    httpd->has_poll = true;
    httpd->poll.data = httpd;
    return uv_poll_start(&httpd->poll, UV_READABLE, on_ready);
}

int httpd_start(struct httpd **out, struct loop *loop, const struct httpd_options *options,
                struct err *err)
{
    struct httpd *httpd = NULL;
    int fd = open_listener(options->listen, err);

    if (fd < 0)
        return -1;
    httpd = calloc(1, sizeof *httpd);
    if (!httpd) {
        close(fd);
        return err_memory(err);
    }
    httpd->loop = loop;
    httpd->on_request = options->on_request;
    httpd->cookie = options->cookie;
    httpd->max_connections = connections_for_us(options->max_connections);
    httpd->times = times_of(&options->times);
    httpd->visits.next = httpd->visits.before = &httpd->visits;
    snprintf(httpd->address, sizeof httpd->address, "%s", options->listen);
    httpd->again = alarm_new(loop, on_again, httpd);
    httpd->sweep = alarm_new(loop, httpd_on_sweep, httpd);
    if (start_daemon(httpd, fd) != 0 || start_poll(httpd) != 0 || !httpd->again || !httpd->sweep ||
        httpd_set_names(httpd, NULL, 0, NULL) != 0) {
        httpd_stop(httpd);
        return err_set(err, ERR_MEMORY, "cannot listen on %s: no memory or no descriptor left",
                       options->listen);
    }
    *out = httpd;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void httpd_stop(struct httpd *httpd)
{
    struct visit *visit;

    if (!httpd)
        return;
    /* libmicrohttpd does not end with connections suspended. */
    for (visit = httpd->visits.next; visit != &httpd->visits; visit = visit->next)
        visit_doom(visit, false);
    if (httpd->has_poll)
        uv_poll_stop(&httpd->poll);
    if (httpd->daemon)
        MHD_stop_daemon(httpd->daemon);
    alarm_free(httpd->again);
    alarm_free(httpd->sweep);
    httpd_names_release(&httpd->names);
    if (httpd->has_poll)
        uv_close((uv_handle_t *)&httpd->poll, on_closed);
    else
        free(httpd);
}

int httpd_set_names(struct httpd *httpd, const char *const *names, size_t count, struct err *err)
{
    const char **all = calloc(count + 1, sizeof *all);
    char own[HTTPD_ADDRESS_MAX];
    int result;

    if (!all)
        return err_memory(err);
    snprintf(own, sizeof own, "%s", httpd->address);
    *strrchr(own, ':') = '\0';
    all[0] = own;
    for (size_t i = 0; i < count; i++)
        all[i + 1] = names[i];
    result = httpd_names_set(&httpd->names, all, count + 1, err);
    free(all);
    return result;
}

const char *httpd_address(const struct httpd *httpd)
{
    return httpd->address;
}
