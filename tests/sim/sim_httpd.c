/* scheduler/net/httpd.h without a server: a simulated service runs with --listen off, and nobody
 * can ask it anything. */
#include "scheduler/net/httpd.h"
#include "tests/sim/fatal.h"

int httpd_start(struct httpd **httpd, struct loop *loop, const struct httpd_options *options,
                struct err *err)
{
    (void)httpd;
    (void)loop;
    return err_set(err, ERR_IO, "cannot listen on %s: a simulation has no page", options->listen);
}

void httpd_stop(struct httpd *httpd)
{
    if (httpd)
        fatal("httpd_stop: there is no server");
}

int httpd_set_names(struct httpd *httpd, const char *const *names, size_t count, struct err *err)
{
    (void)httpd;
    (void)names;
    (void)count;
    return err_set(err, ERR_IO, "a simulation has no page");
}

const char *httpd_address(const struct httpd *httpd)
{
    (void)httpd;
    return "off";
}

const struct httpd_target *httpd_target(const struct httpd_request *request)
{
    (void)request;
    return NULL;
}

void httpd_take_target(struct httpd_request *request, struct httpd_target *target)
{
    (void)request;
    *target = (struct httpd_target){0};
}

void httpd_target_release(struct httpd_target *target)
{
    (void)target;
}

void httpd_watch(struct httpd_request *request, void (*on_end)(void *cookie), void *cookie)
{
    (void)request;
    (void)on_end;
    (void)cookie;
}

struct httpd_body *httpd_body_take(struct buf *text)
{
    (void)text;
    return NULL;
}

void httpd_body_drop(struct httpd_body *body)
{
    (void)body;
}

void httpd_send(struct httpd_request *request, const struct httpd_head *head, const char *text,
                size_t length)
{
    (void)request;
    (void)head;
    (void)text;
    (void)length;
}

void httpd_send_body(struct httpd_request *request, const struct httpd_head *head,
                     struct httpd_body *body)
{
    (void)request;
    (void)head;
    (void)body;
}

void httpd_send_stream(struct httpd_request *request, const struct httpd_head *head,
                       const struct httpd_stream *stream)
{
    (void)request;
    (void)head;
    (void)stream;
}

void httpd_wake(struct httpd_request *request)
{
    (void)request;
}

void httpd_refuse(struct httpd_request *request, unsigned status, const char *text)
{
    (void)request;
    (void)status;
    (void)text;
}
