/* A request → an easy handle. Every option is here, and why it is not left alone. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "scheduler/net/address.h"
#include "scheduler/net/transfer.h"

/* gzip of what cannot be pressed adds less than this to it. */
#define GZIP_MOST(bytes) ((bytes) + (bytes) / 1024 + 64)

enum { NAME_MAX_BYTES = 256 };

static const struct {
    CURLoption option;
    long value;
} ALWAYS[] = {
    /* 7.88.1 can report an aborted HTTP/2 body as whole (curl 544a7f804d). */
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
    /* Without it a timeout while a name is looked up joins the resolver's thread: the loop stood
     * still for 4-9 s. */
    {CURLOPT_QUICK_EXIT, 1},
    {CURLOPT_NOSIGNAL, 1}, /* loop_new() ignores SIGPIPE */
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_HTTPAUTH, CURLAUTH_BASIC},
    {CURLOPT_HTTP09_ALLOWED, 0},
    {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1}, /* a proxy's own headers are not the answer's */
    {CURLOPT_DNS_CACHE_TIMEOUT, 300},      /* 60 s would look up at every poll */
    {CURLOPT_MAXLIFETIME_CONN, 600},       /* else a kept connection never sees a DNS change */
    {CURLOPT_TCP_NODELAY, 1},
    /* One read's worth is inflated before the loop turns again: 16 KiB of zeros are 16 MiB. */
    {CURLOPT_BUFFERSIZE, 16384},
};

static curl_socket_t on_open_socket(void *cookie, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct transfer *transfer = cookie;
    /* The operator named the proxy, so it may be anywhere; the host behind it is looked at in
     * host_is_closed(). */
    bool may_be_private = transfer->allow_private || transfer->has_proxy;

    (void)purpose;
    transfer_stop_resolving(transfer);
    if (!address_is_allowed(&to->addr, may_be_private, transfer->transfers->own_port)) {
        transfer->was_blocked = true;
        return CURL_SOCKET_BAD; /* libcurl goes on to the name's next address */
    }
    transfer->was_tried = true;
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* `text` as libcurl gives it: no brackets, perhaps a zone. */
static bool read_address(const char *text, unsigned port, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    char plain[INET6_ADDRSTRLEN];
    size_t length = strcspn(text, "%");

    memset(out, 0, sizeof(*out));
    if (length >= sizeof(plain))
        return false;
    memcpy(plain, text, length);
    plain[length] = '\0';
    if (inet_pton(AF_INET, plain, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        return true;
    }
    if (inet_pton(AF_INET6, plain, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        return true;
    }
    return false;
}

/* A connection from the pool opened no socket: it may have been made by a feed that may reach
 * private addresses for one that may not. */
static int on_connected(void *cookie, char *remote, char *local, int remote_port, int local_port)
{
    struct transfer *transfer = cookie;
    bool may_be_private = transfer->allow_private || transfer->has_proxy;
    struct sockaddr_storage address;

    (void)local;
    (void)local_port;
    transfer_stop_resolving(transfer);
    transfer->response.has_connected = true;
    if (read_address(remote, (unsigned)remote_port, &address) &&
        address_is_allowed((struct sockaddr *)&address, may_be_private,
                           transfer->transfers->own_port))
        return CURL_PREREQFUNC_OK;
    transfer->was_blocked = true;
    transfer->was_tried = false;
    return CURL_PREREQFUNC_ABORT;
}

/* The host of a URL as an address, if that is what it is; libcurl has brought 0x7f.1 and 2130706433
 * into the usual form. */
static bool url_address(CURLU *url, struct sockaddr_storage *address)
{
    char *host = NULL, *port = NULL;
    bool is_address = false;

    if (curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK && host[0] != '\0') {
        size_t length = strlen(host);
        char *start = host;

        if (host[0] == '[') {
            host[length - 1] = '\0';
            start++;
        } else if (host[length - 1] == '.') {
            host[length - 1] = '\0';
        }
        if (curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
            port = NULL;
        is_address = read_address(start, port ? (unsigned)strtoul(port, NULL, 10) : 0, address);
    }
    curl_free(host);
    curl_free(port);
    return is_address;
}

/* Behind a proxy we never see the address, so what the URL itself says must do. */
static bool host_is_closed(const struct transfer *transfer)
{
    struct sockaddr_storage address;
    char *host = NULL;
    bool is_local = false;

    if (url_address(transfer->url, &address))
        return !address_is_allowed((struct sockaddr *)&address, transfer->allow_private,
                                   transfer->transfers->own_port);
    if (curl_url_get(transfer->url, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        size_t length = strlen(host);

        if (length > 0 && host[length - 1] == '.')
            host[--length] = '\0';
        is_local = strcasecmp(host, "localhost") == 0 ||
                   (length > 10 && strcasecmp(host + length - 10, ".localhost") == 0);
    }
    curl_free(host);
    return is_local && !transfer->allow_private;
}

/* libidn2 asks the locale what the bytes of a host are, and a service has none that says UTF-8. */
static CURLUcode translate_host(CURLU *url)
{
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), before = (locale_t)0;
    char *host = NULL;
    CURLUcode rc;

    if (utf8)
        before = uselocale(utf8);
    rc = curl_url_get(url, CURLUPART_HOST, &host, CURLU_PUNYCODE);
    if (utf8) {
        uselocale(before);
        freelocale(utf8);
    }
    if (rc == CURLUE_OK)
        rc = curl_url_set(url, CURLUPART_HOST, host, 0);
    curl_free(host);
    return rc;
}

static bool is_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

static int read_url(struct transfer *transfer, const char *text, struct err *err)
{
    char *scheme = NULL;
    CURLUcode rc;
    bool is_http;

    transfer->url = curl_url();
    if (!transfer->url)
        return err_memory(err);
    rc = curl_url_set(transfer->url, CURLUPART_URL, text, CURLU_URLENCODE | CURLU_ALLOW_SPACE);
    if (rc == CURLUE_OK && !is_ascii(text))
        rc = translate_host(transfer->url);
    if (rc == CURLUE_OUT_OF_MEMORY)
        return err_memory(err);
    if (rc != CURLUE_OK) /* the text itself may hold a secret */
        return err_set(err, ERR_INPUT, "url cannot be read: %s", curl_url_strerror(rc));
    if (curl_url_get(transfer->url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return err_memory(err);
    is_http = strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0;
    curl_free(scheme);
    return is_http ? 0 : err_set(err, ERR_INPUT, "url is neither http nor https");
}

/* Is there a look-up to come? `proxy` is the host that is looked up, if there is one. */
static bool needs_look_up(const struct transfer *transfer, const char *proxy)
{
    struct sockaddr_storage address;
    CURLU *url = transfer->url;
    bool is_address;

    if (!proxy)
        return !url_address(url, &address);
    url = curl_url();
    is_address = url &&
                 curl_url_set(url, CURLUPART_URL, proxy,
                              CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) == CURLUE_OK &&
                 url_address(url, &address);
    curl_url_cleanup(url);
    return !is_address;
}

static int append_line(struct transfer *transfer, const char *line)
{
    struct curl_slist *list = curl_slist_append(transfer->headers, line);

    if (!list)
        return -1;
    transfer->headers = list;
    return 0;
}

static int append_header(struct transfer *transfer, const char *line, struct err *err)
{
    size_t length = strlen(line), name = strcspn(line, ":");
    char bare[NAME_MAX_BYTES + 2];

    if (name == 0 || name == length || name > NAME_MAX_BYTES || strcspn(line, " \t;") < name ||
        line[strcspn(line, "\r\n")] != '\0') /* the value may be a secret: not in the text */
        return err_set(err, ERR_INPUT, "header \"%.*s\" cannot be sent", name < 60 ? (int)name : 60,
                       line);
    if (strspn(line + name + 1, " \t") == length - name - 1) {
        /* libcurl reads "Name:" as an order to leave a header out; "Name;" sends it empty. */
        memcpy(bare, line, name);
        memcpy(bare + name, ";", 2);
        line = bare;
    }
    return append_line(transfer, line) < 0 ? err_memory(err) : 0;
}

static int set_headers(struct transfer *transfer, const struct request *request, struct err *err)
{
    bool has_expect = false;

    for (const char *const *line = request->headers; line && *line; line++) {
        has_expect |= strncasecmp(*line, "expect:", 7) == 0;
        if (append_header(transfer, *line, err) < 0)
            return -1;
    }
    /* A body over 1 MB would wait a second for a 100 that few servers send. */
    if (request->body && !has_expect && append_line(transfer, "Expect:") < 0)
        return err_memory(err);
    if (curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers) != CURLE_OK)
        return err_memory(err);
    return 0;
}

static bool is_token(const char *text)
{
    return *text && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                 "0123456789!#$%&'*+-.^_`|~") == strlen(text);
}

static int set_method(CURL *easy, const struct request *request, struct err *err)
{
    const char *method = request->method ? request->method : "GET";
    bool is_post = strcmp(method, "POST") == 0;
    CURLcode rc = CURLE_OK;

    if (!is_token(method))
        return err_set(err, ERR_INPUT, "method \"%.40s\" cannot be sent", method);
    if (request->body || is_post) {
        rc = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                              (curl_off_t)(request->body ? request->body_length : 0));
        if (rc == CURLE_OK)
            rc = curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body ? request->body : "");
        if (rc == CURLE_OK && !is_post)
            rc = curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    } else if (strcmp(method, "HEAD") == 0) {
        rc = curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (strcmp(method, "GET") != 0) {
        rc = curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    }
    return rc == CURLE_OK ? 0 : err_memory(err);
}

static long milliseconds(int64_t ms)
{
    return ms < 1 ? 1 : ms > LONG_MAX ? LONG_MAX : (long)ms; /* zero would mean: for ever */
}

static CURLcode set_numbers(struct transfer *transfer, const struct request *request)
{
    CURL *easy = transfer->easy;
    bool is_head = request->method && strcmp(request->method, "HEAD") == 0;
    CURLcode rc = CURLE_OK;

    for (size_t i = 0; i < sizeof(ALWAYS) / sizeof(ALWAYS[0]) && rc == CURLE_OK; i++)
        rc = curl_easy_setopt(easy, ALWAYS[i].option, ALWAYS[i].value);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(request->timeout_ms));
    if (rc == CURLE_OK && request->wants_certificate)
        rc = curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
    if (rc == CURLE_OK && request->connect_timeout_ms > 0)
        rc = curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                              milliseconds(request->connect_timeout_ms));
    /* Only saves a download that a Content-Length announces; chunked and inflated bodies pass it,
     * and transfer_on_body() counts. Of HEAD the length is no promise of a body. */
    if (rc == CURLE_OK && !is_head)
        rc = curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE,
                              (curl_off_t)GZIP_MOST(request->max_body_bytes));
    return rc;
}

static CURLcode set_texts(struct transfer *transfer, const struct request *request)
{
    const struct transfers *transfers = transfer->transfers;
    const char *agent = request->user_agent ? request->user_agent : transfers->user_agent;
    const struct {
        CURLoption option;
        const char *value;
    } texts[] = {
        {CURLOPT_PROTOCOLS_STR, "http,https"},
        {CURLOPT_REDIR_PROTOCOLS_STR, "http,https"},
        {CURLOPT_ACCEPT_ENCODING, "gzip"}, /* "" would offer every decoder to a hostile server */
        {CURLOPT_USERAGENT, agent},
        {CURLOPT_PROXY, request->proxy ? request->proxy : ""}, /* NULL: the environment's */
        {CURLOPT_NOPROXY, ""},
        {CURLOPT_CAINFO, request->ca_file ? request->ca_file : transfers->ca_bundle},
        {CURLOPT_PROXY_CAINFO, transfers->ca_bundle},
        /* Debian's built-in CApath switches libcurl's CA cache off: 24 ms for a connection instead
         * of 1.5. */
        {CURLOPT_CAPATH, NULL},
        {CURLOPT_PROXY_CAPATH, NULL},
        {CURLOPT_PINNEDPUBLICKEY, request->pin},
        {CURLOPT_USERNAME, request->username},
        {CURLOPT_PASSWORD, request->username && request->password ? request->password : NULL},
    };
    CURLcode rc = CURLE_OK;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && rc == CURLE_OK; i++)
        rc = curl_easy_setopt(transfer->easy, texts[i].option, texts[i].value);
    return rc;
}

static CURLcode set_callbacks(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    const struct {
        CURLoption option;
        void *value;
    } cookies[] = {
        {CURLOPT_PRIVATE, transfer},        {CURLOPT_ERRORBUFFER, transfer->curl_text},
        {CURLOPT_HEADERDATA, transfer},     {CURLOPT_WRITEDATA, transfer},
        {CURLOPT_OPENSOCKETDATA, transfer}, {CURLOPT_PREREQDATA, transfer},
        {CURLOPT_CURLU, transfer->url},
    };
    CURLcode rc = CURLE_OK;

    for (size_t i = 0; i < sizeof(cookies) / sizeof(cookies[0]) && rc == CURLE_OK; i++)
        rc = curl_easy_setopt(easy, cookies[i].option, cookies[i].value);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, transfer_on_header);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, transfer_on_body);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    return rc;
}

int transfer_prepare(struct transfer *transfer, const struct request *request, struct err *err)
{
    int64_t most = request->max_body_bytes > 0 ? request->max_body_bytes : 0;
    bool has_proxy = request->proxy && *request->proxy;

    buf_init(&transfer->response.body, (size_t)most);
    transfer->on_bytes = request->on_bytes;
    transfer->bytes_cookie = request->bytes_cookie;
    transfer->allow_private = request->allow_private;
    transfer->has_proxy = has_proxy;
    if (read_url(transfer, request->url, err) < 0)
        return -1;
    transfer->easy = curl_easy_init();
    if (!transfer->easy)
        return err_memory(err);
    if (set_numbers(transfer, request) != CURLE_OK || set_texts(transfer, request) != CURLE_OK ||
        set_callbacks(transfer) != CURLE_OK)
        return err_memory(err);
    if (set_method(transfer->easy, request, err) < 0 || set_headers(transfer, request, err) < 0)
        return -1;
    transfer->was_blocked = has_proxy && host_is_closed(transfer);
    transfer->is_resolving =
        !transfer->was_blocked && needs_look_up(transfer, has_proxy ? request->proxy : NULL);
    return 0;
}
