/* Is a text a URL that can be asked? Only its outside: scheme, host, port, and no odd bytes. Pure.
 */
#ifndef FEEDS_URL_H
#define FEEDS_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* `schemes`: "http https", separated by blanks. ERR_CONFIG with what it must be, as in
 * `must be a URL of http or https`: fit to follow the key. */
int url_check(const char *url, const char *schemes, struct err *err);
/* The password in "scheme://user:password@host", its length in `length`; NULL: there is none.
 * Templates may still be in it. */
const char *url_find_password(const char *url, size_t *length);
/* "8080" → 8080; -1: not 1…65535 in digits alone. */
int url_port(const char *text, size_t length);

#endif
