/* Takes one letter to its server: libcurl's SMTP, on a thread where it may wait. */
#include "scheduler/net/courier_errand.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "scheduler/net/address.h"

#define QUIT_US (2 * US_PER_SECOND) /* for the goodbye, once the letter was taken */

static void free_secret(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void errand_free(struct errand *errand)
{
    if (!errand)
        return;
    free(errand->server);
    free(errand->username);
    free_secret(errand->password);
    free(errand->from);
    free(errand->ca_bundle);
    free(errand->bytes);
    curl_slist_free_all(errand->to);
    pthread_mutex_destroy(&errand->lock);
    free(errand);
}

/* Is the server this machine, by its name? What the name leads to is looked at again at connect. */
static bool is_this_machine(const char *server)
{
    CURLU *url = curl_url();
    char *host = NULL;
    bool is_local = false;

    if (url && curl_url_set(url, CURLUPART_URL, server, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK)
        is_local = strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
                   strcmp(host, "[::1]") == 0;
    curl_free(host);
    curl_url_cleanup(url);
    return is_local;
}

static bool is_loopback(const struct sockaddr *address)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

    if (address->sa_family == AF_INET)
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static int copy(char **to, const char *text)
{
    *to = text ? strdup(text) : NULL;
    return text && !*to ? -1 : 0;
}

struct errand *errand_new(const struct letter *letter, const char *ca_bundle, int64_t timeout_ms,
                          struct wake *wake)
{
    struct errand *errand = calloc(1, sizeof *errand);

    if (!errand)
        return NULL;
    pthread_mutex_init(&errand->lock, NULL);
    errand->wake = wake;
    errand->allow_private = letter->allow_private;
    errand->may_be_clear = !letter->username && strncasecmp(letter->server, "smtp:", 5) == 0 &&
                           is_this_machine(letter->server);
    errand->timeout_ms = timeout_ms;
    errand->length = letter->length;
    errand->bytes = malloc(letter->length + 1);
    if (!errand->bytes || copy(&errand->server, letter->server) != 0 ||
        copy(&errand->username, letter->username) != 0 ||
        copy(&errand->password, letter->password) != 0 || copy(&errand->from, letter->from) != 0 ||
        copy(&errand->ca_bundle, ca_bundle) != 0)
        goto fail;
    memcpy(errand->bytes, letter->bytes, letter->length);
    for (size_t i = 0; i < letter->to_count; i++) {
        struct curl_slist *to = curl_slist_append(errand->to, letter->to[i]);

        if (!to)
            goto fail;
        errand->to = to;
    }
    return errand;
fail:
    errand_free(errand);
    return NULL;
}

/* libcurl's callbacks, on the letter's thread. */

static curl_socket_t on_open_socket(void *cookie, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct errand *errand = cookie;

    (void)purpose;
    if (!address_is_allowed(&to->addr, errand->allow_private, 0) ||
        (errand->may_be_clear && !is_loopback(&to->addr))) {
        errand->was_blocked = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t on_read(char *out, size_t size, size_t count, void *cookie)
{
    struct errand *errand = cookie;
    size_t take = errand->length - errand->given;

    if (take > size * count)
        take = size * count;
    if (take > 0)
        memcpy(out, errand->bytes + errand->given, take);
    errand->given += take;
    return take;
}

/* Every line that the server says. */
static size_t on_line(char *bytes, size_t size, size_t count, void *cookie)
{
    struct errand *errand = cookie;
    size_t length = size * count;

    if (length >= 3 && errand->given == errand->length && memcmp(bytes, "250", 3) == 0)
        errand->taken_us = clock_mono_us();
    if (length >= 3 && (bytes[0] == '4' || bytes[0] == '5')) {
        while (length > 0 && (unsigned char)bytes[length - 1] <= ' ')
            length--;
        snprintf(errand->answer, sizeof errand->answer, "%.*s", (int)length, bytes);
    }
    return size * count;
}

static size_t on_nothing(char *bytes, size_t size, size_t count, void *cookie)
{
    (void)bytes;
    (void)cookie;
    return size * count;
}

static int on_progress(void *cookie, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct errand *errand = cookie;
    bool is_broken_off;

    (void)a, (void)b, (void)c, (void)d;
    pthread_mutex_lock(&errand->lock);
    is_broken_off = errand->is_broken_off;
    pthread_mutex_unlock(&errand->lock);
    /* libcurl would wait two minutes for the answer to its goodbye, even after a timeout. */
    return is_broken_off || clock_mono_us() - errand->started_us > errand->timeout_ms * US_PER_MS ||
           (errand->taken_us > 0 && clock_mono_us() - errand->taken_us > QUIT_US);
}

static CURLcode set_texts(CURL *easy, struct errand *errand)
{
    const struct {
        CURLoption option;
        const void *value;
    } texts[] = {
        {CURLOPT_URL, errand->server},
        {CURLOPT_USERNAME, errand->username},
        {CURLOPT_PASSWORD, errand->password},
        {CURLOPT_MAIL_FROM, errand->from},
        {CURLOPT_MAIL_RCPT, errand->to},
        {CURLOPT_PROTOCOLS_STR, "smtp,smtps"},
        {CURLOPT_CAINFO, errand->ca_bundle},
        {CURLOPT_CAPATH, NULL}, /* transfer_request.c */
        {CURLOPT_PROXY, ""},
        {CURLOPT_READDATA, errand},
        {CURLOPT_HEADERDATA, errand},
        {CURLOPT_OPENSOCKETDATA, errand},
        {CURLOPT_XFERINFODATA, errand},
        {CURLOPT_ERRORBUFFER, errand->curl_text},
    };
    CURLcode rc = CURLE_OK;

    for (size_t i = 0; i < sizeof texts / sizeof *texts && rc == CURLE_OK; i++)
        rc = curl_easy_setopt(easy, texts[i].option, texts[i].value);
    return rc;
}

static CURLcode set_numbers(CURL *easy, const struct errand *errand)
{
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_UPLOAD, 1},
        {CURLOPT_USE_SSL, errand->may_be_clear ? CURLUSESSL_NONE : CURLUSESSL_ALL},
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_QUICK_EXIT, 1},
        {CURLOPT_NOPROGRESS, 0}, /* on_progress() is how a letter is broken off */
        {CURLOPT_TIMEOUT_MS, (long)errand->timeout_ms},
        {CURLOPT_CONNECTTIMEOUT_MS, (long)errand->timeout_ms / 2},
        /* Else the goodbye happens where our callbacks are not asked: 120 s of a server that
         * hangs. */
        {CURLOPT_FORBID_REUSE, 1},
        {CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1}, /* who can be reached is */
    };
    CURLcode rc = CURLE_OK;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && rc == CURLE_OK; i++)
        rc = curl_easy_setopt(easy, numbers[i].option, numbers[i].value);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)errand->length);
    return rc;
}

static CURLcode set_callbacks(CURL *easy)
{
    CURLcode rc = curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);

    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_nothing);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    return rc;
}

static void explain(struct errand *errand, CURLcode rc)
{
    char *words = errand->receipt.words;
    size_t size = sizeof errand->receipt.words;
    const char *text = *errand->curl_text ? errand->curl_text : curl_easy_strerror(rc);

    if (errand->was_blocked && rc == CURLE_COULDNT_CONNECT)
        snprintf(words, size,
                 "the server's address is private, and alerts.allow_private is not set");
    else if (rc == CURLE_USE_SSL_FAILED)
        snprintf(words, size, "the server offers no STARTTLS: nothing is sent in the clear");
    else if (rc == CURLE_LOGIN_DENIED)
        snprintf(words, size, "the server denied the login: %.3s", errand->answer);
    else if (*errand->answer)
        snprintf(words, size, "the server said \"%s\"", errand->answer);
    else if (rc == CURLE_RECV_ERROR || rc == CURLE_GOT_NOTHING)
        snprintf(words, size, "the server broke the connection off");
    else
        snprintf(words, size, "%.200s", text);
}

static void deliver(struct errand *errand)
{
    CURL *easy = curl_easy_init();
    CURLcode rc = easy ? CURLE_OK : CURLE_OUT_OF_MEMORY;

    if (rc == CURLE_OK)
        rc = set_texts(easy, errand);
    if (rc == CURLE_OK)
        rc = set_numbers(easy, errand);
    if (rc == CURLE_OK)
        rc = set_callbacks(easy);
    errand->started_us = clock_mono_us();
    if (rc == CURLE_OK)
        rc = curl_easy_perform(easy);
    errand->receipt.is_sent = rc == CURLE_OK || errand->taken_us > 0;
    if (!errand->receipt.is_sent)
        explain(errand, rc);
    if (easy)
        curl_easy_cleanup(easy);
}

void *errand_run(void *cookie)
{
    struct errand *errand = cookie;
    bool is_left;

    deliver(errand);
    pthread_mutex_lock(&errand->lock);
    errand->is_done = true;
    is_left = errand->is_left;
    if (!is_left)
        wake_send(errand->wake);
    pthread_mutex_unlock(&errand->lock);
    if (is_left)
        errand_free(errand);
    return NULL;
}
