#include "scheduler/outputs/alert_post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "feeds/template.h"
#include "scheduler/outputs/alert_mail.h"
#include "scheduler/outputs/alert_webhook.h"

enum { TEXTS_MAX = 1 << 20 };

const char *alert_channel_name(enum alert_channel channel)
{
    return channel == ALERT_EMAIL ? "email" : "webhook";
}

bool alert_channel_is_set(const struct alerts_settings *settings, enum alert_channel channel)
{
    return channel == ALERT_EMAIL ? settings->has_email : settings->has_webhook;
}

void alert_post_name_host(struct alert_post *post)
{
    if (gethostname(post->host, sizeof post->host) != 0)
        post->host[0] = '\0';
    post->host[sizeof post->host - 1] = '\0';
    for (char *c = post->host; *c; c++) /* it goes into a header */
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
            *c = '?';
    if (!*post->host)
        snprintf(post->host, sizeof post->host, "localhost");
}

int alert_texts_add(struct alert_texts *texts, const char *prefix, const char *form,
                    const struct secrets *secrets, struct err *err)
{
    if (texts->count == texts->room) {
        size_t room = texts->room ? texts->room * 2 : 8;
        size_t *starts = realloc(texts->starts, room * sizeof *starts);

        if (!starts)
            return err_memory(err);
        texts->starts = starts;
        texts->room = room;
    }
    texts->bytes.max_bytes = TEXTS_MAX;
    texts->starts[texts->count] = texts->bytes.length;
    if (buf_append_text(&texts->bytes, prefix) != 0)
        return err_memory(err);
    if (template_expand(form, NULL, 0, secrets, &texts->bytes, err) != 0)
        return -1;
    if (buf_append_char(&texts->bytes, '\0') != 0)
        return err_memory(err);
    texts->count++;
    return 0;
}

const char *alert_texts_get(const struct alert_texts *texts, size_t index)
{
    return texts->bytes.bytes + texts->starts[index];
}

void alert_texts_release(struct alert_texts *texts)
{
    if (texts->bytes.bytes)
        explicit_bzero(texts->bytes.bytes, texts->bytes.length);
    buf_release(&texts->bytes);
    free(texts->starts);
    *texts = (struct alert_texts){.count = 0};
}

/* Mail. */

static void on_letter(void *cookie, const struct receipt *receipt)
{
    struct alert_try *attempt = cookie;
    struct alert_result result = {.is_delivered = receipt->is_sent, .may_retry = true};

    snprintf(result.words, sizeof result.words, "%s", receipt->words);
    attempt->on_done(attempt->cookie, &result);
}

enum { TEXT_SERVER, TEXT_FROM, TEXT_USERNAME, TEXT_PASSWORD, TEXT_TO };

static int expand_email(const struct alert_post *post, struct alert_texts *texts, struct err *err)
{
    const struct email_settings *email = &post->settings->email;
    const char *const fixed[] = {[TEXT_SERVER] = email->server,
                                 [TEXT_FROM] = email->from,
                                 [TEXT_USERNAME] = email->username,
                                 [TEXT_PASSWORD] = email->password};

    for (size_t i = 0; i < TEXT_TO; i++)
        if (alert_texts_add(texts, "", fixed[i] ? fixed[i] : "", post->secrets, err) != 0)
            return -1;
    for (size_t i = 0; i < email->to_count; i++)
        if (alert_texts_add(texts, "", email->to[i], post->secrets, err) != 0)
            return -1;
    return 0;
}

static int send_letter(const struct alert_post *post, const struct alert_texts *texts,
                       const struct alert_message *message, struct alert_try *attempt,
                       struct err *err)
{
    size_t to_count = texts->count - TEXT_TO;
    const char **to = calloc(to_count + 1, sizeof *to);
    struct alert_envelope envelope = {
        .from = alert_texts_get(texts, TEXT_FROM), .to = to, .to_count = to_count};
    bool has_login = post->settings->email.username != NULL;
    struct letter letter = {
        .server = alert_texts_get(texts, TEXT_SERVER),
        .username = has_login ? alert_texts_get(texts, TEXT_USERNAME) : NULL,
        .password = has_login ? alert_texts_get(texts, TEXT_PASSWORD) : NULL,
        .from = envelope.from,
        .to = to,
        .to_count = to_count,
        .allow_private = post->settings->allow_private,
    };
    struct buf mail;
    int status = -1;

    buf_init(&mail, ALERT_MAIL_MAX);
    for (size_t i = 0; to && i < to_count; i++)
        to[i] = alert_texts_get(texts, TEXT_TO + i);
    if (!to) {
        err_memory(err);
    } else if (alert_mail_write(message, &envelope, post->host, &mail, err) == 0) {
        letter.bytes = mail.bytes;
        letter.length = mail.length;
        status = courier_send(post->courier, &letter, on_letter, attempt, err);
    }
    buf_release(&mail);
    free(to);
    return status;
}

static int start_email(const struct alert_post *post, const struct alert_message *message,
                       struct alert_try *attempt, struct err *err)
{
    struct alert_texts texts = {.count = 0};
    int status = expand_email(post, &texts, err);

    if (status == 0)
        status = send_letter(post, &texts, message, attempt, err);
    alert_texts_release(&texts);
    return status;
}

/* Webhook. */

static bool status_may_pass(unsigned status)
{
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

void alert_post_describe(const struct response *response, char *words, size_t size)
{
    if (response->status != 0)
        snprintf(words, size, "the server said %u%s", response->status,
                 response->status / 100 == 3 ? ", and a redirect is not followed" : "");
    else if (response->error == RESPONSE_BLOCKED)
        snprintf(words, size,
                 "the server's address is private, and alerts.allow_private is not set");
    else
        snprintf(words, size, "%s", *response->reason ? response->reason : "no answer");
}

static void on_answer(void *cookie, struct response *response)
{
    struct alert_try *attempt = cookie;
    int64_t wait_ms =
        clock_parse_retry_after(response->retry_after, loop_now(attempt->loop).wall_at);
    struct alert_result result = {.wait_ms = wait_ms > 0 ? wait_ms : 0};

    attempt->transfer = NULL;
    result.is_delivered = response->status >= 200 && response->status < 300;
    result.may_retry = response->status == 0 || response->error != RESPONSE_OK ||
                       status_may_pass(response->status);
    alert_post_describe(response, result.words, sizeof result.words);
    attempt->on_done(attempt->cookie, &result);
}

enum { TEXT_URL, TEXT_HEADERS };

static int expand_webhook(const struct alert_post *post, struct alert_texts *texts, struct err *err)
{
    const struct webhook_settings *webhook = &post->settings->webhook;
    bool has_type = false;
    char prefix[300];

    if (alert_texts_add(texts, "", webhook->url, post->secrets, err) != 0)
        return -1;
    for (size_t i = 0; i < webhook->header_count; i++) {
        has_type |= strcasecmp(webhook->headers[i].name, "content-type") == 0;
        snprintf(prefix, sizeof prefix, "%s: ", webhook->headers[i].name);
        if (alert_texts_add(texts, prefix, webhook->headers[i].value, post->secrets, err) != 0)
            return -1;
    }
    return has_type ? 0 : alert_texts_add(texts, "Content-Type: application/json", "", NULL, err);
}

static int send_request(const struct alert_post *post, const struct alert_texts *texts,
                        const struct buf *body, struct alert_try *attempt, struct err *err)
{
    size_t count = texts->count > TEXT_HEADERS ? texts->count - TEXT_HEADERS : 0;
    const char **headers = calloc(count + 1, sizeof *headers);
    struct request request = {
        .url = alert_texts_get(texts, TEXT_URL),
        .method = "POST",
        .headers = headers,
        .body = body->bytes,
        .body_length = body->length,
        .timeout_ms = ALERT_POST_TIMEOUT_MS,
        .connect_timeout_ms = ALERT_POST_CONNECT_MS,
        .max_body_bytes = ALERT_POST_ANSWER_MAX,
        .allow_private = post->settings->allow_private,
    };

    if (!headers)
        return err_memory(err);
    for (size_t i = 0; i < count; i++)
        headers[i] = alert_texts_get(texts, TEXT_HEADERS + i);
    attempt->transfer = transfers_start(post->transfers, &request, on_answer, attempt, err);
    free(headers);
    return attempt->transfer ? 0 : -1;
}

static int start_webhook(const struct alert_post *post, const struct alert_message *message,
                         struct alert_try *attempt, struct err *err)
{
    struct alert_texts texts = {.count = 0};
    struct buf body;
    int status = -1;

    buf_init(&body, ALERT_WEBHOOK_MAX);
    if (alert_webhook_write(message, post->host, &body) != 0)
        err_set(err, ERR_FULL, "the message is too long, or out of memory");
    else if (expand_webhook(post, &texts, err) == 0)
        status = send_request(post, &texts, &body, attempt, err);
    alert_texts_release(&texts);
    buf_release(&body);
    return status;
}

int alert_post_start(const struct alert_post *post, enum alert_channel channel,
                     const struct alert_message *message, struct alert_try *attempt,
                     struct err *err)
{
    attempt->loop = post->loop;
    attempt->transfer = NULL;
    switch (channel) {
    case ALERT_EMAIL:
        return start_email(post, message, attempt, err);
    case ALERT_WEBHOOK:
        return start_webhook(post, message, attempt, err);
    }
    return err_set(err, ERR_USAGE, "no such channel");
}
