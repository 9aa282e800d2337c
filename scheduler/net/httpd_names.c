#include "scheduler/net/httpd_names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const always[] = {"localhost", "127.0.0.1", "[::1]"};
enum { ALWAYS_COUNT = sizeof always / sizeof always[0], PORT_DIGITS_MAX = 5 };

int httpd_names_set(struct httpd_names *names, const char *const *others, size_t count,
                    struct err *err)
{
    struct httpd_names made = {0};

    made.names = calloc(ALWAYS_COUNT + count, sizeof *made.names);
    if (!made.names)
        return err_memory(err);
    for (size_t i = 0; i < ALWAYS_COUNT + count; i++) {
        made.names[i] = strdup(i < ALWAYS_COUNT ? always[i] : others[i - ALWAYS_COUNT]);
        if (!made.names[i]) {
            httpd_names_release(&made);
            return err_memory(err);
        }
        made.count++;
    }
    httpd_names_release(names);
    *names = made;
    return 0;
}

void httpd_names_release(struct httpd_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    free(names->names);
    *names = (struct httpd_names){0};
}

static bool is_port(const char *text, size_t length)
{
    if (length == 0 || length > PORT_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
    }
    return true;
}

bool httpd_names_has(const struct httpd_names *names, const char *host, size_t length)
{
    for (size_t i = 0; i < names->count; i++) {
        size_t own = strlen(names->names[i]);

        if (own > length || strncasecmp(names->names[i], host, own) != 0)
            continue;
        if (own == length || (host[own] == ':' && is_port(host + own + 1, length - own - 1)))
            return true;
    }
    return false;
}
