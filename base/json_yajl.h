/* Inside base/ only: one run of yajl over a whole text.
 *
 * yajl does not look at what malloc returns. Here every block that it asks for is remembered, and
 * one that cannot be had leaves yajl by longjmp (never through a frame of ours); so running out of
 * memory is an answer and not a crash. Any thread, one run on one thread. */
#ifndef BASE_JSON_YAJL_H
#define BASE_JSON_YAJL_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

#include <yajl/yajl_parse.h>

enum json_yajl_outcome { YAJL_RUN_DONE, YAJL_RUN_STOPPED, YAJL_RUN_ILL_FORMED, YAJL_RUN_NO_MEMORY };

struct json_yajl {
    const char *text; /* without the byte order mark */
    size_t length;
    bool has_comments;
    /* Private. */
    yajl_handle handle;
    size_t base; /* where in `text` the bytes start that yajl is reading */
    void *blocks[16];
    jmp_buf no_memory;
};

/* Strips a byte order mark. */
void json_yajl_init(struct json_yajl *yajl, const char *text, size_t length);
/* `callbacks` return 0 to stop. Outcome DONE does not mean well-formed in two cases that yajl lets
 * through: "\v" and "\f" as blanks, and an unfinished comment after the value. */
enum json_yajl_outcome json_yajl_run(struct json_yajl *yajl, const yajl_callbacks *callbacks,
                                     void *cookie);
/* In a callback: the offset in `text` just behind its token. */
size_t json_yajl_offset(const struct json_yajl *yajl);

#endif
