#include "tests/transfers_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scripted_server *server;
struct loop *loop;
struct transfers *transfers;

int stage_set_up(const struct script *scripts, size_t count)
{
    const struct transfers_options options = {.max_connections = 100, .user_agent = "tests/1"};

    setenv("http_proxy", "http://127.0.0.1:1", 1); /* never looked at */
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    server = scripted_server_new("127.0.0.1", scripts, count);
    if (!server || loop_new(&loop, NULL) < 0)
        return -1;
    return transfers_new(&transfers, loop, &options, NULL);
}

int stage_tear_down(void **state)
{
    (void)state;
    transfers_free(transfers);
    loop_free(loop);
    scripted_server_free(server);
    return 0;
}

struct request request_for(const char *path, char url[URL_BYTES])
{
    snprintf(url, URL_BYTES, "http://127.0.0.1:%u%s?key=secret", scripted_server_port(server),
             path);
    return (struct request){
        .url = url, .timeout_ms = PATIENCE_MS, .max_body_bytes = BODY_MAX, .allow_private = true};
}

void on_answer(void *cookie, struct response *response)
{
    struct answer *answer = cookie;

    assert_false(answer->is_here);
    answer->is_here = true;
    answer->response = *response;
    buf_init(&response->body, 0); /* taken */
    loop_stop(loop);
}

void fetch_request(const struct request *request, struct answer *answer)
{
    memset(answer, 0, sizeof(*answer));
    assert_non_null(transfers_start(transfers, request, on_answer, answer, NULL));
    assert_false(answer->is_here);
    assert_int_equal(transfers_in_flight(transfers), 1);
    loop_run(loop, NULL);
    assert_true(answer->is_here);
    assert_int_equal(transfers_in_flight(transfers), 0);
    assert_int_equal(transfers_resolving(transfers), 0);
}

void fetch(const char *path, struct answer *answer)
{
    char url[URL_BYTES];
    struct request request = request_for(path, url);

    fetch_request(&request, answer);
}

void answer_release(struct answer *answer)
{
    buf_release(&answer->response.body);
}
