/* Where a request may go, and by which way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/transfers_stage.h"

static const struct script SCRIPTS[] = {
    {"/plain", HEAD(OK "Content-Length: 5\r\n\r\nhello")},
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

/* Bound and not listening: nobody else gets the port meanwhile. */
static int reserve_port(unsigned *port)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(where);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&where, sizeof(where)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&where, &length), 0);
    *port = ntohs(where.sin_port);
    return fd;
}

static void a_closed_port_refuses(void **state)
{
    char url[URL_BYTES];
    struct request request = request_for("/", url);
    struct answer answer;
    unsigned port;
    int fd = reserve_port(&port);

    (void)state;
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
    fetch_request(&request, &answer);
    assert_int_equal(answer.response.error, RESPONSE_REFUSED);
    assert_false(answer.response.has_connected);
    assert_string_equal(answer.response.remote_address, "");
    close(fd);
}

static void an_unknown_name_is_not_resolved(void **state)
{
    char url[URL_BYTES] = "http://no-such-host.invalid/";
    struct request request = {.url = url, .timeout_ms = PATIENCE_MS};
    struct answer answer = {0};

    (void)state;
    assert_non_null(transfers_start(transfers, &request, on_answer, &answer, NULL));
    assert_int_equal(transfers_resolving(transfers), 1);
    loop_run(loop, NULL);
    assert_int_equal(transfers_resolving(transfers), 0);
    /* Without a name server the look-up may hang until the time is up. */
    assert_true(answer.response.error == RESPONSE_RESOLVE ||
                answer.response.error == RESPONSE_TIMEOUT);
    answer_release(&answer);
}

static const char *const BLOCKED[] = {
    "http://127.0.0.1:%u/plain",
    "http://localhost:%u/plain",
    "http://2130706433:%u/plain",
    "http://0x7f.1:%u/plain",
    "http://0177.0.0.1:%u/plain",
    "http://[::ffff:127.0.0.1]:%u/plain",
    "http://[::1]:%u/plain",
    "http://0:%u/plain",
    "http://10.1.2.3:%u/plain",
    "http://169.254.169.254:%u/x",
    "http://%%31%%32%%37.0.0.1:%u/plain",
    /* Full stops of CJK, which are dots in a host; in octal, which ends after three digits. */
    "http://127\343\200\2020\343\200\2020\343\200\2021:%u/plain",
};

static void private_addresses_are_blocked_however_written(void **state)
{
    unsigned before = scripted_server_connections(server);
    char url[URL_BYTES], proxy[URL_BYTES];

    (void)state;
    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", scripted_server_port(server));
    for (size_t i = 0; i < sizeof(BLOCKED) / sizeof(BLOCKED[0]); i++) {
        struct request request = request_for("/", url);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(url, sizeof(url), BLOCKED[i], scripted_server_port(server));
#pragma GCC diagnostic pop
        request.allow_private = false;
        assert_int_equal(error_of(&request), RESPONSE_BLOCKED);
        request.proxy = proxy; /* which would go there for us */
        assert_int_equal(error_of(&request), RESPONSE_BLOCKED);
    }
    assert_int_equal(scripted_server_connections(server), before);
}

static void a_pooled_connection_does_not_lend_its_permission(void **state)
{
    char url[URL_BYTES];
    struct request request = request_for("/plain", url);
    unsigned before;

    (void)state;
    assert_int_equal(error_of(&request), RESPONSE_OK); /* one rests in the pool now */
    before = scripted_server_connections(server);
    request.allow_private = false;
    assert_int_equal(error_of(&request), RESPONSE_BLOCKED);
    assert_int_equal(scripted_server_connections(server), before);
    request.allow_private = true;
    assert_int_equal(error_of(&request), RESPONSE_OK);
}

static void our_own_page_is_never_fetched(void **state)
{
    const struct transfers_options options = {.max_connections = 4,
                                              .own_port = scripted_server_port(server)};
    struct transfers *plain = transfers;
    char url[URL_BYTES];
    struct request request = request_for("/plain", url);

    (void)state;
    assert_int_equal(transfers_new(&transfers, loop, &options, NULL), 0);
    assert_int_equal(error_of(&request), RESPONSE_BLOCKED);
    transfers_free(transfers);
    transfers = plain;
}

static void a_proxy_is_asked_only_if_it_is_named(void **state)
{
    char url[URL_BYTES] = "http://example.invalid/plain", proxy[URL_BYTES], sent[REQUEST_TEXT_MAX];
    struct request request = {.url = url, .timeout_ms = PATIENCE_MS, .max_body_bytes = BODY_MAX};

    (void)state;
    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", scripted_server_port(server));
    request.proxy = proxy; /* a private address, but the operator's own word */
    setenv("no_proxy", "*", 1);
    assert_int_equal(error_of(&request), RESPONSE_OK);
    scripted_server_last_request(server, sent);
    assert_int_equal(strncmp(sent, "GET http://example.invalid/plain HTTP/1.1\r\n", 43), 0);
    snprintf(url, sizeof(url), "https://example.invalid/"); /* the server has no CONNECT */
    assert_int_equal(error_of(&request), RESPONSE_CONNECT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_port_refuses),
        cmocka_unit_test(an_unknown_name_is_not_resolved),
        cmocka_unit_test(private_addresses_are_blocked_however_written),
        cmocka_unit_test(a_pooled_connection_does_not_lend_its_permission),
        cmocka_unit_test(our_own_page_is_never_fetched),
        cmocka_unit_test(a_proxy_is_asked_only_if_it_is_named),
    };

    return cmocka_run_group_tests(tests, set_up, stage_tear_down);
}
