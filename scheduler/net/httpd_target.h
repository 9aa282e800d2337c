/* The target of a request, "/dump/bus.csv?from=-24h&last=3", taken apart and percent-decoded. Pure;
 * any thread.
 *
 * Only the origin form (RFC 9112 3.2.1) is taken. Strict: a bad escape, an escaped NUL, control
 * bytes and what is not UTF-8 are mistakes, so that a decoded text is whole and can be shown. In
 * the query a "+" is a blank (application/x-www-form-urlencoded). */
#ifndef SCHEDULER_NET_HTTPD_TARGET_H
#define SCHEDULER_NET_HTTPD_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { HTTPD_TARGET_MAX = 8192, HTTPD_PARAMETERS_MAX = 64 };

struct httpd_parameter {
    const char *name, *value; /* value NULL: there was no "=" */
};

struct httpd_target {
    char *text;       /* owned; all others point into it */
    const char *path; /* begins with "/" */
    struct httpd_parameter parameters[HTTPD_PARAMETERS_MAX];
    size_t parameter_count;
    bool has_plus; /* a "+" was read as a blank */
};

/* ERR_INPUT; ERR_FULL: too long. Release it also after a failure. */
int httpd_target_parse(struct httpd_target *target, const char *raw, size_t length,
                       struct err *err);
void httpd_target_release(struct httpd_target *target);

#endif
