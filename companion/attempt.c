#include "companion/attempt.h"

#include <stdio.h>
#include <string.h>

#include "scheduler/net/loop.h"

struct attempting {
    struct attempt *attempt;
    const struct secrets *secrets;
    struct loop *loop;
    struct transfers *transfers;
    struct fetch fetch;
    struct previous previous; /* nothing: everything is new */
    int64_t left_ms;          /* of the timeout, which is for all hops together */
    struct err *err;
    bool has_failed; /* could not ask at all: err is filled */
};

static void on_fetched(void *cookie, struct response *response);

static int ask(struct attempting *attempting)
{
    struct transfer *transfer = fetch_start(
        &attempting->fetch, attempting->transfers, attempting->secrets, &attempting->previous,
        attempting->left_ms, on_fetched, attempting, attempting->err);

    return transfer ? 0 : -1;
}

static void fail(struct attempt *attempt, enum poll_detail detail, const char *reason)
{
    attempt->verdict = (struct verdict){.kind = VERDICT_FAILED, .detail = detail, .asked_ms = -1};
    snprintf(attempt->reason, sizeof attempt->reason, "%s", reason);
}

/* true: another hop was asked, and its answer will come. */
static bool follow(struct attempting *attempting, const struct response *response)
{
    struct attempt *attempt = attempting->attempt;
    struct err why = {0};

    attempting->left_ms -= response->total_us / 1000;
    if (attempting->left_ms <= 0) {
        fail(attempt, DETAIL_TIMEOUT, "redirects took too long");
        return false;
    }
    if (fetch_follow(&attempting->fetch, response, &why)) {
        fail(attempt, DETAIL_REDIRECT, why.text);
        return false;
    }
    attempt->redirects++;
    attempting->has_failed = ask(attempting) != 0;
    return !attempting->has_failed;
}

static void keep(struct attempt *attempt, struct response *response)
{
    size_t length;

    attempt->response = *response;
    buf_init(&attempt->response.body, response->body.max_bytes);
    attempt->response.body.bytes = buf_take(&response->body, &length);
    attempt->response.body.length = attempt->response.body.capacity = length;
    snprintf(attempt->reason, sizeof attempt->reason, "%s", response->reason);
}

static void on_fetched(void *cookie, struct response *response)
{
    struct attempting *attempting = cookie;
    struct attempt *attempt = attempting->attempt;
    int64_t now_at = loop_now(attempting->loop).wall_at;

    attempt->verdict = fetch_outcome(&attempting->fetch, response, &attempting->previous, now_at);
    if (attempt->verdict.kind == VERDICT_REDIRECT && follow(attempting, response))
        return;
    if (!*attempt->reason)
        keep(attempt, response);
    loop_stop(attempting->loop);
}

static int run(struct attempting *attempting, const struct feed *feed, struct err *err)
{
    const struct transfers_options options = {.max_connections = 4,
                                              .user_agent = "pollard/" POLLARD_VERSION};
    struct attempt *attempt = attempting->attempt;

    if (loop_new(&attempting->loop, err) ||
        transfers_new(&attempting->transfers, attempting->loop, &options, err))
        return -1;
    attempt->started_at = loop_now(attempting->loop).wall_at;
    if (fetch_init(&attempting->fetch, feed, attempt->started_at, attempting->secrets, err) ||
        ask(attempting) || loop_run(attempting->loop, err) || attempting->has_failed)
        return -1;
    return 0;
}

int attempt_run(struct attempt *attempt, const struct feed *feed, const struct secrets *secrets,
                struct err *err)
{
    struct attempting attempting = {
        .attempt = attempt, .secrets = secrets, .left_ms = feed->timeout_ms, .err = err};
    int result;

    memset(attempt, 0, sizeof *attempt);
    attempt->feed = feed;
    result = run(&attempting, feed, err);
    fetch_release(&attempting.fetch);
    if (attempting.transfers)
        transfers_free(attempting.transfers);
    if (attempting.loop)
        loop_free(attempting.loop);
    return result ? err_within(err, "feed \"%s\"", feed->name) : 0;
}

void attempt_release(struct attempt *attempt)
{
    buf_release(&attempt->response.body);
}
