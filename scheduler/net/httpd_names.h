/* Which Host headers we answer to. A page of somebody else's, open in a browser on this machine,
 * can have its own name resolved to 127.0.0.1 and would then be let read ours; it cannot choose the
 * Host that the browser sends. Pure; loop thread. */
#ifndef SCHEDULER_NET_HTTPD_NAMES_H
#define SCHEDULER_NET_HTTPD_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct httpd_names {
    char **names; /* owned */
    size_t count;
};

/* localhost, 127.0.0.1, [::1], and these; what there was is replaced, or kept on failure. */
int httpd_names_set(struct httpd_names *names, const char *const *others, size_t count,
                    struct err *err);
void httpd_names_release(struct httpd_names *names);
/* Is the value of a Host header one of them, without or with any port? */
bool httpd_names_has(const struct httpd_names *names, const char *host, size_t length);

#endif
