/* A text that takes longer to write than the loop may be held, and that many may ask for at once:
 * written slice by slice, a turn of the loop between them, and shared by all who asked meanwhile.
 * Once made it is good for a while, the longer the more work it was, and let go when nobody asks.
 * Loop thread. */
#ifndef SCHEDULER_OUTPUTS_READY_TEXT_H
#define SCHEDULER_OUTPUTS_READY_TEXT_H

#include "scheduler/net/httpd.h"

/* Who writes. `begin` returns owned, or NULL: no memory; `more` appends a slice: 1: there is more,
 * 0: that was the last, -1: `out` is full, or no memory. */
struct text_source {
    void *(*begin)(void *cookie);
    int (*more)(void *writing, struct buf *out);
    void (*end)(void *writing);
    void *cookie;
};

struct ready_text;

/* `type`: its Content-Type, borrowed. Returns owned; NULL: no memory. */
struct ready_text *ready_text_new(struct loop *loop, const struct text_source *source,
                                  const char *type);
/* When nobody waits for it any more. NULL is fine. */
void ready_text_free(struct ready_text *text);
/* Answers the request, at once or when the text is made. */
void ready_text_answer(struct ready_text *text, struct httpd_request *request);

#endif
