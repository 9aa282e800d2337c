/* A server with a few paths, on a thread of its own; the test is its client:
 *
 *   /plain /absent       at once: 200, 404        /later    soon
 *   /stream /broken      STAGE_PIECES pieces, with a pause in the middle, then the end or none
 *   /endless             … of a stream            /never    no answer
 */
#ifndef TESTS_HTTPD_STAGE_H
#define TESTS_HTTPD_STAGE_H

#include <pthread.h>
#include <stdatomic.h>

#include "scheduler/net/httpd.h"

#define STAGE_PIECE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n"
enum { STAGE_PIECES = 2000, STAGE_PATIENCE_MS = 10 * 1000 };

struct stage {
    struct loop *loop;
    struct httpd *httpd;
    struct wake *stop;
    struct alarm *later;
    struct httpd_request *waiting;
    unsigned port, left; /* pieces of the stream under way */
    bool is_breaking, has_paused;
    atomic_uint ends; /* of requests that were watched */
    pthread_t thread;
};

/* At a free port of 127.0.0.1. */
void stage_start(struct stage *stage, const struct httpd_options *given);
void stage_stop(struct stage *stage);

int stage_dial(const struct stage *stage);
void stage_say(int fd, const char *bytes, size_t length);
/* Reads until the server closes, and closes. Returns what came, terminated, until the next call;
 * `error` is 0, or errno. */
const char *stage_hear(int fd, size_t *length, int *error);
/* A request on a connection of its own. */
const char *stage_ask(const struct stage *stage, const char *request);
unsigned stage_status(const char *reply); /* 0: it is none */

#endif
