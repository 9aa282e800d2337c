/* One question to the running service, over HTTP at its page. Main thread. */
#ifndef COMPANION_ASK_H
#define COMPANION_ASK_H

#include "base/buf.h"
#include "base/err.h"

enum { ASK_BODY_MAX = 256 * 1024 * 1024 };

/* GET `path` at `listen`, which passed listen_check(). The answer comes into `body`, to be released
 * also after a failure. ERR_IO: nobody answers there, or not with 200. */
int ask_service(const char *listen, const char *path, struct buf *body, struct err *err);

#endif
