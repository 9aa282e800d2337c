/* payload_server: answers GET /N with the JSON of a bus route, number N modulo 200, on a free port
 * of 127.0.0.1, which it prints. Every answer is new: each time some digits of the body change.
 * Bodies are 16.6 KB on average. One thread; ends with its stdin. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ROUTES = 200, VEHICLES_LEAST = 20, VEHICLES_RANGE = 159, BODY_MAX = 64 * 1024 };
enum { CONNECTIONS_MAX = 4096, REQUEST_MAX = 4096, EVENTS = 256, CHANGING_OF_TEN = 8 };

struct route {
    char *body;
    size_t length;
    size_t *digits; /* where a vehicle's report age, latitude and longitude end, three each */
    char head[256];
    int head_length;
    unsigned vehicles;
};

struct connection {
    char *left; /* what the socket did not take */
    size_t left_length, left_at;
    size_t asked; /* bytes in `request` */
    int socket;
    char request[REQUEST_MAX];
};

static struct route routes[ROUTES];
static uint64_t dice_state = 88172645463325252u;

static void give_up(const char *what)
{
    fprintf(stderr, "payload_server: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t dice(void) /* xorshift: the same bodies in every run */
{
    dice_state ^= dice_state << 13;
    dice_state ^= dice_state >> 7;
    dice_state ^= dice_state << 17;
    return dice_state;
}

static unsigned below(unsigned limit)
{
    return (unsigned)(dice() % limit);
}

static void *must_have(void *memory)
{
    if (!memory)
        give_up("memory");
    return memory;
}

/* As agencies/lametro/routes/N/vehicles/ answered. */
static void write_vehicle(struct route *route, unsigned number, unsigned index)
{
    char *out = route->body;
    size_t *digits = route->digits + (size_t)index * 3;
    size_t at = route->length;

    at += (size_t)snprintf(out + at, BODY_MAX - at,
                           "%s{\"id\": \"%u\", \"route_id\": \"%u\", \"run_id\": \"%u_%u_%u\", "
                           "\"predictable\": true, \"seconds_since_report\": %02u",
                           index ? ", " : "", 3000 + below(7000), number, number, below(2),
                           below(20), 10 + below(90));
    digits[0] = at;
    at += (size_t)snprintf(out + at, BODY_MAX - at, ", \"heading\": %u.0, \"latitude\": 34.%06u",
                           100 + below(260), below(1000000));
    digits[1] = at;
    at += (size_t)snprintf(out + at, BODY_MAX - at, ", \"longitude\": -118.%06u}", below(1000000));
    digits[2] = at - 1;
    route->length = at;
}

static void make_route(struct route *route, unsigned number)
{
    route->vehicles = VEHICLES_LEAST + below(VEHICLES_RANGE);
    route->body = must_have(malloc(BODY_MAX));
    route->digits = must_have(calloc(route->vehicles, 3 * sizeof *route->digits));
    route->length = (size_t)snprintf(route->body, BODY_MAX, "{\"items\": [");
    for (unsigned i = 0; i < route->vehicles; i++)
        write_vehicle(route, number, i);
    memcpy(route->body + route->length, "]}", 2);
    route->length += 2;
    route->head_length =
        snprintf(route->head, sizeof route->head,
                 "HTTP/1.1 200 OK\r\nServer: payload\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\n"
                 "Content-Type: application/json\r\nContent-Length: %zu\r\n"
                 "Connection: keep-alive\r\n\r\n",
                 route->length);
}

/* Most vehicles report and move a little: the last four digits of where they are. */
static void move_vehicles(struct route *route)
{
    for (unsigned i = 0; i < route->vehicles; i++) {
        const size_t *digits = route->digits + (size_t)i * 3;
        uint64_t bits = dice();

        if (bits % 10 >= CHANGING_OF_TEN)
            continue;
        for (unsigned k = 0; k < 3; k++)
            for (unsigned d = 1; d <= (k ? 4U : 1U); d++, bits >>= 6)
                route->body[digits[k] - d] = (char)('0' + bits % 10);
    }
}

static void hang_up(struct connection *connection)
{
    close(connection->socket);
    free(connection->left);
    free(connection);
}

/* 0: all is sent or kept; -1: the other end is gone. */
static int keep_rest(struct connection *connection, const struct route *route, size_t sent)
{
    size_t head = (size_t)route->head_length, whole = head + route->length;

    if (sent == whole)
        return 0;
    connection->left = must_have(malloc(whole));
    memcpy(connection->left, route->head, head);
    memcpy(connection->left + head, route->body, route->length);
    connection->left_at = sent;
    connection->left_length = whole;
    return 0;
}

static int answer(struct connection *connection, unsigned long number)
{
    struct route *route = &routes[number % ROUTES];
    struct iovec parts[] = {{route->head, (size_t)route->head_length}, {route->body, 0}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t sent;

    move_vehicles(route);
    parts[1].iov_len = route->length;
    sent = sendmsg(connection->socket, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        return -1;
    return keep_rest(connection, route, sent < 0 ? 0 : (size_t)sent);
}

/* Answers what has been asked in whole; -1: hang up. A request after an answer that is still on its
 * way waits. */
static int serve(struct connection *connection)
{
    char *end;

    while (!connection->left && (end = strstr(connection->request, "\r\n\r\n")) != NULL) {
        size_t used = (size_t)(end - connection->request) + 4;

        if (strncmp(connection->request, "GET /", 5) != 0 ||
            answer(connection, strtoul(connection->request + 5, NULL, 10)) < 0)
            return -1;
        memmove(connection->request, end + 4, connection->asked - used + 1);
        connection->asked -= used;
    }
    return connection->asked == REQUEST_MAX - 1 ? -1 : 0;
}

static int flush(struct connection *connection)
{
    ssize_t sent;

    while (connection->left) {
        sent = send(connection->socket, connection->left + connection->left_at,
                    connection->left_length - connection->left_at, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN ? 0 : -1;
        connection->left_at += (size_t)sent;
        if (connection->left_at < connection->left_length)
            continue;
        free(connection->left);
        connection->left = NULL;
    }
    return 0;
}

static int take_request(struct connection *connection)
{
    ssize_t got = recv(connection->socket, connection->request + connection->asked,
                       REQUEST_MAX - 1 - connection->asked, 0);

    if (got < 0 && errno == EAGAIN)
        return 0;
    if (got <= 0)
        return -1;
    connection->asked += (size_t)got;
    connection->request[connection->asked] = '\0';
    return 0;
}

static void take_caller(int epoll, int listener)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
    struct connection *connection;
    int on = 1, socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (socket < 0)
        return;
    connection = must_have(calloc(1, sizeof *connection));
    connection->socket = socket;
    event.data.ptr = connection;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) < 0)
        give_up("epoll_ctl");
}

static int listen_anywhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(listener, CONNECTIONS_MAX) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) < 0)
        give_up("listen");
    printf("%u\n", (unsigned)ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static void watch(int epoll, int *descriptor)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = descriptor};

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, *descriptor, &event) < 0)
        give_up("epoll_ctl");
}

int main(void)
{
    int input = STDIN_FILENO, epoll = epoll_create1(EPOLL_CLOEXEC), listener;
    struct epoll_event events[EVENTS];

    for (unsigned i = 0; i < ROUTES; i++)
        make_route(&routes[i], i);
    listener = listen_anywhere();
    watch(epoll, &listener);
    watch(epoll, &input);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;

            if (events[i].data.ptr == &input)
                return 0;
            if (events[i].data.ptr == &listener)
                take_caller(epoll, listener);
            else if (flush(connection) < 0 || take_request(connection) < 0 || serve(connection) < 0)
                hang_up(connection);
        }
    }
}
