/* The deciding half of fetch.h: pure. */
#include "scheduler/fetch.h"

#include <string.h>

#include "feeds/rows.h"

int64_t fetch_retry_after_ms(const char *text, int64_t now_at)
{
    return clock_parse_retry_after(text, now_at);
}

static bool status_is_redirect(unsigned status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool status_may_pass(unsigned status)
{
    return status == 408 || status == 425 || status == 429 || status == 500 || status == 502 ||
           status == 503 || status == 504;
}

static enum poll_detail detail_of(enum response_error error)
{
    switch (error) {
    case RESPONSE_OK:
        return DETAIL_NONE;
    case RESPONSE_RESOLVE:
        return DETAIL_RESOLVE;
    case RESPONSE_CONNECT:
    case RESPONSE_CANCELLED:
    case RESPONSE_INTERNAL:
        return DETAIL_CONNECT;
    case RESPONSE_REFUSED:
        return DETAIL_REFUSED;
    case RESPONSE_TLS:
        return DETAIL_TLS;
    case RESPONSE_TIMEOUT:
        return DETAIL_TIMEOUT;
    case RESPONSE_TOO_LARGE:
        return DETAIL_TOO_LARGE;
    case RESPONSE_TRUNCATED:
        return DETAIL_TRUNCATED;
    case RESPONSE_PROTOCOL:
        return DETAIL_PROTOCOL;
    case RESPONSE_DECODE:
        return DETAIL_DECODE;
    case RESPONSE_BLOCKED:
        return DETAIL_BLOCKED;
    }
    return DETAIL_PROTOCOL;
}

static bool detail_may_pass(enum poll_detail detail)
{
    return detail == DETAIL_RESOLVE || detail == DETAIL_CONNECT || detail == DETAIL_REFUSED ||
           detail == DETAIL_TIMEOUT || detail == DETAIL_TRUNCATED;
}

static enum feed_format expected_format(const struct fetch *fetch)
{
    return fetch->feed->format != FORMAT_AUTO ? fetch->feed->format : fetch->shape;
}

static bool is_json(const struct buf *body, bool is_many)
{
    struct json_checker *checker = json_checker_new(is_many);
    bool is_good;

    if (!checker)
        return false;
    json_checker_feed(checker, body->bytes, body->length);
    is_good = json_checker_finish(checker);
    json_checker_free(checker);
    return is_good;
}

/* What the body began like was a guess, made as it arrived: a protobuf may begin with "\n{", of
 * lines of JSON the first looks like a document, and of a lone number only its type says that it is
 * one. The whole body decides. */
static bool body_is_invalid(const struct fetch *fetch, const struct response *response)
{
    const struct buf *body = &response->body;
    enum feed_format format = expected_format(fetch);

    if (format == FORMAT_AUTO) {
        format = rows_judge(body->bytes, body->length, response->content_type);
        if (format == FORMAT_NDJSON || (format == FORMAT_JSON && !fetch->checker))
            return !is_json(body, format == FORMAT_NDJSON);
    }
    if (format == FORMAT_JSON || format == FORMAT_NDJSON)
        return !fetch->checker || !json_checker_finish(fetch->checker);
    if (format == FORMAT_GTFS_RT)
        return rows_judge(body->bytes, body->length, NULL) != FORMAT_GTFS_RT;
    return false;
}

enum feed_format fetch_shape(const struct fetch *fetch, const struct response *response)
{
    if (fetch->feed->format != FORMAT_AUTO || response->body.length == 0)
        return fetch->feed->format;
    return rows_judge(response->body.bytes, response->body.length, response->content_type);
}

static struct verdict outcome_of_body(const struct fetch *fetch, const struct response *response,
                                      const struct previous *previous)
{
    struct verdict verdict = {.kind = VERDICT_NEW, .asked_ms = -1};

    verdict.body_hash = hash_of(response->body.bytes, response->body.length);
    verdict.is_invalid = body_is_invalid(fetch, response);
    if (previous->has_body && previous->body_bytes == response->body.length &&
        hash_equal(&previous->body_hash, &verdict.body_hash))
        verdict.kind = VERDICT_SAME;
    return verdict;
}

static struct verdict failed(enum verdict_kind kind, enum poll_detail detail)
{
    return (struct verdict){.kind = kind, .detail = detail, .asked_ms = -1};
}

struct verdict fetch_outcome(const struct fetch *fetch, const struct response *response,
                             const struct previous *previous, int64_t now_at)
{
    enum poll_detail detail = detail_of(response->error);
    unsigned status = response->status;
    struct verdict verdict;

    if (response->error != RESPONSE_OK)
        return failed(detail_may_pass(detail) ? VERDICT_RETRY : VERDICT_FAILED, detail);
    if (status >= 200 && status < 300)
        return outcome_of_body(fetch, response, previous);
    if (status == 304 && fetch->is_conditional)
        return (struct verdict){
            .kind = VERDICT_SAME, .body_hash = previous->body_hash, .asked_ms = -1};
    if (status_is_redirect(status)) {
        if (!*response->location || fetch->redirects >= fetch->feed->redirects)
            return failed(VERDICT_FAILED, DETAIL_REDIRECT);
        return failed(VERDICT_REDIRECT, DETAIL_REDIRECT);
    }
    verdict = failed(status_may_pass(status) ? VERDICT_RETRY : VERDICT_FAILED, DETAIL_HTTP_STATUS);
    verdict.asked_ms = fetch_retry_after_ms(response->retry_after, now_at);
    verdict.holds_host = verdict.asked_ms >= 0 && (status == 429 || status == 503);
    return verdict;
}
