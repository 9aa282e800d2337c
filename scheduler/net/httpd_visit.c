/* Connections, and the time they are given. libmicrohttpd's own timeout starts anew with every
 * byte, so a client that sends or takes one byte a minute would stay for ever; ours is kept here.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "scheduler/net/httpd_parts.h"
#include "scheduler/net/tcp_taken.h"

enum { SWEEP_US = 1000 * 1000, PIECE_BYTES = 16 * 1024 };

static int64_t now_us(const struct httpd *httpd)
{
    return loop_now(httpd->loop).mono_us;
}

static void await_piece(struct visit *visit)
{
    visit->deadline_us = now_us(visit->httpd) + visit->httpd->times.piece_ms * US_PER_MS;
    visit->taken = tcp_bytes_taken(visit->fd);
}

void visit_enter(struct visit *visit, enum visit_state state)
{
    visit->state = state;
    switch (state) {
    case VISIT_IDLE:
        visit->idle_us = now_us(visit->httpd);
        visit->deadline_us = visit->idle_us + visit->httpd->times.idle_ms * US_PER_MS;
        break;
    case VISIT_SENDING:
        await_piece(visit);
        break;
    case VISIT_ASKED:
    case VISIT_WAITING:
        visit->deadline_us = AT_NEVER; /* it waits for us */
        break;
    }
}

void visit_resume(struct visit *visit)
{
    if (visit->state == VISIT_ASKED || visit->state == VISIT_WAITING) {
        visit_enter(visit, VISIT_SENDING);
        MHD_resume_connection(visit->connection);
        alarm_set(visit->httpd->again, 0);
    }
}

void visit_doom(struct visit *visit, bool is_rude)
{
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

    if (visit->is_doomed)
        return;
    visit->is_doomed = true;
    /* libmicrohttpd hears of either, and closes; connect(2) to nowhere sends a reset at once. */
    if (!is_rude || connect(visit->fd, &nowhere, sizeof nowhere) != 0)
        shutdown(visit->fd, SHUT_RDWR);
    visit_resume(visit);
}

/* While a connection is suspended libmicrohttpd does not look at it. */
static bool has_gone(const struct visit *visit)
{
    struct pollfd look = {.fd = visit->fd, .events = POLLRDHUP};

    return poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static void look_at(struct visit *visit, int64_t at_us)
{
    switch (visit->state) {
    case VISIT_ASKED:
    case VISIT_WAITING:
        if (has_gone(visit))
            visit_doom(visit, true);
        break;
    case VISIT_SENDING:
        if (tcp_bytes_taken(visit->fd) >= visit->taken + PIECE_BYTES)
            await_piece(visit);
        else if (at_us >= visit->deadline_us)
            visit_doom(visit, true);
        break;
    case VISIT_IDLE:
        if (at_us >= visit->deadline_us)
            visit_doom(visit, false);
        break;
    }
}

void httpd_on_sweep(void *cookie)
{
    struct httpd *httpd = cookie;
    int64_t at_us = now_us(httpd);
    struct visit *visit;

    for (visit = httpd->visits.next; visit != &httpd->visits; visit = visit->next) {
        if (!visit->is_doomed)
            look_at(visit, at_us);
    }
    if (httpd->count > 0)
        alarm_set(httpd->sweep, at_us + SWEEP_US);
}

/* The ring is in order of age, but who came first need not be idle for longest. */
static void make_room(struct httpd *httpd)
{
    struct visit *oldest = NULL, *visit;

    for (visit = httpd->visits.next; visit != &httpd->visits; visit = visit->next) {
        if (visit->state == VISIT_IDLE && !visit->is_doomed &&
            (!oldest || visit->idle_us < oldest->idle_us))
            oldest = visit;
    }
    if (oldest)
        visit_doom(oldest, false);
}

static void begin(struct httpd *httpd, struct MHD_Connection *connection, void **cookie)
{
    struct visit *visit = calloc(1, sizeof *visit);
    const union MHD_ConnectionInfo *said =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    *cookie = visit; /* NULL: its requests are refused */
    if (!visit)
        return;
    visit->httpd = httpd;
    visit->connection = connection;
    visit->fd = said->connect_fd;
    visit_enter(visit, VISIT_IDLE);
    visit->deadline_us = visit->idle_us + httpd->times.head_ms * US_PER_MS;
    visit->before = &httpd->visits;
    visit->next = httpd->visits.next;
    visit->next->before = visit->before->next = visit;
    if (httpd->count++ == 0)
        alarm_set(httpd->sweep, visit->idle_us + SWEEP_US);
    if (httpd->count > httpd->max_connections - httpd->max_connections / 8)
        make_room(httpd);
}

void httpd_on_connection(void *cls, struct MHD_Connection *connection, void **cookie,
                         enum MHD_ConnectionNotificationCode what)
{
    struct httpd *httpd = cls;
    struct visit *visit = *cookie;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        begin(httpd, connection, cookie);
        return;
    }
    if (!visit)
        return;
    visit->next->before = visit->before;
    visit->before->next = visit->next;
    httpd->count--;
    free(visit);
    /* At its limit it listens no more, and looks whether it may only when it is run. */
    alarm_set(httpd->again, 0);
}
