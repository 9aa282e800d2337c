/* Inside scheduler/net only: the server, for httpd.c (begin and end, its turn on the loop),
 * httpd_request.c (what is judged, and answered) and httpd_visit.c (connections, and their time).
 */
#ifndef SCHEDULER_NET_HTTPD_PARTS_H
#define SCHEDULER_NET_HTTPD_PARTS_H

#include <microhttpd.h>
#include <stdint.h>
#include <uv.h>

#include "scheduler/net/httpd.h"
#include "scheduler/net/httpd_names.h"

/* A connection. */
enum visit_state {
    VISIT_IDLE,    /* no whole head yet, or none any more */
    VISIT_ASKED,   /* suspended: its request waits for an answer */
    VISIT_SENDING, /* an answer is under way */
    VISIT_WAITING, /* suspended: its stream has nothing yet */
};

struct visit {
    struct visit *next, *before;
    struct httpd *httpd;
    struct MHD_Connection *connection;
    int fd;
    enum visit_state state;
    int64_t deadline_us; /* idle: of the next head; sending: of the next piece taken */
    int64_t idle_us;     /* since then */
    uint64_t taken; /* bytes that the client's side had acknowledged, when deadline_us was set */
    bool is_doomed; /* was cut off; its end comes from libmicrohttpd */
    struct httpd_request *request;
};

struct httpd {
    struct loop *loop;
    httpd_fn *on_request;
    void *cookie;
    struct MHD_Daemon *daemon;
    uv_poll_t poll; /* libmicrohttpd's epoll; its close callback frees us */
    bool has_poll;
    struct alarm *again; /* libmicrohttpd has work left */
    struct alarm *sweep; /* once a second while there are connections */
    char address[HTTPD_ADDRESS_MAX];
    struct httpd_names names;
    struct httpd_times times;
    struct visit visits; /* head of a ring, newest first */
    unsigned count, max_connections;
};

struct httpd_request {
    struct visit *visit; /* NULL until its head is whole */
    struct httpd_target target;
    struct err fault; /* of the target */
    bool is_begun, is_asked, is_answered, is_queued;
    unsigned status;
    struct MHD_Response *response; /* NULL and is_answered: no memory */
    struct httpd_stream stream;
    void (*on_end)(void *cookie);
    void *cookie;
};

/* Callbacks of libmicrohttpd; `cls` is the server. */
void *httpd_on_target(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result httpd_on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_size, void **cookie);
void httpd_on_completed(void *cls, struct MHD_Connection *connection, void **cookie,
                        enum MHD_RequestTerminationCode why);
void httpd_on_connection(void *cls, struct MHD_Connection *connection, void **cookie,
                         enum MHD_ConnectionNotificationCode what);

void visit_enter(struct visit *visit, enum visit_state state);
/* Cuts it off; rudely: the client sees a reset, not an end. */
void visit_doom(struct visit *visit, bool is_rude);
/* Goes on where it was suspended. */
void visit_resume(struct visit *visit);
void httpd_on_sweep(void *cookie);

#endif
