#include "scheduler/host_key.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_BYTES = HOST_KEY_MAX - 7 };

static bool read_port(const char *text, size_t length, unsigned *port)
{
    unsigned value = 0;

    if (length == 0)
        return true;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text[i] - '0');
        if (value > UINT16_MAX)
            return false;
    }
    *port = value;
    return value > 0;
}

static size_t name_length(const char *text, size_t length)
{
    const char *end = memchr(text, *text == '[' ? ']' : ':', length);

    if (*text == '[')
        return end ? (size_t)(end - text) + 1 : 0;
    return end ? (size_t)(end - text) : length;
}

bool host_key_of_url(const char *url, char key[HOST_KEY_MAX])
{
    bool is_tls = strncasecmp(url, "https://", 8) == 0;
    unsigned port = is_tls ? 443 : 80;
    size_t length, name;
    const char *user;

    if (!is_tls && strncasecmp(url, "http://", 7) != 0)
        return false;
    url += is_tls ? 8 : 7;
    length = strcspn(url, "/?#");
    user = memrchr(url, '@', length);
    if (user) {
        length -= (size_t)(user + 1 - url);
        url = user + 1;
    }
    name = name_length(url, length);
    if (name < length && (url[name] != ':' || !read_port(url + name + 1, length - name - 1, &port)))
        return false;
    if (name > 0 && url[name - 1] == '.')
        name--;
    if (name == 0 || name > NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i < name; i++) {
        if (!isgraph((unsigned char)url[i]) && (unsigned char)url[i] < 0x80)
            return false;
        key[i] = (char)tolower((unsigned char)url[i]);
    }
    (void)snprintf(key + name, HOST_KEY_MAX - name, ":%u", port);
    return true;
}

bool host_key_is_literal(const char *key)
{
    static const char local[] = "localhost";
    size_t length = strlen(key) - strlen(strrchr(key, ':')), tail = sizeof(local) - 1;
    char name[HOST_KEY_MAX];
    struct in_addr address;

    memcpy(name, key, length);
    name[length] = '\0';
    if (name[0] == '[' || inet_pton(AF_INET, name, &address) == 1)
        return true;
    return length >= tail && strcmp(name + length - tail, local) == 0 &&
           (length == tail || name[length - tail - 1] == '.');
}
