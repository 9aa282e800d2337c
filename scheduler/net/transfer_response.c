/* The answer as it comes, and what libcurl's many errors mean to us. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "scheduler/net/transfer.h"

/* What 7.88.1 gives, by experiment (tests/test_transfers.c); codes not listed are INTERNAL. */
static const struct {
    CURLcode code;
    enum response_error error;
} MEANINGS[] = {
    {CURLE_COULDNT_RESOLVE_HOST, RESPONSE_RESOLVE},
    {CURLE_COULDNT_RESOLVE_PROXY, RESPONSE_RESOLVE},
    {CURLE_COULDNT_CONNECT, RESPONSE_CONNECT},
    {CURLE_INTERFACE_FAILED, RESPONSE_CONNECT},
    {CURLE_PROXY, RESPONSE_CONNECT},
    {CURLE_OPERATION_TIMEDOUT, RESPONSE_TIMEOUT},
    {CURLE_SSL_CONNECT_ERROR, RESPONSE_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, RESPONSE_TLS},
    {CURLE_SSL_CACERT_BADFILE, RESPONSE_TLS},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, RESPONSE_TLS},
    {CURLE_SSL_INVALIDCERTSTATUS, RESPONSE_TLS},
    {CURLE_SSL_ISSUER_ERROR, RESPONSE_TLS},
    {CURLE_SSL_CERTPROBLEM, RESPONSE_TLS},
    {CURLE_SSL_CIPHER, RESPONSE_TLS},
    {CURLE_SSL_CLIENTCERT, RESPONSE_TLS},
    {CURLE_SSL_SHUTDOWN_FAILED, RESPONSE_TLS},
    {CURLE_SSL_ENGINE_INITFAILED, RESPONSE_TLS},
    {CURLE_USE_SSL_FAILED, RESPONSE_TLS},
    {CURLE_PARTIAL_FILE, RESPONSE_TRUNCATED},
    {CURLE_GOT_NOTHING, RESPONSE_TRUNCATED},
    {CURLE_RECV_ERROR, RESPONSE_TRUNCATED},
    {CURLE_SEND_ERROR, RESPONSE_TRUNCATED},
    {CURLE_WEIRD_SERVER_REPLY, RESPONSE_PROTOCOL},
    {CURLE_UNSUPPORTED_PROTOCOL, RESPONSE_PROTOCOL}, /* HTTP/0.9, and HTTP versions unknown */
    {CURLE_HTTP2, RESPONSE_PROTOCOL},
    {CURLE_BAD_CONTENT_ENCODING, RESPONSE_DECODE},
    {CURLE_WRITE_ERROR, RESPONSE_DECODE}, /* bytes behind the end of gzip; ours come by flags */
    {CURLE_FILESIZE_EXCEEDED, RESPONSE_TOO_LARGE},
};

static void read_text(const char *value, size_t length, char *out, size_t size)
{
    if (length >= size)
        length = size - 1;
    memcpy(out, value, length);
    out[length] = '\0';
    for (char *c = out; *c; c++) /* a NUL inside ends it: no such value is worth sending back */
        if (iscntrl((unsigned char)*c) && *c != '\t')
            *c = '?';
}

/* A validator that was cut would never match, and a URL that was cut leads elsewhere: of those too
 * long we keep nothing. */
static void read_whole_text(const char *value, size_t length, char *out, size_t size)
{
    out[0] = '\0';
    if (length < size && !memchr(value, '\0', length))
        read_text(value, length, out, size);
}

static void read_location(struct transfer *transfer, const char *value, size_t length)
{
    char *out = transfer->response.location, *absolute = NULL;
    CURLU *url = NULL;

    read_whole_text(value, length, out, LOCATION_MAX);
    if (out[0] == '\0')
        return;
    url = curl_url_dup(transfer->url);
    if (url &&
        curl_url_set(url, CURLUPART_URL, out,
                     CURLU_URLENCODE | CURLU_ALLOW_SPACE | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
        curl_url_get(url, CURLUPART_URL, &absolute, 0);
    out[0] = '\0';
    if (absolute)
        read_whole_text(absolute, strlen(absolute), out, LOCATION_MAX);
    curl_free(absolute);
    curl_url_cleanup(url);
}

static void read_header(struct transfer *transfer, const char *line, size_t length)
{
    struct response *response = &transfer->response;
    const struct {
        const char *name;
        char *out;
        size_t size;
        void (*read)(const char *value, size_t length, char *out, size_t size);
    } wanted[] = {
        {"etag", response->etag, sizeof(response->etag), read_whole_text},
        {"last-modified", response->last_modified, sizeof(response->last_modified),
         read_whole_text},
        {"content-type", response->content_type, sizeof(response->content_type), read_text},
        {"date", response->date, sizeof(response->date), read_text},
        {"retry-after", response->retry_after, sizeof(response->retry_after), read_text},
    };
    const char *colon = memchr(line, ':', length), *value, *end = line + length;
    size_t name;

    if (!colon)
        return;
    name = (size_t)(colon - line);
    for (value = colon + 1; value < end && (*value == ' ' || *value == '\t'); value++)
        ;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        if (strlen(wanted[i].name) == name && strncasecmp(line, wanted[i].name, name) == 0)
            wanted[i].read(value, (size_t)(end - value), wanted[i].out, wanted[i].size);
    if (name == 8 && strncasecmp(line, "location", 8) == 0)
        read_location(transfer, value, (size_t)(end - value));
}

static void forget_headers(struct response *response)
{
    response->etag[0] = response->last_modified[0] = response->content_type[0] = '\0';
    response->date[0] = response->retry_after[0] = response->location[0] = '\0';
}

/* libcurl calls with one whole line, also of interim answers and of the trailers of a chunked
 * body. */
size_t transfer_on_header(char *bytes, size_t size, size_t count, void *cookie)
{
    struct transfer *transfer = cookie;
    size_t whole = size * count, length = whole;

    transfer->header_bytes += whole;
    transfer->is_too_large |= transfer->header_bytes > HEADER_BYTES_MAX;
    if (transfer->is_too_large || transfer->is_ending)
        return 0;
    while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
        length--;
    switch (transfer->header_place) {
    case AT_STATUS_LINE:
        forget_headers(&transfer->response);
        transfer->is_interim = length >= 10 && bytes[9] == '1';
        transfer->header_place = IN_HEADERS;
        break;
    case IN_HEADERS:
        if (length > 0)
            read_header(transfer, bytes, length);
        else
            transfer->header_place = transfer->is_interim ? AT_STATUS_LINE : AFTER_HEADERS;
        break;
    case AFTER_HEADERS:
        break;
    }
    return whole;
}

size_t transfer_on_body(char *bytes, size_t size, size_t count, void *cookie)
{
    struct transfer *transfer = cookie;
    struct buf *body = &transfer->response.body;
    size_t length = size * count, room = body->max_bytes - body->length;
    size_t taken = length < room ? length : room;

    if (transfer->is_ending)
        return 0;
    if (buf_append(body, bytes, taken) < 0) {
        transfer->has_no_memory = true;
        return 0;
    }
    if (transfer->on_bytes && taken > 0)
        transfer->on_bytes(transfer->bytes_cookie, bytes, taken);
    transfer->is_too_large |= taken < length;
    return transfer->is_too_large ? 0 : length;
}

/* RECV_ERROR is libcurl's word for four things. Only a failed system call leaves an errno; TLS that
 * ends without its goodbye leaves none. */
static enum response_error meaning_of_recv_error(const struct transfer *transfer, long os_error)
{
    long proxy_status = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (os_error != 0)
        return RESPONSE_TRUNCATED;
    if (proxy_status >= 300)
        return RESPONSE_CONNECT;
    if (strstr(transfer->curl_text, "chunked-encoding"))
        return RESPONSE_PROTOCOL;
    if (strstr(transfer->curl_text, "Too large response headers")) /* libcurl's own 300 KB */
        return RESPONSE_TOO_LARGE;
    return RESPONSE_TRUNCATED;
}

/* An end amid the headers is fine with libcurl; so is a 101 for an upgrade that nobody asked for.
 */
static enum response_error meaning_of_ok(const struct transfer *transfer)
{
    switch (transfer->header_place) {
    case AT_STATUS_LINE:
        return RESPONSE_PROTOCOL;
    case IN_HEADERS:
        return RESPONSE_TRUNCATED;
    case AFTER_HEADERS:
        break;
    }
    return RESPONSE_OK;
}

static enum response_error meaning_of(const struct transfer *transfer, CURLcode result)
{
    long os_error = 0;

    if (transfer->is_ending)
        return transfer->ending;
    if (transfer->is_too_large)
        return RESPONSE_TOO_LARGE;
    if (transfer->has_no_memory)
        return RESPONSE_INTERNAL;
    if (result == CURLE_OK)
        return meaning_of_ok(transfer);
    if (transfer->was_blocked && !transfer->was_tried)
        return RESPONSE_BLOCKED;
    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &os_error);
    if (result == CURLE_COULDNT_CONNECT && os_error == ECONNREFUSED)
        return RESPONSE_REFUSED;
    if (result == CURLE_RECV_ERROR)
        return meaning_of_recv_error(transfer, os_error);
    /* A header line over libcurl's 100 KB is "out of memory"; a real lack of it is rarer. */
    if (result == CURLE_OUT_OF_MEMORY && transfer->response.has_connected &&
        transfer->header_place != AFTER_HEADERS)
        return RESPONSE_TOO_LARGE;
    for (size_t i = 0; i < sizeof(MEANINGS) / sizeof(MEANINGS[0]); i++)
        if (MEANINGS[i].code == result)
            return MEANINGS[i].error;
    return RESPONSE_INTERNAL;
}

static const char *our_words(enum response_error error)
{
    switch (error) {
    case RESPONSE_TOO_LARGE:
        return "the answer is larger than allowed";
    case RESPONSE_BLOCKED:
        return "the address is private or our own: \"allow_private\": true admits private ones";
    case RESPONSE_CANCELLED:
        return "given up";
    case RESPONSE_OK:
    case RESPONSE_RESOLVE:
    case RESPONSE_CONNECT:
    case RESPONSE_REFUSED:
    case RESPONSE_TLS:
    case RESPONSE_TIMEOUT:
    case RESPONSE_TRUNCATED:
    case RESPONSE_PROTOCOL:
    case RESPONSE_DECODE:
    case RESPONSE_INTERNAL:
        break;
    }
    return NULL;
}

static bool has_query_of(const struct transfer *transfer, const char *text)
{
    char *query = NULL;
    bool has_it = false;

    if (curl_url_get(transfer->url, CURLUPART_QUERY, &query, 0) == CURLUE_OK)
        has_it = *query && strstr(text, query);
    curl_free(query);
    return has_it;
}

static void write_reason(struct transfer *transfer, CURLcode result)
{
    struct response *response = &transfer->response;
    const char *text = our_words(response->error);

    response->reason[0] = '\0';
    if (response->error == RESPONSE_OK)
        return;
    if (!text && response->error == RESPONSE_INTERNAL &&
        (transfer->has_no_memory || result == CURLE_OK))
        text = "out of memory";
    else if (!text && result == CURLE_OK)
        text = response->error == RESPONSE_TRUNCATED ? "the connection ended amid the headers"
                                                     : "an upgrade that nobody asked for";
    else if (!text)
        text = transfer->curl_text;
    if (*text == '\0' || has_query_of(transfer, text))
        text = curl_easy_strerror(result);
    read_text(text, strlen(text), response->reason, sizeof(response->reason));
}

static void write_remote_address(struct transfer *transfer)
{
    struct response *response = &transfer->response;
    char *address = NULL;
    long port = 0;

    if (!response->has_connected)
        return;
    curl_easy_getinfo(transfer->easy, CURLINFO_PRIMARY_IP, &address);
    curl_easy_getinfo(transfer->easy, CURLINFO_PRIMARY_PORT, &port);
    if (address && *address)
        snprintf(response->remote_address, sizeof(response->remote_address),
                 strchr(address, ':') ? "[%.60s]:%ld" : "%.60s:%ld", address, port);
}

static int64_t time_of(const struct transfer *transfer, CURLINFO which)
{
    curl_off_t us = 0;

    curl_easy_getinfo(transfer->easy, which, &us);
    return us > 0 ? us : 0;
}

/* Of the first certificate, the server's own: "Expire date:Dec 14 01:59:28 2026 GMT". */
static int64_t certificate_end(const struct transfer *transfer)
{
    static const char name[] = "Expire date:";
    struct curl_certinfo *shown = NULL;

    if (curl_easy_getinfo(transfer->easy, CURLINFO_CERTINFO, &shown) != CURLE_OK || !shown ||
        shown->num_of_certs < 1)
        return 0;
    for (const struct curl_slist *line = shown->certinfo[0]; line; line = line->next) {
        time_t end = strncmp(line->data, name, sizeof name - 1) == 0
                         ? curl_getdate(line->data + sizeof name - 1, NULL)
                         : -1;

        if (end > 0)
            return end * US_PER_SECOND;
    }
    return 0;
}

/* libcurl reads as much as Content-Length says and keeps the connection. What a server sent beyond
 * that would pass for its next answer, maybe to another feed: a connection that was hung up is not
 * used again. */
static void hang_up_if_more_came(const struct transfer *transfer)
{
    curl_socket_t socket = CURL_SOCKET_BAD;
    char byte;

    if (curl_easy_getinfo(transfer->easy, CURLINFO_ACTIVESOCKET, &socket) == CURLE_OK &&
        socket != CURL_SOCKET_BAD && recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
        shutdown(socket, SHUT_RDWR);
}

void transfer_conclude(struct transfer *transfer, CURLcode result)
{
    struct response *response = &transfer->response;
    curl_off_t wire_bytes = 0;
    long status = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_DOWNLOAD_T, &wire_bytes);
    response->status = (unsigned)status;
    response->wire_bytes = wire_bytes > 0 ? (uint64_t)wire_bytes : 0;
    response->error = meaning_of(transfer, result);
    response->certificate_end_at = certificate_end(transfer);
    response->resolve_us = time_of(transfer, CURLINFO_NAMELOOKUP_TIME_T);
    response->connect_us = time_of(transfer, CURLINFO_CONNECT_TIME_T);
    response->tls_us = time_of(transfer, CURLINFO_APPCONNECT_TIME_T);
    response->first_byte_us = time_of(transfer, CURLINFO_STARTTRANSFER_TIME_T);
    response->total_us = loop_now(transfer->transfers->loop).mono_us - transfer->started_us;
    /* 7.88.1 forgets the time of a connection on which TLS then fails. */
    response->has_connected |=
        response->connect_us > 0 || (response->error == RESPONSE_TLS && transfer->was_tried);
    write_remote_address(transfer);
    write_reason(transfer, result);
    if (result == CURLE_OK)
        hang_up_if_more_came(transfer);
}
