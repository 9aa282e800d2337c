#include "scheduler/outputs/download.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "export/polls.h"
#include "feeds/feed.h"
#include "scheduler/outputs/byte_queue.h"

enum {
    QUEUE_BYTES = 512 * 1024,
    COLUMNS_TEXT_MAX = 64 * 1024,
    NAME_MAX_BYTES = 160,
    NICE = 10,
    LONG_US = 3 * 1000 * 1000,
};

struct download {
    struct download *next;
    struct downloads *all;
    struct httpd_request *request; /* NULL: it is over */
    struct download_order order;
    int64_t now_at; /* what "-24h" counts from */
    struct byte_queue queue;
    pthread_t thread;
    int64_t long_after_us;
    bool is_long; /* the thread's */
    bool is_answered;
    uint64_t sent_bytes;
};

struct downloads {
    struct loop *loop;
    struct store *store;
    struct wake *news;
    struct download *first;
    unsigned count;
};

void download_order_release(struct download_order *order)
{
    free(order->feed);
    httpd_target_release(&order->target);
}

/* The thread's side. */

static int on_write(void *cookie, const char *bytes, size_t length, struct err *err)
{
    struct download *download = cookie;

    byte_queue_begin(&download->queue);
    if (byte_queue_put(&download->queue, bytes, length) != 0)
        return err_set(err, ERR_NONE, "the client has gone");
    return 0;
}

/* A dump reads its range twice, and its first byte comes when the first reading is done. What is
 * wrong with the words has shown itself long before, so its head goes out ahead: no client shall
 * think that nobody answers. */
static void on_progress(void *cookie, double share, uint64_t bytes)
{
    struct download *download = cookie;

    (void)share;
    (void)bytes;
    if (!download->is_long && loop_now(download->all->loop).mono_us > download->long_after_us) {
        download->is_long = true;
        byte_queue_begin(&download->queue);
    }
}

static bool is_unwanted(void *cookie)
{
    struct download *download = cookie;

    return byte_queue_is_abandoned(&download->queue);
}

static int make_dump(struct download *download, struct dump_options *dump, struct buf *columns,
                     struct err *err)
{
    const struct export_words *words = &download->order.words;
    struct store *store = download->all->store;
    const struct sink sink = {on_write, download};

    if (words_read_dump(words, dump, columns, err) != 0)
        return -1;
    if (dump->format == DUMP_RAW)
        return err_set(err, ERR_USAGE, "--format raw writes files: only the command can");
    if (words_read_range(words, store, download->now_at, &dump->range, err) != 0)
        return -1;
    return dump_run(store, dump, &sink, NULL, err);
}

static int make_polls(struct download *download, struct export_range *range, struct err *err)
{
    const struct export_words *words = &download->order.words;
    struct store *store = download->all->store;
    const struct sink sink = {on_write, download};

    if (words_read_range(words, store, download->now_at, range, err) != 0)
        return -1;
    return polls_run(store, range, words->is_json, &sink, NULL, err);
}

static int make(struct download *download, struct err *err)
{
    const char *globs[] = {download->order.feed};
    const struct export_range range = {.globs = globs, .glob_count = 1};
    const struct dump_watcher watcher = {
        .on_progress = on_progress, .is_unwanted = is_unwanted, .cookie = download};
    /* One thread: the other CPU is for polling. */
    struct dump_options dump = {.range = range, .threads = 1, .watcher = &watcher};
    struct buf columns;
    int result = -1;

    if (words_check_range(&download->order.words, download->now_at, err) != 0)
        return -1;
    buf_init(&columns, COLUMNS_TEXT_MAX);
    switch (download->order.table) {
    case DOWNLOAD_DUMP:
        result = make_dump(download, &dump, &columns, err);
        break;
    case DOWNLOAD_POLLS:
        result = make_polls(download, &dump.range, err);
        break;
    }
    buf_release(&columns);
    return result;
}

static void *run(void *cookie)
{
    struct download *download = cookie;
    struct err err = {0};
    int result;

    /* Of this thread (sched(7)): where there is one CPU, polling shall not wait for a table. */
    (void)setpriority(PRIO_PROCESS, 0, NICE);
    result = make(download, &err);
    byte_queue_end(&download->queue, result == 0, &err);
    return NULL;
}

/* The loop's side. */

static void finish(struct download *download)
{
    struct download **place = &download->all->first;

    pthread_join(download->thread, NULL); /* it has ended, or is about to */
    while (*place != download)
        place = &(*place)->next;
    *place = download->next;
    download->all->count--;
    byte_queue_release(&download->queue);
    download_order_release(&download->order);
    free(download);
}

static void on_end(void *cookie)
{
    struct download *download = cookie;

    log_event(LEVEL_DEBUG, "download", "feed=%s bytes=%" PRIu64, download->order.feed,
              download->sent_bytes);
    download->request = NULL;
    byte_queue_abandon(&download->queue);
    if (byte_queue_look(&download->queue, NULL).is_ended)
        finish(download);
}

static void log_broken(const struct download *download, const struct err *verdict)
{
    char reason[LOG_VALUE_MAX];

    if (verdict->kind != ERR_NONE)
        log_event(LEVEL_WARN, "download", "feed=%s bytes=%" PRIu64 " reason=%s",
                  download->order.feed, download->sent_bytes, log_value(verdict->text, reason));
}

static ssize_t on_read(void *cookie, char *out, size_t room)
{
    struct download *download = cookie;
    size_t got = byte_queue_take(&download->queue, out, room);
    struct byte_queue_state state;
    struct err verdict = {0};

    download->sent_bytes += got;
    if (got > 0)
        return (ssize_t)got;
    state = byte_queue_look(&download->queue, &verdict);
    if (state.has_bytes || !state.is_ended)
        return HTTPD_WAIT; /* what came just now has sent its news */
    if (state.is_whole)
        return HTTPD_END;
    log_broken(download, &verdict);
    return HTTPD_BROKEN;
}

static unsigned status_of(enum err_kind kind)
{
    switch (kind) {
    case ERR_USAGE:
    case ERR_INPUT:
        return 400;
    case ERR_ABSENT:
        return 404;
    case ERR_FULL:
        return 503;
    case ERR_NONE:
    case ERR_CONFIG:
    case ERR_NEWER:
    case ERR_DAMAGED:
    case ERR_IN_USE:
    case ERR_MEMORY:
    case ERR_IO:
        break;
    }
    return 500;
}

static void refuse(struct download *download, struct err *verdict)
{
    unsigned status = status_of(verdict->kind);
    size_t length = strlen(verdict->text);

    if (status == 500)
        log_broken(download, verdict);
    if (status == 400 && download->order.target.has_plus)
        snprintf(verdict->text + length, sizeof verdict->text - length,
                 " (in an address a + is written %%2B)");
    httpd_refuse(download->request, status, verdict->text);
}

/* How it is called and what it is, by its words: they were found right. */
struct form {
    const char *extension, *type;
};

static struct form form_of(const struct download_order *order)
{
    const char *format = order->words.format;

    if (order->table == DOWNLOAD_POLLS && order->words.is_json)
        return (struct form){"json", "application/json"};
    if (format && strcmp(format, "tsv") == 0)
        return (struct form){"tsv", "text/tab-separated-values; charset=utf-8"};
    if (format && strcmp(format, "ndjson") == 0)
        return (struct form){"ndjson", "application/x-ndjson; charset=utf-8"};
    return (struct form){"csv", "text/csv; charset=utf-8; header=present"};
}

static void answer(struct download *download)
{
    const struct httpd_stream stream = {on_read, download};
    const struct form form = form_of(&download->order);
    char disposition[NAME_MAX_BYTES], name[FEED_NAME_MAX];
    const struct httpd_header headers[] = {
        {"Content-Type", form.type}, {"Content-Disposition", disposition}, {NULL, NULL}};
    const struct httpd_head head = {200, headers};

    snprintf(name, sizeof name, "%s", download->order.feed);
    for (char *c = name; *c; c++) {
        if (strchr("*?[]!^", *c)) /* of a glob */
            *c = '_';
    }
    snprintf(disposition, sizeof disposition, "attachment; filename=\"%s%s.%s\"", name,
             download->order.table == DOWNLOAD_POLLS ? "-polls" : "", form.extension);
    httpd_send_stream(download->request, &head, &stream);
}

static void step(struct download *download)
{
    struct err verdict = {0};
    struct byte_queue_state state = byte_queue_look(&download->queue, &verdict);

    if (!download->request) {
        if (state.is_ended)
            finish(download);
    } else if (download->is_answered) {
        httpd_wake(download->request);
    } else if (state.is_begun || (state.is_ended && state.is_whole)) {
        download->is_answered = true;
        answer(download);
    } else if (state.is_ended) {
        download->is_answered = true;
        refuse(download, &verdict);
    }
}

static void on_news_there(void *cookie)
{
    struct download *download = cookie;

    wake_send(download->all->news);
}

static void on_news(void *cookie)
{
    struct downloads *downloads = cookie;
    struct download *download = downloads->first, *next;

    for (; download; download = next) {
        next = download->next;
        step(download);
    }
}

int downloads_new(struct downloads **out, struct loop *loop, struct store *store, struct err *err)
{
    struct downloads *downloads = calloc(1, sizeof *downloads);

    if (!downloads)
        return err_memory(err);
    downloads->loop = loop;
    downloads->store = store;
    downloads->news = wake_new(loop, on_news, downloads);
    if (!downloads->news) {
        free(downloads);
        return err_memory(err);
    }
    *out = downloads;
    return 0;
}

void downloads_free(struct downloads *downloads)
{
    struct download *download, *next;

    if (!downloads)
        return;
    for (download = downloads->first; download; download = download->next)
        byte_queue_abandon(&download->queue);
    for (download = downloads->first; download; download = next) {
        next = download->next;
        finish(download);
    }
    wake_free(downloads->news);
    free(downloads);
}

/* Signals are for the loop's thread. */
static int start_thread(struct download *download)
{
    sigset_t all, before;
    int result;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    result = pthread_create(&download->thread, NULL, run, download);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

static struct download *make_download(struct downloads *downloads, struct httpd_request *request,
                                      struct download_order *order)
{
    struct download *download = calloc(1, sizeof *download);
    struct loop_time now = loop_now(downloads->loop);

    if (!download)
        return NULL;
    if (byte_queue_init(&download->queue, QUEUE_BYTES, on_news_there, download) != 0) {
        free(download);
        return NULL;
    }
    download->all = downloads;
    download->request = request;
    download->now_at = now.wall_at;
    download->long_after_us = now.mono_us + LONG_US;
    download->order = *order;
    return download;
}

int downloads_start(struct downloads *downloads, struct httpd_request *request,
                    struct download_order *order, struct err *err)
{
    struct download *download = NULL;

    if (downloads->count == DOWNLOADS_MAX) {
        err_set(err, ERR_FULL, "%d downloads are under way: try again in some seconds",
                DOWNLOADS_MAX);
        goto fail;
    }
    download = make_download(downloads, request, order);
    if (!download || start_thread(download) != 0) {
        err_memory(err);
        goto fail;
    }
    download->next = downloads->first;
    downloads->first = download;
    downloads->count++;
    httpd_watch(request, on_end, download);
    return 0;
fail:
    if (download)
        byte_queue_release(&download->queue);
    free(download);
    download_order_release(order);
    return -1;
}
