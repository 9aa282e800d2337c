/* Requests: what is refused without asking anybody, and how answers go out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "scheduler/net/httpd_parts.h"

enum { BLOCK_BYTES = 32 * 1024 };

struct httpd_body {
    unsigned references;
    char *bytes;
    size_t length;
};

struct httpd_body *httpd_body_take(struct buf *text)
{
    struct httpd_body *body = calloc(1, sizeof *body);

    if (!body)
        return NULL;
    body->references = 1;
    body->bytes = buf_take(text, &body->length);
    return body;
}

void httpd_body_drop(struct httpd_body *body)
{
    if (!body || --body->references > 0)
        return;
    free(body->bytes);
    free(body);
}

static void on_sent(void *body)
{
    httpd_body_drop(body);
}

const struct httpd_target *httpd_target(const struct httpd_request *request)
{
    return &request->target;
}

void httpd_take_target(struct httpd_request *request, struct httpd_target *target)
{
    *target = request->target;
    request->target = (struct httpd_target){.path = ""};
}

void httpd_watch(struct httpd_request *request, void (*on_end)(void *cookie), void *cookie)
{
    request->on_end = on_end;
    request->cookie = cookie;
}

/* Of every answer: it is for this page alone, and what it says it is. */
static const struct httpd_header own_headers[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
    {NULL, NULL},
};

static bool add_headers(struct MHD_Response *response, const struct httpd_header *header)
{
    for (; header->name; header++) {
        if (MHD_add_response_header(response, header->name, header->value) != MHD_YES)
            return false;
    }
    return true;
}

/* Takes `response`, which may be NULL. */
static void answer(struct httpd_request *request, const struct httpd_head *head,
                   struct MHD_Response *response)
{
    if (response && !(add_headers(response, own_headers) && add_headers(response, head->headers))) {
        MHD_destroy_response(response);
        response = NULL;
    }
    request->is_answered = true;
    request->status = head->status;
    request->response = response;
    visit_resume(request->visit);
}

void httpd_send(struct httpd_request *request, const struct httpd_head *head, const char *text,
                size_t length)
{
    answer(request, head,
           MHD_create_response_from_buffer(length, (void *)text, /* not written to */
                                           MHD_RESPMEM_MUST_COPY));
}

void httpd_send_body(struct httpd_request *request, const struct httpd_head *head,
                     struct httpd_body *body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        body->length, body->bytes, on_sent, body);

    if (response)
        body->references++;
    answer(request, head, response);
}

static ssize_t on_read(void *cls, uint64_t position, char *out, size_t room)
{
    struct httpd_request *request = cls;
    ssize_t got;

    (void)position;
    if (request->visit->is_doomed)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    got = request->stream.read(request->stream.cookie, out, room);
    if (got == HTTPD_END)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (got == HTTPD_BROKEN) {
        /* Without chunks (HTTP/1.0) an end is all that a client sees: let it see a reset. */
        visit_doom(request->visit, true);
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (got == HTTPD_WAIT) {
        visit_enter(request->visit, VISIT_WAITING);
        MHD_suspend_connection(request->visit->connection);
    }
    return got;
}

void httpd_send_stream(struct httpd_request *request, const struct httpd_head *head,
                       const struct httpd_stream *stream)
{
    request->stream = *stream;
    answer(
        request, head,
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_read, request, NULL));
}

void httpd_wake(struct httpd_request *request)
{
    if (request->visit->state == VISIT_WAITING)
        visit_resume(request->visit);
}

void httpd_refuse(struct httpd_request *request, unsigned status, const char *text)
{
    struct httpd_header headers[5] = {{"Content-Type", "text/plain; charset=utf-8"}};
    const struct httpd_head head = {status, headers};
    char line[sizeof((struct err *)NULL)->text + 2];
    size_t count = 1;
    int length = snprintf(line, sizeof line, "%s\n", text);

    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        headers[count++] = (struct httpd_header){"Allow", "GET, HEAD"};
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
        headers[count++] = (struct httpd_header){"Retry-After", "5"};
    if (!request->is_asked) /* judged by its head: what follows may be a body that nobody reads */
        headers[count++] = (struct httpd_header){"Connection", "close"};
    httpd_send(request, &head, line,
               (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

struct heads {
    const struct httpd *httpd;
    unsigned hosts, known_hosts;
    bool has_body;
};

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                 size_t name_length, const char *value, size_t length)
{
    struct heads *heads = cls;

    (void)kind;
    (void)name_length;
    if (!value)
        value = "";
    if (strcasecmp(name, "Host") == 0) {
        heads->hosts++;
        if (httpd_names_has(&heads->httpd->names, value, length))
            heads->known_hosts++;
    }
    if (strcasecmp(name, "Transfer-Encoding") == 0 ||
        (strcasecmp(name, "Content-Length") == 0 && strspn(value, "0") != length))
        heads->has_body = true;
    return MHD_YES;
}

static size_t head_bytes(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *said =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

    return said ? said->header_size : 0;
}

/* Answers what is wrong whatever it asks for. */
static void judge(struct httpd_request *request, const char *method)
{
    struct MHD_Connection *connection = request->visit->connection;
    struct heads heads = {.httpd = request->visit->httpd};

    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_header, &heads);
    if (heads.hosts > 1)
        httpd_refuse(request, 400, "more than one Host header");
    else if (heads.known_hosts == 0)
        httpd_refuse(
            request, 403,
            "this page answers to localhost, its address and \"listen_hosts\" of pollard.json "
            "only");
    else if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        httpd_refuse(request, 405, "only GET and HEAD: nothing can be changed here");
    else if (head_bytes(connection) > HTTPD_HEAD_MAX)
        httpd_refuse(request, 431, "the head of the request is longer than 16 KiB");
    else if (heads.has_body)
        httpd_refuse(request, 400, "a request has no body here");
    else if (request->fault.kind == ERR_FULL)
        httpd_refuse(request, 414, "the address is too long");
    else if (request->fault.kind != ERR_NONE)
        httpd_refuse(request, 400, request->fault.text);
}

void *httpd_on_target(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct httpd_request *request = calloc(1, sizeof *request);

    (void)cls;
    (void)connection;
    if (!request)
        return NULL;
    if (httpd_target_parse(&request->target, uri, strlen(uri), &request->fault) != 0)
        httpd_target_release(&request->target);
    return request;
}

static enum MHD_Result send_answer(struct httpd_request *request)
{
    if (!request->response || request->is_queued)
        return MHD_NO;
    request->is_queued = true;
    visit_enter(request->visit, VISIT_SENDING);
    return MHD_queue_response(request->visit->connection, request->status, request->response);
}

static enum MHD_Result begin(struct httpd_request *request, struct MHD_Connection *connection,
                             const char *method)
{
    const union MHD_ConnectionInfo *said =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    request->is_begun = true;
    request->visit = said ? said->socket_context : NULL;
    if (!request->visit)
        return MHD_NO;
    judge(request, method);
    return request->is_answered ? send_answer(request) : MHD_YES;
}

static enum MHD_Result go_on(struct httpd *httpd, struct httpd_request *request)
{
    if (request->visit->is_doomed)
        return MHD_NO;
    if (!request->is_asked) {
        request->is_asked = true;
        httpd->on_request(httpd->cookie, request);
    }
    if (request->is_answered)
        return send_answer(request);
    visit_enter(request->visit, VISIT_ASKED);
    MHD_suspend_connection(request->visit->connection);
    return MHD_YES;
}

/* Called when the head is there, then until there is an answer, each time it has been woken. */
enum MHD_Result httpd_on_access(/* NOLINT(readability-function-size): MHD_AccessHandlerCallback */
                                void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_size, void **cookie)
{
    struct httpd_request *request = *cookie;

    (void)url;
    (void)version;
    (void)upload;
    (void)upload_size;
    if (!request)
        return MHD_NO;
    return request->is_begun ? go_on(cls, request) : begin(request, connection, method);
}

void httpd_on_completed(void *cls, struct MHD_Connection *connection, void **cookie,
                        enum MHD_RequestTerminationCode why)
{
    struct httpd_request *request = *cookie;

    (void)cls;
    (void)connection;
    if (!request)
        return;
    *cookie = NULL;
    log_event(LEVEL_DEBUG, "request", "status=%u whole=%d", request->status,
              why == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    if (request->on_end)
        request->on_end(request->cookie);
    if (request->visit)
        visit_enter(request->visit, VISIT_IDLE);
    if (request->response)
        MHD_destroy_response(request->response);
    httpd_target_release(&request->target);
    free(request);
}
