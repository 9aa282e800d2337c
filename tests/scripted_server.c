#include "tests/scripted_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 1024, FOR_EVER_MS = 1000 };

static const char NOT_FOUND[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
static const struct script UNKNOWN = {
    .path = "", .head = NOT_FOUND, .head_length = sizeof(NOT_FOUND) - 1};

struct connection {
    int fd;
    const struct script *script; /* NULL: a request is being read */
    size_t sent;                 /* of head, or of the present `again` */
    bool has_sent_head;
    unsigned rounds;   /* of `again`, done */
    int64_t resume_ms; /* not before */
    bool is_silent;
    size_t length;
    char request[REQUEST_TEXT_MAX];
};

struct scripted_server {
    const struct script *scripts;
    size_t count;
    int listener, stop_pipe[2];
    unsigned port;
    pthread_t thread;
    struct connection *connections[CONNECTIONS_MAX];
    size_t open;
    pthread_mutex_t lock; /* what follows */
    unsigned accepted;
    char last_request[REQUEST_TEXT_MAX];
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const struct script *find_script(const struct scripted_server *server, const char *request)
{
    const char *path = strchr(request, ' ');
    size_t length;

    if (!path)
        return &UNKNOWN;
    if (strncmp(++path, "http://", 7) == 0) /* as a proxy is asked */
        path = strchr(path + 7, '/') ? strchr(path + 7, '/') : path;
    length = strcspn(path, "? ");
    for (size_t i = 0; i < server->count; i++)
        if (strlen(server->scripts[i].path) == length &&
            memcmp(server->scripts[i].path, path, length) == 0)
            return &server->scripts[i];
    return &UNKNOWN;
}

/* How long the request is that starts the buffer; 0: not all here. */
static size_t request_length(const struct connection *connection)
{
    const char *end = strstr(connection->request, "\r\n\r\n");
    const char *field = strcasestr(connection->request, "\r\nContent-Length:");
    size_t length;

    if (!end)
        return 0;
    length = (size_t)(end - connection->request) + 4;
    if (field && field < end)
        length += strtoul(field + 17, NULL, 10);
    return length <= connection->length ? length : 0;
}

static void begin_answer(struct scripted_server *server, struct connection *connection)
{
    size_t length = request_length(connection);

    if (length == 0)
        return;
    pthread_mutex_lock(&server->lock);
    memcpy(server->last_request, connection->request, length);
    server->last_request[length] = '\0';
    pthread_mutex_unlock(&server->lock);
    connection->script = find_script(server, connection->request);
    connection->sent = 0;
    connection->has_sent_head = false;
    connection->rounds = 0;
    connection->resume_ms = 0;
    connection->length -= length;
    memmove(connection->request, connection->request + length, connection->length + 1);
}

/* -1: the connection is over. */
static int read_more(struct scripted_server *server, struct connection *connection)
{
    size_t room = sizeof(connection->request) - 1 - connection->length;
    ssize_t got = recv(connection->fd, connection->request + connection->length, room, 0);

    if (got == 0 || (got < 0 && errno != EAGAIN))
        return -1;
    if (got < 0)
        return 0;
    connection->length += (size_t)got;
    connection->request[connection->length] = '\0';
    if (!connection->script)
        begin_answer(server, connection);
    return 0;
}

/* 1: all of it went out. 0: the socket is full. -1: the connection is over. */
static int send_part(struct connection *connection, const char *bytes, size_t length)
{
    while (connection->sent < length) {
        ssize_t put =
            send(connection->fd, bytes + connection->sent, length - connection->sent, MSG_NOSIGNAL);

        if (put < 0)
            return errno == EAGAIN ? 0 : -1;
        connection->sent += (size_t)put;
    }
    connection->sent = 0;
    return 1;
}

static int end_answer(struct scripted_server *server, struct connection *connection)
{
    struct linger at_once = {1, 0};

    switch (connection->script->ending) {
    case THEN_KEEP:
        connection->script = NULL;
        begin_answer(server, connection);
        return 0;
    case THEN_RESET:
        setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        return -1;
    case THEN_CLOSE:
        return -1;
    case THEN_SILENCE:
        connection->is_silent = true;
        return 0;
    }
    return -1;
}

static int go_on(struct scripted_server *server, struct connection *connection)
{
    const struct script *script = connection->script;
    int rc;

    if (!connection->has_sent_head) {
        rc = send_part(connection, script->head, script->head_length);
        if (rc <= 0)
            return rc;
        connection->has_sent_head = true;
        connection->resume_ms = now_ms() + script->pause_ms;
        return 0;
    }
    if (!script->again)
        return end_answer(server, connection);
    rc = send_part(connection, script->again, script->again_length);
    if (rc <= 0)
        return rc;
    connection->resume_ms = now_ms() + script->pause_ms;
    connection->rounds++;
    return script->repeats && connection->rounds == script->repeats ? end_answer(server, connection)
                                                                    : 0;
}

static void accept_all(struct scripted_server *server)
{
    int fd, on = 1;

    while ((fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *connection = calloc(1, sizeof(*connection));

        if (!connection || server->open == CONNECTIONS_MAX) {
            free(connection);
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        connection->fd = fd;
        server->connections[server->open++] = connection;
        pthread_mutex_lock(&server->lock);
        server->accepted++;
        pthread_mutex_unlock(&server->lock);
    }
}

/* What to wait for, and till when. */
static int fill_polls(const struct scripted_server *server, struct pollfd *polls)
{
    int64_t now = now_ms(), wait_ms = FOR_EVER_MS;

    polls[0] = (struct pollfd){.fd = server->stop_pipe[0], .events = POLLIN};
    polls[1] = (struct pollfd){.fd = server->listener, .events = POLLIN};
    for (size_t i = 0; i < server->open; i++) {
        const struct connection *connection = server->connections[i];
        int64_t left = connection->resume_ms - now;
        bool wants = connection->script && !connection->is_silent;

        polls[i + 2] = (struct pollfd){.fd = connection->fd, .events = POLLIN};
        if (wants && left <= 0)
            polls[i + 2].events |= POLLOUT;
        else if (wants && left < wait_ms)
            wait_ms = left;
    }
    return (int)wait_ms;
}

static void serve_ready(struct scripted_server *server, const struct pollfd *polls)
{
    for (size_t i = server->open; i-- > 0;) {
        struct connection *connection = server->connections[i];
        short events = polls[i + 2].revents;
        int rc = 0;

        if (events & (POLLIN | POLLERR | POLLHUP))
            rc = read_more(server, connection);
        if (rc == 0 && events & POLLOUT)
            rc = go_on(server, connection);
        if (rc < 0) {
            close(connection->fd);
            free(connection);
            server->connections[i] = server->connections[--server->open];
        }
    }
}

static void *serve(void *cookie)
{
    struct scripted_server *server = cookie;
    struct pollfd *polls = calloc(CONNECTIONS_MAX + 2, sizeof(*polls));

    while (polls) {
        int wait_ms = fill_polls(server, polls);

        if (poll(polls, server->open + 2, wait_ms) < 0 && errno != EINTR)
            break;
        if (polls[0].revents)
            break;
        serve_ready(server, polls); /* before accept_all() adds connections without a place */
        if (polls[1].revents)
            accept_all(server);
    }
    free(polls);
    return NULL;
}

static int listen_on(struct scripted_server *server, const char *address)
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    socklen_t length = sizeof(where);

    inet_pton(AF_INET, address, &where.sin_addr);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->listener < 0 ||
        bind(server->listener, (struct sockaddr *)&where, sizeof(where)) < 0 ||
        listen(server->listener, 1024) < 0 ||
        getsockname(server->listener, (struct sockaddr *)&where, &length) < 0)
        return -1;
    server->port = ntohs(where.sin_port);
    return 0;
}

struct scripted_server *scripted_server_new(const char *address, const struct script *scripts,
                                            size_t count)
{
    struct scripted_server *server = calloc(1, sizeof(*server));

    if (!server)
        return NULL;
    server->scripts = scripts;
    server->count = count;
    pthread_mutex_init(&server->lock, NULL);
    if (listen_on(server, address) < 0 || pipe(server->stop_pipe) < 0 ||
        pthread_create(&server->thread, NULL, serve, server) != 0) {
        free(server);
        return NULL;
    }
    return server;
}

void scripted_server_free(struct scripted_server *server)
{
    if (!server)
        return;
    close(server->stop_pipe[1]); /* its reader sees the end */
    pthread_join(server->thread, NULL);
    close(server->stop_pipe[0]);
    close(server->listener);
    for (size_t i = 0; i < server->open; i++) {
        close(server->connections[i]->fd);
        free(server->connections[i]);
    }
    pthread_mutex_destroy(&server->lock);
    free(server);
}

unsigned scripted_server_port(const struct scripted_server *server)
{
    return server->port;
}

unsigned scripted_server_connections(struct scripted_server *server)
{
    unsigned accepted;

    pthread_mutex_lock(&server->lock);
    accepted = server->accepted;
    pthread_mutex_unlock(&server->lock);
    return accepted;
}

void scripted_server_last_request(struct scripted_server *server, char out[REQUEST_TEXT_MAX])
{
    pthread_mutex_lock(&server->lock);
    memcpy(out, server->last_request, REQUEST_TEXT_MAX);
    pthread_mutex_unlock(&server->lock);
}
