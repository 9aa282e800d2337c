/* A small HTTP/1.1 server that shows and changes nothing: libmicrohttpd's home, on our loop and
 * with no thread of its own. Loop thread; a seam: tests/sim has none.
 *
 * What has nothing to do with content is judged here, and never reaches on_request: a Host that is
 * not ours (403; none or two: 403, 400), a method other than GET and HEAD (405), a request with a
 * body (400), an address too long (414) or ill-formed (400), too large a head (431). So is time: a
 * head must be whole 10 s after the connection was made, or 60 s after the answer before it; and a
 * client that takes less than 16 KiB in 60 s of what is ready for it is cut off. Near the most
 * connections the one idle for longest is closed for a new one.
 *
 * A request is answered exactly once, at once or later; until then, and while its answer is under
 * way, it lives. `on_end` (httpd_watch) says that it is over, however it ended. */
#ifndef SCHEDULER_NET_HTTPD_H
#define SCHEDULER_NET_HTTPD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "scheduler/net/httpd_target.h"
#include "scheduler/net/loop.h"

enum { HTTPD_HEAD_MAX = 16 * 1024, HTTPD_ADDRESS_MAX = 64 };

struct httpd;
struct httpd_request;
typedef void httpd_fn(void *cookie, struct httpd_request *request);

/* In ms; 0: as above. */
struct httpd_times {
    int64_t head_ms, idle_ms, piece_ms;
};

struct httpd_options {
    const char *listen;       /* "127.0.0.1:8889", as listen_check() takes it; borrowed */
    unsigned max_connections; /* 0: 1,200, or a quarter of our descriptors */
    struct httpd_times times;
    httpd_fn *on_request;
    void *cookie;
};

/* ERR_IO: "cannot listen on …". Returns owned. */
int httpd_start(struct httpd **httpd, struct loop *loop, const struct httpd_options *options,
                struct err *err);
/* Ends every request, and frees. NULL is fine. */
void httpd_stop(struct httpd *httpd);
/* More names that a Host header may have. */
int httpd_set_names(struct httpd *httpd, const char *const *names, size_t count, struct err *err);
/* Where it is reached: "127.0.0.1:8889". */
const char *httpd_address(const struct httpd *httpd);

/* Borrowed while the request lives. */
const struct httpd_target *httpd_target(const struct httpd_request *request);
/* Moves it out, for who outlives the request. */
void httpd_take_target(struct httpd_request *request, struct httpd_target *target);
void httpd_watch(struct httpd_request *request, void (*on_end)(void *cookie), void *cookie);

struct httpd_header {
    const char *name, *value;
};

/* What stands above the body; the texts are copied. */
struct httpd_head {
    unsigned status;
    const struct httpd_header *headers; /* a NULL name at the end */
};

/* A body that many answers may share. */
struct httpd_body;
struct httpd_body *httpd_body_take(struct buf *text); /* takes its bytes; NULL: no memory */
void httpd_body_drop(struct httpd_body *body);        /* NULL is fine */

/* A body that comes bit by bit. read puts at most `room` bytes into `out` and returns how many, or
 * one of these; after HTTPD_WAIT it is asked again when httpd_wake() was called. */
enum { HTTPD_WAIT = 0, HTTPD_END = -1, HTTPD_BROKEN = -2 }; /* broken: the client must see it */
struct httpd_stream {
    ssize_t (*read)(void *cookie, char *out, size_t room);
    void *cookie;
};

/* Each answers the request. Without memory its connection is closed. */
void httpd_send(struct httpd_request *request, const struct httpd_head *head, const char *text,
                size_t length); /* copies */
void httpd_send_body(struct httpd_request *request, const struct httpd_head *head,
                     struct httpd_body *body);
void httpd_send_stream(struct httpd_request *request, const struct httpd_head *head,
                       const struct httpd_stream *stream);
void httpd_wake(struct httpd_request *request);
/* One sentence of plain text. 503 says "Retry-After: 5". */
void httpd_refuse(struct httpd_request *request, unsigned status, const char *text);

#endif
