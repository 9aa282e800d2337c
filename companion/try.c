#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "companion/attempt.h"
#include "companion/open.h"
#include "companion/sample.h"
#include "feeds/template.h"

enum { TRY_URL_MAX = 64 * 1024, REFUSAL_MAX = 1024 };

static const struct option_row options[] = {OPTION_CONFIG, OPTION_STORE, {0}};

static void print_url(const struct attempt *attempt)
{
    struct buf url;

    buf_init(&url, TRY_URL_MAX);
    if (!template_display_url(attempt->feed, attempt->started_at, &url))
        printf("%s %s\n", attempt->feed->method, buf_text(&url) ? buf_text(&url) : "");
    buf_release(&url);
}

static void print_time(const char *name, int64_t us)
{
    if (us > 0)
        printf(", %s %.1f ms", name, (double)us / 1000);
}

static void print_answer(const struct attempt *attempt)
{
    const struct response *response = &attempt->response;

    print_url(attempt);
    if (response->status)
        printf("status %u", response->status);
    else
        printf("no answer");
    if (attempt->redirects)
        printf(" after %u redirect%s", attempt->redirects, attempt->redirects == 1 ? "" : "s");
    if (*response->remote_address)
        printf(" from %s", response->remote_address);
    if (*response->content_type)
        printf(", %s", response->content_type);
    printf("\n%zu bytes, %" PRIu64 " on the wire", response->body.length, response->wire_bytes);
    print_time("resolve", response->resolve_us);
    print_time("connect", response->connect_us);
    print_time("tls", response->tls_us);
    print_time("first byte", response->first_byte_us);
    print_time("total", response->total_us);
    putchar('\n');
}

/* What the server says about it, for a person: no byte of it may steer the terminal. */
static void print_refusal(const struct response *response)
{
    const char *bytes = response->body.bytes;
    size_t i;

    for (i = 0; i < response->body.length && i < REFUSAL_MAX; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        putchar(byte == '\n' || (byte >= ' ' && byte != 0x7f && byte < 0x80) ? byte : '?');
    }
    if (i > 0 && bytes[i - 1] != '\n')
        putchar('\n');
}

/* What the service would have stored. */
static int judge(const struct attempt *attempt, struct err *err)
{
    const struct response *response = &attempt->response;
    const char *detail = poll_detail_name(attempt->verdict.detail);

    switch (attempt->verdict.kind) {
    case VERDICT_NEW:
    case VERDICT_SAME:
        printf("new%s\n\n", attempt->verdict.is_invalid ? ", invalid: it is not well-formed" : "");
        if (!attempt->verdict.is_invalid)
            return sample_print(attempt->feed, response, attempt->started_at, err);
        return 0;
    case VERDICT_REDIRECT:
    case VERDICT_RETRY:
    case VERDICT_FAILED:
        break;
    }
    if (*attempt->reason)
        return err_set(err, ERR_IO, "feed \"%s\": failed: %s: %s", attempt->feed->name, detail,
                       attempt->reason);
    if (response->status >= 400)
        print_refusal(response);
    if (response->status)
        return err_set(err, ERR_IO, "feed \"%s\": failed: %s: the server said %u",
                       attempt->feed->name, detail, response->status);
    return err_set(err, ERR_IO, "feed \"%s\": failed: %s", attempt->feed->name, detail);
}

static int try_feed(const struct feed_set *set, const char *name, struct err *err)
{
    const struct feed *feed = feed_set_find(set, name);
    struct attempt attempt;
    int result;

    if (!feed && set->mistake_count)
        return feeds_verdict(set, err);
    if (!feed)
        return err_set(err, ERR_ABSENT,
                       "no feed \"%s\" in the configuration: \"pollard feeds\" names all", name);
    result = attempt_run(&attempt, feed, set->secrets, err);
    if (!result) {
        print_answer(&attempt);
        result = judge(&attempt, err);
    }
    attempt_release(&attempt);
    return result;
}

static int run(const struct arguments *arguments, struct err *err)
{
    struct feed_set *set;
    int result;

    if (open_feeds(&set, arguments, err))
        return -1;
    result = try_feed(set, arguments->feeds[0], err);
    feed_set_free(set);
    return result;
}

const struct command command_try = {
    .name = "try",
    .operands = "FEED",
    .operands_least = 1,
    .operands_most = 1,
    .help = "fetches a feed once, now, and stores nothing",
    .details = "Prints the status, timings, the size and the first rows as CSV.",
    .options = options,
    .run = run,
};
