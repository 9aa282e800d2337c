#include "feeds/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { URL_MAX = 16 * 1024, PORT_MAX = 65535, ADDRESS_ROOM = 64 };

int url_port(const char *text, size_t length)
{
    int port = 0;

    if (length < 1 || length > 5)
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        port = port * 10 + (text[i] - '0');
    }
    return port >= 1 && port <= PORT_MAX ? port : -1;
}

static bool scheme_is_known(const char *url, size_t length, const char *schemes)
{
    for (const char *at = schemes; *at; at += strspn(at, " ")) {
        size_t known = strcspn(at, " ");

        if (known == length && strncasecmp(at, url, length) == 0)
            return true;
        at += known;
    }
    return false;
}

/* Where the authority starts, NULL: `url` is not scheme://… */
static const char *url_authority(const char *url, size_t *length)
{
    const char *colon = strstr(url, "://");

    if (!colon)
        return NULL;
    *length = strcspn(colon + 3, "/?#");
    return colon + 3;
}

static bool is_ipv6(const char *text, size_t length)
{
    char address[ADDRESS_ROOM];
    struct in6_addr parsed;
    size_t plain = 0; /* without a %zone */

    if (length >= sizeof address)
        return false;
    memcpy(address, text, length);
    address[length] = '\0';
    plain = strcspn(address, "%");
    address[plain] = '\0';
    return inet_pton(AF_INET6, address, &parsed) == 1;
}

static int check_host(const char *host, size_t length, struct err *err)
{
    size_t host_length = length;
    const char *colon = NULL;

    if (length > 0 && host[0] == '[') {
        const char *bracket = memchr(host, ']', length);

        if (!bracket || !is_ipv6(host + 1, (size_t)(bracket - host - 1)))
            return err_set(err, ERR_CONFIG, "must name an IPv6 address between [ and ]");
        host_length = (size_t)(bracket + 1 - host);
        if (host_length < length && host[host_length] != ':')
            return err_set(err, ERR_CONFIG, "must have nothing but a port after \"]\"");
        colon = host_length < length ? bracket + 1 : NULL;
    } else {
        colon = memchr(host, ':', length);
        host_length = colon ? (size_t)(colon - host) : length;
    }
    if (host_length == 0)
        return err_set(err, ERR_CONFIG, "must name a host");
    if (colon && url_port(colon + 1, length - host_length - 1) < 0)
        return err_set(err, ERR_CONFIG, "must have a port of 1 to 65535");
    return 0;
}

static int check_bytes(const char *url, struct err *err)
{
    for (const char *at = url; *at; at++) {
        unsigned char c = (unsigned char)*at;

        if (c <= ' ' || c == 0x7f)
            return err_set(err, ERR_CONFIG, "must not hold blanks or control characters");
    }
    if (strlen(url) > URL_MAX)
        return err_set(err, ERR_CONFIG, "must not be longer than 16 KiB");
    return 0;
}

static int refuse_scheme(const char *schemes, struct err *err)
{
    char list[160] = "";
    size_t length = 0;

    for (const char *at = schemes; *at; at += strspn(at, " ")) {
        size_t word = strcspn(at, " ");
        const char *join = at == schemes ? "" : at[word] ? ", " : " or ";

        length +=
            (size_t)snprintf(list + length, sizeof list - length, "%s%.*s://", join, (int)word, at);
        at += word;
    }
    return err_set(err, ERR_CONFIG, "must be a URL that starts with %s", list);
}

int url_check(const char *url, const char *schemes, struct err *err)
{
    size_t length = 0;
    const char *authority = url_authority(url, &length);
    const char *at = NULL;

    if (!authority || !scheme_is_known(url, (size_t)(authority - 3 - url), schemes))
        return refuse_scheme(schemes, err);
    if (check_bytes(url, err) != 0)
        return -1;
    at = memrchr(authority, '@', length);
    if (at) {
        length -= (size_t)(at + 1 - authority);
        authority = at + 1;
    }
    return check_host(authority, length, err);
}

/* The first ":" that is not inside a ${…}. */
static const char *find_colon(const char *text, const char *end)
{
    while (text < end && *text != ':') {
        if (text + 1 < end && text[0] == '$' && text[1] == '{')
            text += strcspn(text, "}");
        else
            text++;
    }
    return text < end ? text : NULL;
}

const char *url_find_password(const char *url, size_t *length)
{
    size_t authority_length = 0;
    const char *authority = url_authority(url, &authority_length);
    const char *at = authority ? memrchr(authority, '@', authority_length) : NULL;
    const char *colon = at ? find_colon(authority, at) : NULL;

    if (!colon)
        return NULL;
    *length = (size_t)(at - colon - 1);
    return colon + 1;
}
