/* Tables on their way to a client. Each is made by a thread of its own, which waits while the
 * client is slow; the loop only moves bytes. Loop thread.
 *
 * What is wrong with the words is told as the command tells it (400, 404); a dump that fails under
 * way breaks its connection, so that the client sees that it is not whole. */
#ifndef SCHEDULER_OUTPUTS_DOWNLOAD_H
#define SCHEDULER_OUTPUTS_DOWNLOAD_H

#include "export/words.h"
#include "scheduler/net/httpd.h"

enum { DOWNLOADS_MAX = 8 };

struct downloads;

enum download_table { DOWNLOAD_DUMP, DOWNLOAD_POLLS };

struct download_order {
    enum download_table table;
    char *feed;                 /* a name or a glob; owned */
    struct httpd_target target; /* owned: what the words borrow from */
    struct export_words words;
};
void download_order_release(struct download_order *order);

/* Borrows `loop` and `store`. Returns owned. */
int downloads_new(struct downloads **downloads, struct loop *loop, struct store *store,
                  struct err *err);
/* After the server was stopped; waits until every thread has ended: soon. NULL is fine. */
void downloads_free(struct downloads *downloads);
/* Answers the request, in time. Takes what is in `order`, also on failure: ERR_FULL, DOWNLOADS_MAX
 * are under way; ERR_MEMORY; and nobody has answered. */
int downloads_start(struct downloads *downloads, struct httpd_request *request,
                    struct download_order *order, struct err *err);

#endif
