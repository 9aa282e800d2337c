/* What makes two URLs share a host: "name:port", in lower case, the default port filled in, without
 * user, brackets kept, one dot at the end dropped. Pure; any thread. */
#ifndef SCHEDULER_HOST_KEY_H
#define SCHEDULER_HOST_KEY_H

#include <stdbool.h>

enum { HOST_KEY_MAX = 262 }; /* a name of 255 bytes, ":65535" and the end */

/* false: not an http or https URL with a host. */
bool host_key_of_url(const char *url, char key[HOST_KEY_MAX]);
/* An address or localhost: nobody has to be asked for it. */
bool host_key_is_literal(const char *key);

#endif
