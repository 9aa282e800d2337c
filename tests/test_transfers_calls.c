/* What goes out, and what the calls promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/transfers_stage.h"

enum { MANY = 500 };

static const struct script SCRIPTS[] = {
    {"/plain", HEAD(OK "Content-Length: 5\r\n\r\nhello")},
    {"/slices", HEAD(OK "Content-Length: 12\r\n\r\n"), AGAIN("1234"), .repeats = 3, .pause_ms = 5},
    {"/excess", HEAD(OK "Content-Length: 2\r\n\r\n"),
     AGAIN("hi" OK "Content-Length: 6\r\n\r\nstolen"), .repeats = 1, .pause_ms = 20},
    {"/silence", HEAD(""), .ending = THEN_SILENCE},
    {"/headless", HEAD(OK "Content-Length: 99999999\r\n\r\n")},
};

static int set_up(void **state)
{
    (void)state;
    return stage_set_up(SCRIPTS, sizeof(SCRIPTS) / sizeof(SCRIPTS[0]));
}

static enum response_error error_of(const struct request *request)
{
    struct answer answer;

    fetch_request(request, &answer);
    answer_release(&answer);
    return answer.response.error;
}

static void a_plain_request_says_little(void **state)
{
    char sent[REQUEST_TEXT_MAX], expected[300];
    struct answer answer;

    (void)state;
    fetch("/plain", &answer);
    answer_release(&answer);
    scripted_server_last_request(server, sent);
    snprintf(expected, sizeof(expected),
             "GET /plain?key=secret HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: tests/1\r\n"
             "Accept: */*\r\nAccept-Encoding: gzip\r\n\r\n",
             scripted_server_port(server));
    assert_string_equal(sent, expected);
}

static void method_headers_body_and_password_go_out(void **state)
{
    static const char *const headers[] = {"X-Key: abc", "If-None-Match: \"e\"", "X-Empty:", NULL};
    char sent[REQUEST_TEXT_MAX], url[URL_BYTES];
    struct request request = request_for("/plain", url);

    (void)state;
    request.method = "PUT";
    request.headers = headers;
    request.body = "a\0b";
    request.body_length = 3;
    request.username = "user";
    request.password = "pass:word";
    request.user_agent = "mine";
    assert_int_equal(error_of(&request), RESPONSE_OK);
    scripted_server_last_request(server, sent);
    assert_int_equal(strncmp(sent, "PUT /plain?key=secret HTTP/1.1\r\n", 32), 0);
    assert_non_null(strstr(sent, "\r\nX-Key: abc\r\n"));
    assert_non_null(strstr(sent, "\r\nIf-None-Match: \"e\"\r\n"));
    assert_non_null(strstr(sent, "\r\nX-Empty:\r\n"));
    assert_non_null(strstr(sent, "\r\nAuthorization: Basic dXNlcjpwYXNzOndvcmQ=\r\n"));
    assert_non_null(strstr(sent, "\r\nUser-Agent: mine\r\n"));
    assert_non_null(strstr(sent, "\r\nContent-Length: 3\r\n"));
    assert_null(strstr(sent, "Expect"));
    assert_memory_equal(strstr(sent, "\r\n\r\n") + 4, "a\0b", 4);
}

static void a_head_request_ends_with_the_headers(void **state)
{
    char url[URL_BYTES];
    struct request request = request_for("/headless", url);

    (void)state;
    request.method = "HEAD";
    assert_int_equal(error_of(&request), RESPONSE_OK);
}

static void what_cannot_be_sent_is_refused_at_once(void **state)
{
    static const char *const newline[] = {"X: a\r\nY: b", NULL}, *const bare[] = {"X", NULL};
    const struct request wrong[] = {
        {.url = ""},
        {.url = "no scheme?secret"},
        {.url = "ftp://example.org/?secret"},
        {.url = "file:///etc/passwd"},
        {.url = "http://a b.example/?secret"},
        {.url = "http://[::1/?secret"},
        {.url = "http://h:99999/?secret"},
        {.url = "http://h/", .method = "GET / HTTP/1.1\r\nX: y"},
        {.url = "http://h/", .method = ""},
        {.url = "http://h/", .headers = newline},
        {.url = "http://h/", .headers = bare},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct err err = {0};

        assert_null(transfers_start(transfers, &wrong[i], on_answer, NULL, &err));
        assert_int_equal(err.kind, ERR_INPUT);
        assert_null(strstr(err.text, "secret"));
        assert_int_equal(transfers_in_flight(transfers), 0);
    }
}

static char seen[64];
static size_t seen_length;
static unsigned slices;

static void on_slice(void *cookie, const char *bytes, size_t length)
{
    const struct answer *answer = cookie;

    assert_false(answer->is_here);
    assert_true(seen_length + length < sizeof(seen));
    memcpy(seen + seen_length, bytes, length);
    seen_length += length;
    slices++;
}

static void bytes_are_told_as_they_come(void **state)
{
    char url[URL_BYTES];
    struct request request = request_for("/slices", url);
    struct answer answer;

    (void)state;
    request.on_bytes = on_slice;
    request.bytes_cookie = &answer;
    fetch_request(&request, &answer);
    assert_int_equal(answer.response.body.length, 12);
    assert_int_equal(answer.response.wire_bytes, 12);
    assert_int_equal(seen_length, 12);
    assert_memory_equal(seen, "123412341234", 12);
    assert_true(slices > 1);
    answer_release(&answer);
}

static void bytes_behind_an_answer_are_not_the_next_one(void **state)
{
    struct answer answer;

    (void)state;
    for (int i = 0; i < 3; i++) {
        fetch("/excess", &answer);
        assert_int_equal(answer.response.error, RESPONSE_OK);
        assert_memory_equal(answer.response.body.bytes, "hi", 2);
        answer_release(&answer);
        fetch("/plain", &answer);
        assert_int_equal(answer.response.error, RESPONSE_OK);
        assert_memory_equal(answer.response.body.bytes, "hello", 5);
        answer_release(&answer);
    }
}

static void connections_are_used_again(void **state)
{
    unsigned before;
    struct answer answer;

    (void)state;
    fetch("/plain", &answer);
    answer_release(&answer);
    before = scripted_server_connections(server);
    for (int i = 0; i < 10; i++) {
        fetch("/plain", &answer);
        assert_true(answer.response.has_connected);
        assert_string_not_equal(answer.response.remote_address, "");
        answer_release(&answer);
    }
    assert_int_equal(scripted_server_connections(server), before);
}

static void on_answer_count(void *cookie, struct response *response)
{
    unsigned *waiting = cookie;

    assert_int_equal(response->error, RESPONSE_OK);
    assert_int_equal(response->body.length, 5);
    if (--*waiting == 0)
        loop_stop(loop);
}

static void many_at_once_each_answer_once(void **state)
{
    unsigned waiting = MANY;
    char url[URL_BYTES];
    struct request request = request_for("/plain", url);

    (void)state;
    for (int i = 0; i < MANY; i++)
        assert_non_null(transfers_start(transfers, &request, on_answer_count, &waiting, NULL));
    assert_int_equal(transfers_in_flight(transfers), MANY);
    loop_run(loop, NULL);
    assert_int_equal(waiting, 0);
    assert_int_equal(transfers_in_flight(transfers), 0);
}

static void a_cancelled_transfer_answers_in_the_next_turn(void **state)
{
    char url[URL_BYTES];
    struct request request = request_for("/silence", url);
    struct answer answer = {0};
    struct transfer *transfer = transfers_start(transfers, &request, on_answer, &answer, NULL);

    (void)state;
    transfer_cancel(transfer);
    transfer_cancel(transfer); /* once is as good as twice */
    assert_false(answer.is_here);
    loop_run(loop, NULL);
    assert_int_equal(answer.response.error, RESPONSE_CANCELLED);
    assert_int_equal(transfers_in_flight(transfers), 0);
}

struct chain {
    struct transfer *silent;
    struct answer answer;
};

static void on_plain_cancel(void *cookie, struct response *response)
{
    struct chain *chain = cookie;

    assert_int_equal(response->error, RESPONSE_OK);
    transfer_cancel(chain->silent);
    assert_false(chain->answer.is_here);
}

static void an_answer_may_cancel_another_under_way(void **state)
{
    char url[URL_BYTES], url2[URL_BYTES];
    struct request silence = request_for("/silence", url), plain = request_for("/plain", url2);
    struct chain chain = {0};

    (void)state;
    chain.silent = transfers_start(transfers, &silence, on_answer, &chain.answer, NULL);
    assert_non_null(transfers_start(transfers, &plain, on_plain_cancel, &chain, NULL));
    loop_run(loop, NULL);
    assert_int_equal(chain.answer.response.error, RESPONSE_CANCELLED);
    assert_true(chain.answer.response.has_connected || !chain.answer.response.remote_address[0]);
}

static struct transfer *blocked[MANY];
static unsigned answers, cancelled;

static void on_first_cancel_all(void *cookie, struct response *response)
{
    struct transfer **own = cookie;

    *own = NULL;
    cancelled += response->error == RESPONSE_CANCELLED;
    for (size_t i = 0; i < MANY && answers == 0; i++)
        if (blocked[i])
            transfer_cancel(blocked[i]);
    if (++answers == MANY)
        loop_stop(loop);
}

/* All of them fail in one drive of libcurl, which holds their messages when the first answers. */
static void those_that_are_cancelled_as_they_end_answer_once(void **state)
{
    char url[URL_BYTES];
    struct request request = request_for("/plain", url);

    (void)state;
    request.allow_private = false;
    for (size_t i = 0; i < MANY; i++)
        blocked[i] = transfers_start(transfers, &request, on_first_cancel_all, &blocked[i], NULL);
    loop_run(loop, NULL);
    assert_int_equal(answers, MANY);
    assert_int_equal(cancelled, MANY - 1);
    assert_int_equal(transfers_in_flight(transfers), 0);
}

static unsigned to_go;

static void on_answer_again(void *cookie, struct response *response)
{
    char url[URL_BYTES];
    struct request request = request_for("/plain", url);

    assert_int_equal(response->error, RESPONSE_OK);
    if (--to_go == 0)
        loop_stop(loop);
    else
        assert_non_null(transfers_start(transfers, &request, on_answer_again, cookie, NULL));
}

static void an_answer_may_start_the_next(void **state)
{
    char url[URL_BYTES];
    struct request request = request_for("/plain", url);

    (void)state;
    to_go = 50;
    assert_non_null(transfers_start(transfers, &request, on_answer_again, NULL, NULL));
    loop_run(loop, NULL);
    assert_int_equal(to_go, 0);
}

/* A listener whose queue is full: who connects waits for an answer that does not come. */
struct deaf {
    int listener, fillers[8];
    char url[URL_BYTES];
};

static void deaf_open(struct deaf *deaf)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);

    deaf->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(deaf->listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(deaf->listener, 0), 0);
    assert_int_equal(getsockname(deaf->listener, (struct sockaddr *)&address, &length), 0);
    for (size_t i = 0; i < sizeof(deaf->fillers) / sizeof(deaf->fillers[0]); i++) {
        deaf->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(deaf->fillers[i], (struct sockaddr *)&address, length);
    }
    snprintf(deaf->url, sizeof(deaf->url), "http://127.0.0.1:%d/", ntohs(address.sin_port));
}

static void deaf_close(struct deaf *deaf)
{
    for (size_t i = 0; i < sizeof(deaf->fillers) / sizeof(deaf->fillers[0]); i++)
        close(deaf->fillers[i]);
    close(deaf->listener);
}

static unsigned unconnected;

static void on_answer_unconnected(void *cookie, struct response *response)
{
    const struct request *request = cookie;

    unconnected += response->error == RESPONSE_TIMEOUT && !response->has_connected;
    if (--to_go == 0)
        loop_stop(loop);
    else if (to_go >= 20)
        assert_non_null(transfers_start(transfers, request, on_answer_unconnected, cookie, NULL));
}

/* libcurl lets go of such a socket after it has closed it; its number may be the next one's. */
static void connections_that_are_never_made_time_out(void **state)
{
    struct deaf deaf;
    struct request request = {
        .timeout_ms = 60, .connect_timeout_ms = 40, .max_body_bytes = 9, .allow_private = true};

    (void)state;
    deaf_open(&deaf);
    request.url = deaf.url;
    to_go = 100;
    for (int i = 0; i < 20; i++)
        assert_non_null(
            transfers_start(transfers, &request, on_answer_unconnected, &request, NULL));
    loop_run(loop, NULL);
    assert_int_equal(unconnected, 100);
    deaf_close(&deaf);
}

static struct transfers *last;

static void on_answer_free(void *cookie, struct response *response)
{
    (void)cookie;
    assert_int_equal(response->error, RESPONSE_OK);
    transfers_free(last);
    loop_stop(loop);
}

static void the_last_answer_may_free_the_transfers(void **state)
{
    const struct transfers_options options = {.max_connections = 4};
    char url[URL_BYTES];
    struct request request = request_for("/plain", url);

    (void)state;
    assert_int_equal(transfers_new(&last, loop, &options, NULL), 0);
    assert_non_null(transfers_start(last, &request, on_answer_free, NULL, NULL));
    loop_run(loop, NULL); /* with its idle connection; AddressSanitizer looks on */
    transfers_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_request_says_little),
        cmocka_unit_test(method_headers_body_and_password_go_out),
        cmocka_unit_test(a_head_request_ends_with_the_headers),
        cmocka_unit_test(what_cannot_be_sent_is_refused_at_once),
        cmocka_unit_test(bytes_are_told_as_they_come),
        cmocka_unit_test(bytes_behind_an_answer_are_not_the_next_one),
        cmocka_unit_test(connections_are_used_again),
        cmocka_unit_test(many_at_once_each_answer_once),
        cmocka_unit_test(a_cancelled_transfer_answers_in_the_next_turn),
        cmocka_unit_test(an_answer_may_cancel_another_under_way),
        cmocka_unit_test(those_that_are_cancelled_as_they_end_answer_once),
        cmocka_unit_test(an_answer_may_start_the_next),
        cmocka_unit_test(connections_that_are_never_made_time_out),
        cmocka_unit_test(the_last_answer_may_free_the_transfers),
    };

    return cmocka_run_group_tests(tests, set_up, stage_tear_down);
}
