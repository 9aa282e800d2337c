#include "scheduler/outputs/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/feed.h"
#include "scheduler/outputs/download.h"
#include "scheduler/outputs/page.h"

enum { WHY_MAX_BYTES = 1024 };

#define FEED_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define GLOB_LETTERS "*?[]!^"

struct site {
    struct site_options options;
    struct downloads *downloads;
    struct ready_text *status, *metrics;
};

/* What a path leads to. `rest` is what follows the path of a route that ends in a slash. */
struct route {
    const char *path;
    void (*answer)(struct site *site, struct httpd_request *request, const char *rest);
};

static void answer_page(struct site *site, struct httpd_request *request, const char *rest)
{
    const struct httpd_header headers[] = {{"Content-Type", "text/html; charset=utf-8"},
                                           {"Content-Security-Policy", page_csp},
                                           {NULL, NULL}};
    const struct httpd_head head = {200, headers};

    (void)site;
    (void)rest;
    httpd_send(request, &head, page_html, page_html_length);
}

static void answer_status(struct site *site, struct httpd_request *request, const char *rest)
{
    (void)rest;
    ready_text_answer(site->status, request);
}

static void answer_metrics(struct site *site, struct httpd_request *request, const char *rest)
{
    (void)rest;
    ready_text_answer(site->metrics, request);
}

static void answer_word(struct httpd_request *request, const char *line)
{
    static const struct httpd_header headers[] = {{"Content-Type", "text/plain; charset=utf-8"},
                                                  {NULL, NULL}};
    const struct httpd_head head = {200, headers};

    httpd_send(request, &head, line, strlen(line));
}

static void answer_healthy(struct site *site, struct httpd_request *request, const char *rest)
{
    struct buf why;

    (void)rest;
    buf_init(&why, WHY_MAX_BYTES);
    if (site->options.is_healthy(site->options.cookie, &why)) {
        answer_word(request, "healthy\n");
    } else {
        const char *text = buf_text(&why);

        httpd_refuse(request, 503, text ? text : "out of memory");
    }
    buf_release(&why);
}

static void answer_ready(struct site *site, struct httpd_request *request, const char *rest)
{
    (void)rest;
    if (site->options.is_ready(site->options.cookie))
        answer_word(request, "ready\n");
    else
        httpd_refuse(request, 503, "not ready: starting or stopping");
}

/* "FEED.csv" → FEED, a name or a glob. Returns owned; NULL: no feed can be called that. */
static char *read_feed(const char *rest)
{
    static const char ending[] = ".csv";
    size_t length = strlen(rest), own = sizeof ending - 1;

    if (length <= own || length - own >= FEED_NAME_MAX || strcmp(rest + length - own, ending) != 0)
        return NULL;
    if (strspn(rest, FEED_LETTERS GLOB_LETTERS) != length)
        return NULL;
    return strndup(rest, length - own);
}

static int read_words(struct download_order *order, struct err *err)
{
    const struct export_word *table =
        order->table == DOWNLOAD_DUMP ? words_of_dump : words_of_slots;
    size_t i;

    for (i = 0; i < order->target.parameter_count; i++) {
        const struct httpd_parameter *parameter = &order->target.parameters[i];

        if (words_say(&order->words, table, parameter->name, parameter->value, err) != 0)
            return -1;
    }
    return 0;
}

static void answer_table(struct site *site, struct httpd_request *request, const char *rest,
                         enum download_table table)
{
    struct download_order order = {.table = table, .feed = read_feed(rest)};
    struct err err = {0};

    if (!order.feed) {
        err_set(&err, ERR_ABSENT, "no feed is called so: \"%s\"; ask for FEED.csv", rest);
        httpd_refuse(request, 404, err.text);
        return;
    }
    httpd_take_target(request, &order.target);
    if (read_words(&order, &err) != 0) {
        httpd_refuse(request, 400, err.text);
        download_order_release(&order);
    } else if (downloads_start(site->downloads, request, &order, &err) != 0) {
        httpd_refuse(request, 503, err.text);
    }
}

static void answer_dump(struct site *site, struct httpd_request *request, const char *rest)
{
    answer_table(site, request, rest, DOWNLOAD_DUMP);
}

static void answer_polls(struct site *site, struct httpd_request *request, const char *rest)
{
    answer_table(site, request, rest, DOWNLOAD_POLLS);
}

static const struct route routes[] = {
    {"/", answer_page},         {"/status.json", answer_status}, {"/metrics", answer_metrics},
    {"/dump/", answer_dump},    {"/polls/", answer_polls},       {"/-/healthy", answer_healthy},
    {"/-/ready", answer_ready},
};

/* What follows the route's path; NULL: the path is none of its. */
static const char *match(const struct route *route, const char *path)
{
    size_t length = strlen(route->path);

    if (strncmp(path, route->path, length) != 0)
        return NULL;
    return path[length] == '\0' || (length > 1 && route->path[length - 1] == '/') ? path + length
                                                                                  : NULL;
}

void site_on_request(void *cookie, struct httpd_request *request)
{
    struct site *site = cookie;
    const char *path = httpd_target(request)->path;

    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        const char *rest = match(&routes[i], path);

        if (rest) {
            routes[i].answer(site, request, rest);
            return;
        }
    }
    httpd_refuse(request, 404,
                 "nothing is here: there are /, /status.json, /metrics, /dump/FEED.csv, "
                 "/polls/FEED.csv, /-/healthy and /-/ready");
}

int site_new(struct site **out, const struct site_options *options, struct err *err)
{
    struct site *site = calloc(1, sizeof *site);

    if (!site)
        return err_memory(err);
    site->options = *options;
    site->status = ready_text_new(options->loop, &options->status, "application/json");
    site->metrics = ready_text_new(options->loop, &options->metrics,
                                   "text/plain; version=0.0.4; charset=utf-8");
    if (!site->status || !site->metrics) {
        err_memory(err);
        goto fail;
    }
    if (downloads_new(&site->downloads, options->loop, options->store, err) != 0)
        goto fail;
    *out = site;
    return 0;
fail:
    site_free(site);
    return -1;
}

void site_free(struct site *site)
{
    if (!site)
        return;
    downloads_free(site->downloads);
    ready_text_free(site->status);
    ready_text_free(site->metrics);
    free(site);
}
