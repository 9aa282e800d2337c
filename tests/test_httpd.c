/* The HTTP server, from outside: what it refuses, how it answers, whom it cuts off. */
#include "scheduler/net/httpd.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/httpd_stage.h"

#define HOST "Host: localhost\r\n"

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void await_ends(struct stage *stage, unsigned count)
{
    int64_t begun_ms = now_ms();

    while (stage->ends < count && now_ms() - begun_ms < STAGE_PATIENCE_MS)
        poll(NULL, 0, 20);
    assert_int_equal(stage->ends, count);
}

/* One request a line. */
static const struct {
    const char *request;
    unsigned status;
} judged[] = {
    {"GET /plain HTTP/1.1\r\nConnection: close\r\n" HOST "\r\n", 200},
    {"GET /plain HTTP/1.0\r\n" HOST "\r\n", 200},
    {"GET /plain?a=b HTTP/1.1\r\nConnection: close\r\nHost: [::1]:1\r\n\r\n", 200},
    {"GET /absent HTTP/1.1\r\nConnection: close\r\n" HOST "\r\n", 404},
    {"GET /plain HTTP/1.1\r\n\r\n", 403},
    {"GET /plain HTTP/1.0\r\n\r\n", 403},
    {"GET /plain HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403},
    {"GET /plain HTTP/1.1\r\nHost:\r\n\r\n", 403},
    {"GET /plain HTTP/1.1\r\nHost: evil.example\r\n localhost\r\n\r\n", 403},
    {"GET /plain HTTP/1.1\r\n" HOST HOST "\r\n", 400},
    {"GET /plain HTTP/1.1\r\n" HOST "host: evil.example\r\n\r\n", 400},
    {"POST /plain HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 405},
    {"PUT /plain HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 405},
    {"DELETE /plain HTTP/1.1\r\n" HOST "\r\n", 405},
    {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 405},
    {"TRACE /plain HTTP/1.1\r\n" HOST "\r\n", 405},
    {"CONNECT localhost:80 HTTP/1.1\r\n" HOST "\r\n", 405},
    {"get /plain HTTP/1.1\r\n" HOST "\r\n", 405},
    {"GET /plain HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 400},
    {"GET /plain HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"GET http://localhost/plain HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET http://evil.example/ HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /%00 HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /%0d%0aX:%20y HTTP/1.1\r\n" HOST "\r\n", 400},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"GET /plain\r\n\r\n", 400},
};

static void what_is_not_ours_is_refused(void **state)
{
    const struct httpd_options options = {0};
    struct stage stage;

    (void)state;
    stage_start(&stage, &options);
    for (size_t i = 0; i < sizeof judged / sizeof judged[0]; i++) {
        const char *reply = stage_ask(&stage, judged[i].request);

        if (stage_status(reply) != judged[i].status)
            fail_msg("%s→ %.200s", judged[i].request, reply);
        if (judged[i].status == 405)
            assert_non_null(strstr(reply, "\r\nAllow: GET, HEAD\r\n"));
        if (judged[i].status != 505 && i + 1 < sizeof judged / sizeof judged[0])
            assert_non_null(strstr(reply, "\r\nX-Content-Type-Options: nosniff\r\n"));
    }
    stage_stop(&stage);
}

static void what_is_too_long_is_refused(void **state)
{
    static const struct {
        const char *before, *after;
        size_t length;
        unsigned status;
    } cases[] = {
        {"GET /plain?", " HTTP/1.1\r\nConnection: close\r\n" HOST "\r\n", 8000, 200},
        {"GET /plain?", " HTTP/1.1\r\n" HOST "\r\n", 8192, 414},
        {"GET /plain?", " HTTP/1.1\r\n" HOST "\r\n", 500000, 414},
        {"GET /plain HTTP/1.1\r\nConnection: close\r\n" HOST "X: ", "\r\n\r\n", 16000, 200},
        {"GET /plain HTTP/1.1\r\n" HOST "X: ", "\r\n\r\n", 16384, 431},
        {"GET /plain HTTP/1.1\r\n" HOST "X: ", "\r\n\r\n", 500000, 431},
    };
    const struct httpd_options options = {0};
    struct stage stage;

    (void)state;
    stage_start(&stage, &options);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *filling = malloc(cases[i].length);
        int fd = stage_dial(&stage), error;
        const char *reply;

        assert_non_null(filling);
        memset(filling, 'a', cases[i].length);
        stage_say(fd, cases[i].before, strlen(cases[i].before));
        stage_say(fd, filling, cases[i].length);
        stage_say(fd, cases[i].after, strlen(cases[i].after));
        reply = stage_hear(fd, NULL, &error);
        free(filling);
        /* What it did not read is answered by a reset, which may overtake the answer. */
        if (stage_status(reply) != cases[i].status && !(error == ECONNRESET && !*reply))
            fail_msg("%zu bytes after %s: %.100s", cases[i].length, cases[i].before, reply);
    }
    stage_stop(&stage);
}

static void requests_on_one_connection_are_answered_in_order(void **state)
{
    const struct httpd_options options = {0};
    struct stage stage;
    const char *reply, *place;
    unsigned count = 0;

    (void)state;
    stage_start(&stage, &options);
    reply = stage_ask(&stage, "GET /plain HTTP/1.1\r\n" HOST "\r\n"
                              "HEAD /plain HTTP/1.1\r\n" HOST "\r\n"
                              "GET /later HTTP/1.1\r\n" HOST "\r\n"
                              "GET /absent HTTP/1.1\r\nConnection: close\r\n" HOST "\r\n"
                              "GET /plain HTTP/1.1\r\n" HOST "\r\n");
    for (place = reply; (place = strstr(place, "HTTP/1.1 ")); place++)
        count++;
    assert_int_equal(count, 4);
    place = strstr(reply, "\r\n\r\nplainHTTP/1.1 200");
    assert_non_null(place); /* the answer to HEAD has no body: */
    place = strstr(place, "\r\n\r\nHTTP/1.1 200");
    assert_non_null(place);
    place = strstr(place, "\r\n\r\nlaterHTTP/1.1 404");
    assert_non_null(place);
    assert_int_equal(stage.ends, 1);
    stage_stop(&stage);
}

static void a_stream_is_whole_or_broken_for_all_to_see(void **state)
{
    const size_t whole = STAGE_PIECES * (sizeof STAGE_PIECE - 1);
    const struct httpd_options options = {0};
    const char *reply;
    struct stage stage;
    size_t length;
    int fd, error;

    (void)state;
    stage_start(&stage, &options);
    reply = stage_ask(&stage, "GET /stream HTTP/1.0\r\n" HOST "\r\n");
    reply = strstr(reply, "\r\n\r\n");
    assert_non_null(reply);
    assert_int_equal(strlen(reply + 4), whole);
    for (int i = 0; i < 4; i++) {
        const char *path = i < 2 ? "stream" : "broken";
        char request[128];

        snprintf(request, sizeof request, "GET /%s HTTP/1.%d\r\n%s%s\r\n", path, 1 - i % 2, HOST,
                 "Connection: close\r\n");
        fd = stage_dial(&stage);
        stage_say(fd, request, strlen(request));
        reply = stage_hear(fd, &length, &error);
        if (i >= 2) {
            assert_true(length < 5 || strcmp(reply + length - 5, "0\r\n\r\n") != 0);
            assert_int_equal(error, ECONNRESET);
        } else {
            if (error)
                fail_msg("%d: %zu bytes, then %s", i, length, strerror(error));
        }
        if (i == 0)
            assert_string_equal(reply + length - 7, "\r\n0\r\n\r\n");
    }
    await_ends(&stage, 5);
    stage_stop(&stage);
}

static void who_is_slow_is_cut_off(void **state)
{
    const struct httpd_options options = {
        .times = {.head_ms = 500, .idle_ms = 2500, .piece_ms = 500}};
    const int small = 4096;
    struct stage stage;
    int64_t begun_ms;
    int slow, idle, greedy, error;
    size_t length;

    (void)state;
    stage_start(&stage, &options);
    slow = stage_dial(&stage);
    greedy = stage_dial(&stage);
    setsockopt(greedy, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    stage_say(greedy, "GET /endless HTTP/1.1\r\n" HOST "\r\n", 25 + sizeof HOST - 1);
    idle = stage_dial(&stage);
    stage_say(idle, "GET /plain HTTP/1.1\r\n" HOST "\r\n", 23 + sizeof HOST - 1);
    begun_ms = now_ms();
    /* A byte each tenth of a second: it is the whole head that has a time. */
    for (int i = 0; i < 15; i++) {
        stage_say(slow, &"GET /plain HTTP"[i], 1);
        poll(NULL, 0, 100);
    }
    stage_hear(slow, &length, &error);
    assert_int_equal(length, 0);
    assert_true(now_ms() - begun_ms < 2600);
    await_ends(&stage, 1); /* who never read is gone, too */
    assert_int_equal(stage_status(stage_ask(&stage, "GET /plain HTTP/1.0\r\n" HOST "\r\n")), 200);
    assert_int_equal(stage_status(stage_hear(idle, &length, &error)), 200);
    assert_true(now_ms() - begun_ms >= 2500);
    close(greedy);
    stage_stop(&stage);
}

static void who_goes_away_is_not_waited_for(void **state)
{
    const struct httpd_options options = {0};
    struct stage stage;
    int64_t begun_ms;
    int fd;

    (void)state;
    stage_start(&stage, &options);
    fd = stage_dial(&stage);
    stage_say(fd, "GET /never HTTP/1.1\r\n" HOST "\r\n", 23 + sizeof HOST - 1);
    poll(NULL, 0, 100);
    assert_int_equal(stage.ends, 0);
    close(fd);
    begun_ms = now_ms();
    await_ends(&stage, 1);
    assert_true(now_ms() - begun_ms < 2000);
    stage_stop(&stage);
}

static void idle_connections_give_way(void **state)
{
    enum { MOST = 32, DIALLED = 100 };
    const struct httpd_options options = {.max_connections = MOST};
    struct stage stage;
    int fds[DIALLED];

    (void)state;
    stage_start(&stage, &options);
    for (int i = 0; i < DIALLED; i++) {
        fds[i] = stage_dial(&stage);
        if (i % 10 == 0)
            assert_int_equal(stage_status(stage_ask(&stage, "GET /plain HTTP/1.0\r\n" HOST "\r\n")),
                             200);
    }
    assert_int_equal(stage_status(stage_ask(&stage, "GET /plain HTTP/1.0\r\n" HOST "\r\n")), 200);
    for (int i = 0; i < DIALLED; i++)
        close(fds[i]);
    stage_stop(&stage);
}

static void it_stops_with_everything_under_way(void **state)
{
    static const char *const paths[] = {"never", "endless", "later", "stream"};
    const struct httpd_options options = {0};
    struct stage stage;
    char request[64];
    int fd, idle;

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        stage_start(&stage, &options);
        idle = stage_dial(&stage);
        fd = stage_dial(&stage);
        snprintf(request, sizeof request, "GET /%s HTTP/1.1\r\n%s\r\n", paths[i], HOST);
        stage_say(fd, request, strlen(request));
        poll(NULL, 0, 20);
        stage_stop(&stage);
        assert_true(stage.ends <= 1);
        close(fd);
        close(idle);
    }
}

static void an_address_in_use_is_told(void **state)
{
    const struct httpd_options options = {0};
    struct httpd_options again = {0};
    struct httpd *httpd = NULL;
    char listen_on[32], text[96];
    struct stage stage;
    struct err err = {0};
    struct loop *loop;

    (void)state;
    stage_start(&stage, &options);
    snprintf(listen_on, sizeof listen_on, "127.0.0.1:%u", stage.port);
    snprintf(text, sizeof text, "cannot listen on %s: address already in use", listen_on);
    again.listen = listen_on;
    assert_int_equal(loop_new(&loop, &err), 0);
    assert_int_equal(httpd_start(&httpd, loop, &again, &err), -1);
    assert_int_equal(err.kind, ERR_IO);
    assert_string_equal(err.text, text);
    loop_free(loop);
    stage_stop(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_ours_is_refused),
        cmocka_unit_test(what_is_too_long_is_refused),
        cmocka_unit_test(requests_on_one_connection_are_answered_in_order),
        cmocka_unit_test(a_stream_is_whole_or_broken_for_all_to_see),
        cmocka_unit_test(who_is_slow_is_cut_off),
        cmocka_unit_test(who_goes_away_is_not_waited_for),
        cmocka_unit_test(idle_connections_give_way),
        cmocka_unit_test(it_stops_with_everything_under_way),
        cmocka_unit_test(an_address_in_use_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
