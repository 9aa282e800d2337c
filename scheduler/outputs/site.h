/* What is where on localhost: the page, status.json, metrics, tables, the two signs of life. Knows
 * the store and what it is told here, not the daemon. Loop thread. */
#ifndef SCHEDULER_OUTPUTS_SITE_H
#define SCHEDULER_OUTPUTS_SITE_H

#include "scheduler/net/httpd.h"
#include "scheduler/outputs/ready_text.h"
#include "storage/store.h"

struct site_options {
    struct loop *loop;
    struct store *store; /* both borrowed until site_free() */
    struct text_source status, metrics;
    /* false: one line of why goes into `why`. */
    bool (*is_healthy)(void *cookie, struct buf *why);
    bool (*is_ready)(void *cookie);
    void *cookie;
};

struct site;

/* Returns owned. */
int site_new(struct site **site, const struct site_options *options, struct err *err);
/* After the server was stopped. NULL is fine. */
void site_free(struct site *site);
/* An httpd_fn; the cookie is the site. */
void site_on_request(void *site, struct httpd_request *request);

#endif
