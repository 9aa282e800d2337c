#include "tests/httpd_stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PORT_FIRST = 15000, PORT_COUNT = 16000, REPLY_MAX = 1 << 20 };

static const char piece[] = STAGE_PIECE;

static void send_text(struct httpd_request *request, const char *text)
{
    static const struct httpd_header headers[] = {{"Content-Type", "text/plain"}, {NULL, NULL}};
    const struct httpd_head head = {200, headers};

    httpd_send(request, &head, text, strlen(text));
}

static void on_later(void *cookie)
{
    struct stage *stage = cookie;

    if (!stage->waiting)
        return;
    if (stage->left > 0)
        httpd_wake(stage->waiting);
    else
        send_text(stage->waiting, "later");
}

static void answer_later(struct stage *stage)
{
    alarm_set(stage->later, loop_now(stage->loop).mono_us + 50 * US_PER_MS);
}

static ssize_t on_read(void *cookie, char *out, size_t room)
{
    struct stage *stage = cookie;

    if (stage->left == STAGE_PIECES / 2 && !stage->has_paused) {
        stage->has_paused = true;
        answer_later(stage);
        return HTTPD_WAIT;
    }
    if (stage->left == 0)
        return stage->is_breaking ? HTTPD_BROKEN : HTTPD_END;
    assert_true(room >= sizeof piece);
    memcpy(out, piece, sizeof piece - 1);
    stage->left--;
    return sizeof piece - 1;
}

static void on_end(void *cookie)
{
    struct stage *stage = cookie;

    stage->waiting = NULL;
    stage->ends++;
}

static void on_request(void *cookie, struct httpd_request *request)
{
    static const struct httpd_header none[] = {{NULL, NULL}};
    const struct httpd_head head = {200, none};
    const char *path = httpd_target(request)->path;
    struct stage *stage = cookie;
    const struct httpd_stream stream = {on_read, stage};

    if (strcmp(path, "/plain") == 0) {
        send_text(request, "plain");
        return;
    }
    if (strcmp(path, "/absent") == 0) {
        httpd_refuse(request, 404, "nothing is here");
        return;
    }
    stage->waiting = request;
    httpd_watch(request, on_end, stage);
    stage->left = 0;
    if (strcmp(path, "/later") == 0)
        answer_later(stage);
    if (strcmp(path, "/never") == 0 || strcmp(path, "/later") == 0)
        return;
    stage->is_breaking = strcmp(path, "/broken") == 0;
    stage->has_paused = false;
    stage->left = strcmp(path, "/endless") == 0 ? UINT32_MAX : STAGE_PIECES;
    httpd_send_stream(request, &head, &stream);
}

static void on_stop(void *cookie)
{
    struct stage *stage = cookie;

    httpd_stop(stage->httpd);
    stage->httpd = NULL;
    loop_stop(stage->loop);
}

static void *run(void *cookie)
{
    struct stage *stage = cookie;

    loop_run(stage->loop, NULL);
    return NULL;
}

void stage_start(struct stage *stage, const struct httpd_options *given)
{
    struct httpd_options options = *given;
    char listen_on[32];
    struct err err;
    uint32_t dice = 0;

    *stage = (struct stage){0};
    assert_int_equal(loop_new(&stage->loop, &err), 0);
    options.on_request = on_request;
    options.cookie = stage;
    options.listen = listen_on;
    do {
        assert_int_equal(getrandom(&dice, sizeof dice, 0), sizeof dice);
        stage->port = PORT_FIRST + dice % PORT_COUNT;
        snprintf(listen_on, sizeof listen_on, "127.0.0.1:%u", stage->port);
    } while (httpd_start(&stage->httpd, stage->loop, &options, &err) != 0);
    stage->stop = wake_new(stage->loop, on_stop, stage);
    stage->later = alarm_new(stage->loop, on_later, stage);
    assert_true(stage->stop && stage->later);
    assert_int_equal(pthread_create(&stage->thread, NULL, run, stage), 0);
}

void stage_stop(struct stage *stage)
{
    wake_send(stage->stop);
    pthread_join(stage->thread, NULL);
    wake_free(stage->stop);
    alarm_free(stage->later);
    loop_free(stage->loop);
}

int stage_dial(const struct stage *stage)
{
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)stage->port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&where, sizeof where), 0);
    return fd;
}

void stage_say(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

        if (sent < 0)
            return; /* refused before all of it was said */
        bytes += sent;
        length -= (size_t)sent;
    }
}

/* Reads until the server closes. Returns what came, terminated; `error` is 0, or errno. */
const char *stage_hear(int fd, size_t *length, int *error)
{
    static char reply[REPLY_MAX + 1];
    size_t heard = 0;

    *error = 0;
    while (heard < REPLY_MAX) {
        struct pollfd look = {.fd = fd, .events = POLLIN};
        ssize_t got;

        if (poll(&look, 1, STAGE_PATIENCE_MS) <= 0)
            fail_msg("nothing came in %d s", STAGE_PATIENCE_MS / 1000);
        got = recv(fd, reply + heard, REPLY_MAX - heard, 0);
        if (got < 0)
            *error = errno;
        if (got <= 0)
            break;
        heard += (size_t)got;
    }
    reply[heard] = '\0';
    if (length)
        *length = heard;
    close(fd);
    return reply;
}

const char *stage_ask(const struct stage *stage, const char *request)
{
    int fd = stage_dial(stage), error;

    stage_say(fd, request, strlen(request));
    return stage_hear(fd, NULL, &error);
}

unsigned stage_status(const char *reply)
{
    return strncmp(reply, "HTTP/1.", 7) == 0 ? (unsigned)strtoul(reply + 9, NULL, 10) : 0;
}
