#include "scheduler/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "feeds/template.h"

enum { URL_MAX = 16 * 1024, HEADER_LINES_MAX = 128, REQUEST_BODY_MAX = 1024 * 1024 };

void previous_release(struct previous *previous)
{
    free(previous->etag);
    free(previous->last_modified);
    *previous = (struct previous){0};
}

/* "https://user@Example.org:443/x" → "https://example.org:443"; NULL: no memory. */
static char *origin_of(const char *url)
{
    bool is_https = strncasecmp(url, "https:", 6) == 0;
    const char *host = strstr(url, "://");
    const char *end, *at, *colon;
    char *origin;

    host = host ? host + 3 : url;
    end = host + strcspn(host, "/?#");
    at = memrchr(host, '@', (size_t)(end - host));
    if (at)
        host = at + 1;
    colon = memrchr(host, ':', (size_t)(end - host));
    if (colon && memchr(colon, ']', (size_t)(end - colon)))
        colon = NULL; /* the last colon is inside an IPv6 address */
    if (asprintf(&origin, "%s://%.*s%s", is_https ? "https" : "http", (int)(end - host), host,
                 colon ? "" : (is_https ? ":443" : ":80")) < 0)
        return NULL;
    for (char *c = origin; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return origin;
}

static bool url_is_usable(const char *url)
{
    if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
        return false;
    for (const char *c = url; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return false;
    return true;
}

int fetch_init(struct fetch *fetch, const struct feed *feed, int64_t slot_at,
               const struct secrets *secrets, struct err *err)
{
    struct buf masked;

    *fetch = (struct fetch){.feed = feed, .slot_at = slot_at};
    buf_init(&fetch->url, URL_MAX);
    buf_init(&masked, URL_MAX);
    if (template_expand(feed->url, feed, slot_at, secrets, &fetch->url, err) != 0)
        goto fail;
    if (template_expand(feed->url, feed, slot_at, NULL, &masked, err) != 0)
        goto fail;
    if (!buf_text(&fetch->url)) {
        err_memory(err);
        goto fail;
    }
    if (!url_is_usable(fetch->url.bytes)) {
        err_set(err, ERR_INPUT, "the expanded url is not an http or https URL");
        goto fail;
    }
    fetch->origin = origin_of(fetch->url.bytes);
    if (!fetch->origin) {
        err_memory(err);
        goto fail;
    }
    /* Validators belong to a URL, and the store may know which; a hash of a URL with a key in it
     * would let the key be guessed, so the masked one stands for it. */
    fetch->url_hash = hash64(masked.bytes, masked.length, 0);
    buf_release(&masked);
    return 0;
fail:
    buf_release(&masked);
    fetch_release(fetch);
    return -1;
}

void fetch_release(struct fetch *fetch)
{
    buf_release(&fetch->url);
    free(fetch->origin);
    fetch->origin = NULL;
    json_checker_free(fetch->checker);
    fetch->checker = NULL;
}

const char *fetch_url(const struct fetch *fetch)
{
    return fetch->url.bytes;
}

/* The lines of a request: texts one after another in `text`, pointers made at the end, because text
 * moves while it grows. */
struct header_lines {
    struct buf text;
    const char *lines[HEADER_LINES_MAX + 4];
    size_t starts[HEADER_LINES_MAX + 4];
    size_t count;
};

static bool header_is_private(const struct feed_header *header)
{
    return strcasecmp(header->name, "authorization") == 0 ||
           strcasecmp(header->name, "cookie") == 0 || template_has_secret(header->value);
}

static int lines_begin(struct header_lines *lines, struct err *err)
{
    if (lines->count == HEADER_LINES_MAX)
        return err_set(err, ERR_INPUT, "more than %d headers", HEADER_LINES_MAX);
    lines->starts[lines->count++] = lines->text.length;
    return 0;
}

static int lines_add_plain(struct header_lines *lines, const char *name, const char *value,
                           struct err *err)
{
    if (lines_begin(lines, err) != 0)
        return -1;
    if (buf_printf(&lines->text, "%s: %s", name, value) != 0 ||
        buf_append_char(&lines->text, '\0') != 0)
        return err_memory(err);
    return 0;
}

static int lines_add_template(struct header_lines *lines, const struct fetch *fetch,
                              const char *prefix, const char *value, const struct secrets *secrets,
                              struct err *err)
{
    if (lines_begin(lines, err) != 0)
        return -1;
    if (buf_append_text(&lines->text, prefix) != 0)
        return err_memory(err);
    if (template_expand(value, fetch->feed, fetch->slot_at, secrets, &lines->text, err) != 0)
        return -1;
    if (buf_append_char(&lines->text, '\0') != 0)
        return err_memory(err);
    return 0;
}

static int lines_add_own(struct header_lines *lines, const struct fetch *fetch,
                         const struct secrets *secrets, struct err *err)
{
    const struct feed *feed = fetch->feed;

    for (size_t i = 0; i < feed->header_count; i++) {
        char prefix[300];

        if (fetch->has_left_origin && header_is_private(&feed->headers[i]))
            continue;
        snprintf(prefix, sizeof prefix, "%s: ", feed->headers[i].name);
        if (lines_add_template(lines, fetch, prefix, feed->headers[i].value, secrets, err) != 0)
            return err_within(err, "header \"%s\"", feed->headers[i].name);
    }
    if (feed->auth.type == AUTH_BEARER && !fetch->has_left_origin)
        return lines_add_template(lines, fetch, "Authorization: Bearer ", feed->auth.token, secrets,
                                  err);
    return 0;
}

static int lines_add_validators(struct header_lines *lines, struct fetch *fetch,
                                const struct previous *previous, struct err *err)
{
    fetch->is_conditional = fetch->feed->conditional && previous->has_body &&
                            previous->may_validate && previous->url_hash == fetch->url_hash &&
                            (previous->etag || previous->last_modified);
    if (!fetch->is_conditional)
        return 0;
    if (previous->etag && lines_add_plain(lines, "If-None-Match", previous->etag, err) != 0)
        return -1;
    if (previous->last_modified &&
        lines_add_plain(lines, "If-Modified-Since", previous->last_modified, err) != 0)
        return -1;
    return 0;
}

static void lines_finish(struct header_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        lines->lines[i] = lines->text.bytes + lines->starts[i];
    lines->lines[lines->count] = NULL;
}

static bool starts_json(const struct fetch *fetch, char first)
{
    enum feed_format format =
        fetch->feed->format != FORMAT_AUTO ? fetch->feed->format : fetch->shape;

    if (format != FORMAT_AUTO)
        return format == FORMAT_JSON || format == FORMAT_NDJSON;
    return first == '{' || first == '[';
}

/* Looks at the first byte that is not blank and not part of a BOM, then checks JSON as it arrives.
 */
static void on_bytes(void *cookie, const char *bytes, size_t length)
{
    struct fetch *fetch = cookie;

    if (!fetch->has_judged) {
        size_t i = 0;

        while (i < length && (strchr(" \t\r\n", bytes[i]) || (unsigned char)bytes[i] == 0xef ||
                              (unsigned char)bytes[i] == 0xbb || (unsigned char)bytes[i] == 0xbf))
            i++;
        /* Blanks before the document change nothing: the checker may miss them, but not the BOM. */
        fetch->has_judged = i < length || starts_json(fetch, '\0');
        if (fetch->has_judged && starts_json(fetch, i < length ? bytes[i] : '\0'))
            fetch->checker = json_checker_new(fetch->feed->format == FORMAT_NDJSON ||
                                              fetch->shape == FORMAT_NDJSON);
    }
    if (fetch->checker)
        json_checker_feed(fetch->checker, bytes, length);
}

static void restart_check(struct fetch *fetch)
{
    json_checker_free(fetch->checker);
    fetch->checker = NULL;
    fetch->has_judged = false;
}

/* Credentials and body: not beyond the origin. */
static int expand_private(const struct fetch *fetch, const struct secrets *secrets,
                          struct request *request, struct buf texts[3], struct err *err)
{
    const struct feed *feed = fetch->feed;

    if (feed->auth.type == AUTH_BASIC && !fetch->has_left_origin) {
        if (template_expand(feed->auth.username, feed, fetch->slot_at, secrets, &texts[0], err) !=
                0 ||
            template_expand(feed->auth.password, feed, fetch->slot_at, secrets, &texts[1], err) !=
                0)
            return err_within(err, "auth");
        request->username = buf_text(&texts[0]);
        request->password = buf_text(&texts[1]);
        if (!request->username || !request->password)
            return err_memory(err);
    }
    if (feed->body && !fetch->is_get_now) {
        if (template_expand(feed->body, feed, fetch->slot_at, secrets, &texts[2], err) != 0)
            return err_within(err, "body");
        request->body = buf_text(&texts[2]);
        request->body_length = texts[2].length;
        if (!request->body)
            return err_memory(err);
    }
    return 0;
}

struct transfer *fetch_start(/* NOLINT(readability-function-size): its arguments */
                             struct fetch *fetch, struct transfers *transfers,
                             const struct secrets *secrets, const struct previous *previous,
                             int64_t timeout_ms, transfer_fn *on_done, void *cookie,
                             struct err *err)
{
    const struct feed *feed = fetch->feed;
    struct header_lines lines = {.count = 0};
    struct buf texts[3];
    struct transfer *transfer = NULL;
    struct request request = {
        .url = fetch->url.bytes,
        .method = fetch->is_get_now ? "GET" : feed->method,
        .ca_file = feed->ca_file,
        .pin = feed->pin,
        .proxy = feed->proxy,
        .user_agent = feed->user_agent,
        .timeout_ms = timeout_ms,
        .connect_timeout_ms = feed->connect_timeout_ms,
        .max_body_bytes = feed->max_body_bytes,
        .allow_private = feed->allow_private,
        .wants_certificate = fetch->wants_certificate,
        .on_bytes = on_bytes,
    };

    buf_init(&lines.text, HEADER_BYTES_MAX);
    for (int i = 0; i < 3; i++)
        buf_init(&texts[i], REQUEST_BODY_MAX);
    restart_check(fetch);
    if (lines_add_own(&lines, fetch, secrets, err) == 0 &&
        lines_add_validators(&lines, fetch, previous, err) == 0 &&
        expand_private(fetch, secrets, &request, texts, err) == 0) {
        lines_finish(&lines);
        request.headers = lines.lines;
        request.bytes_cookie = fetch;
        transfer = transfers_start(transfers, &request, on_done, cookie, err);
    }
    buf_release(&lines.text);
    for (int i = 0; i < 3; i++)
        buf_release(&texts[i]);
    return transfer;
}

int fetch_follow(struct fetch *fetch, const struct response *response, struct err *err)
{
    const struct feed *feed = fetch->feed;
    unsigned status = response->status;
    char *origin;
    bool is_same;

    if (!url_is_usable(response->location))
        return err_set(err, ERR_INPUT, "redirected to what is not an http or https URL");
    origin = origin_of(response->location);
    if (!origin)
        return err_memory(err);
    is_same = strcmp(origin, fetch->origin) == 0;
    free(origin);
    /* As browsers and curl do (RFC 9110 15.4): 303 always, 301 and 302 after a POST. */
    if (status == 303 || (status != 307 && status != 308 && strcmp(feed->method, "POST") == 0))
        fetch->is_get_now = strcmp(feed->method, "HEAD") != 0;
    if (!is_same)
        fetch->has_left_origin = true;
    if (fetch->has_left_origin && feed->body && !fetch->is_get_now &&
        template_has_secret(feed->body))
        return err_set(err, ERR_INPUT, "redirected to another origin with a secret in the body");
    buf_reset(&fetch->url);
    if (buf_append_text(&fetch->url, response->location) != 0 || !buf_text(&fetch->url))
        return err_set(err, ERR_INPUT, "redirected to a URL over %d bytes", URL_MAX);
    fetch->url_hash = hash64(fetch->url.bytes, fetch->url.length, 0);
    fetch->redirects++;
    return 0;
}
