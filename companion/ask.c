#include "companion/ask.h"

#include <stdio.h>
#include <string.h>

#include "scheduler/net/transfers.h"

enum { ASK_TIMEOUT_MS = 30000, ASK_CONNECT_MS = 5000, ASK_URL_MAX = 512 };

struct asking {
    const char *listen;
    struct loop *loop;
    struct buf *body;
    struct err *err;
    int result;
};

/* Who listens everywhere is asked on this machine. */
static int make_url(const char *listen, const char *path, char url[ASK_URL_MAX], struct err *err)
{
    const char *colon = strrchr(listen, ':'), *host = listen;
    int length = (int)(colon ? colon - listen : 0);

    if (strcmp(listen, "off") == 0)
        return err_set(err, ERR_IO, "no service answers: \"listen\" is \"off\"");
    if (length == 7 && memcmp(listen, "0.0.0.0", 7) == 0) {
        host = "127.0.0.1";
        length = 9;
    } else if (length == 4 && memcmp(listen, "[::]", 4) == 0) {
        host = "[::1]";
        length = 5;
    }
    snprintf(url, ASK_URL_MAX, "http://%.*s%s%s", length, host, colon, path);
    return 0;
}

static const char *reason_of(const struct response *response)
{
    switch (response->error) {
    case RESPONSE_REFUSED:
        return "nobody listens there";
    case RESPONSE_TIMEOUT:
        return "it took too long";
    case RESPONSE_PROTOCOL:
        return "what listens there does not speak HTTP";
    case RESPONSE_OK:
    case RESPONSE_RESOLVE:
    case RESPONSE_CONNECT:
    case RESPONSE_TLS:
    case RESPONSE_TOO_LARGE:
    case RESPONSE_TRUNCATED:
    case RESPONSE_DECODE:
    case RESPONSE_BLOCKED:
    case RESPONSE_CANCELLED:
    case RESPONSE_INTERNAL:
        break;
    }
    return *response->reason ? response->reason : "no answer";
}

static void on_answer(void *cookie, struct response *response)
{
    struct asking *asking = cookie;

    loop_stop(asking->loop);
    if (response->error != RESPONSE_OK) {
        asking->result = err_set(asking->err, ERR_IO, "no service answers at %s: %s",
                                 asking->listen, reason_of(response));
    } else if (response->status != 200) {
        asking->result =
            err_set(asking->err, ERR_IO, "no service answers at %s: what listens there says %u",
                    asking->listen, response->status);
    } else {
        *asking->body = response->body;
        response->body = (struct buf){0};
        asking->result = 0;
    }
}

static int run(struct asking *asking, struct transfers **transfers, const char *url)
{
    const struct transfers_options options = {.max_connections = 1,
                                              .user_agent = "pollard/" POLLARD_VERSION};
    const struct request request = {.url = url,
                                    .method = "GET",
                                    .timeout_ms = ASK_TIMEOUT_MS,
                                    .connect_timeout_ms = ASK_CONNECT_MS,
                                    .max_body_bytes = ASK_BODY_MAX,
                                    .allow_private = true};

    if (loop_new(&asking->loop, asking->err) ||
        transfers_new(transfers, asking->loop, &options, asking->err) ||
        !transfers_start(*transfers, &request, on_answer, asking, asking->err) ||
        loop_run(asking->loop, asking->err))
        return -1;
    return asking->result;
}

int ask_service(const char *listen, const char *path, struct buf *body, struct err *err)
{
    struct asking asking = {.listen = listen, .body = body, .err = err, .result = -1};
    struct transfers *transfers = NULL;
    char url[ASK_URL_MAX];
    int result;

    *body = (struct buf){0};
    if (make_url(listen, path, url, err))
        return -1;
    result = run(&asking, &transfers, url);
    transfers_free(transfers);
    if (asking.loop)
        loop_free(asking.loop);
    return result;
}
