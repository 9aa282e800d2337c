#include "base/json_yajl.h"

#include <stdlib.h>
#include <string.h>

/* Ends a number, a word and a comment; in a string it is a mistake, which is what an unfinished one
 * behind the value needs: yajl alone lets that pass. */
static const unsigned char end_of_text[] = "\n";

/* The place where `block` is remembered; for NULL a free one. */
static void **find_block(struct json_yajl *yajl, const void *block)
{
    for (size_t i = 0; i < sizeof yajl->blocks / sizeof *yajl->blocks; i++)
        if (yajl->blocks[i] == block)
            return &yajl->blocks[i];
    longjmp(yajl->no_memory, 1);
}

static void *on_realloc(void *cookie, void *block, size_t size)
{
    struct json_yajl *yajl = cookie;
    void **place = find_block(yajl, block);
    void *moved = realloc(block, size);

    if (!moved)
        longjmp(yajl->no_memory, 1);
    *place = moved;
    return moved;
}

static void *on_malloc(void *cookie, size_t size)
{
    return on_realloc(cookie, NULL, size);
}

static void on_free(void *cookie, void *block)
{
    struct json_yajl *yajl = cookie;

    if (!block)
        return;
    *find_block(yajl, block) = NULL;
    free(block);
}

void json_yajl_init(struct json_yajl *yajl, const char *text, size_t length)
{
    memset(yajl, 0, sizeof *yajl);
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        length -= 3;
    }
    yajl->text = text;
    yajl->length = length;
}

static yajl_status run(struct json_yajl *yajl, const yajl_callbacks *callbacks, void *cookie)
{
    yajl_alloc_funcs memory = {on_malloc, on_realloc, on_free, yajl};
    yajl_status status;

    yajl->handle = yajl_alloc(callbacks, &memory, cookie);
    yajl_config(yajl->handle, yajl_allow_comments, (int)yajl->has_comments);
    yajl_config(yajl->handle, yajl_dont_validate_strings, 1);
    status = yajl_parse(yajl->handle, (const unsigned char *)yajl->text, yajl->length);
    if (status != yajl_status_ok)
        return status;
    yajl->base = yajl->length;
    status = yajl_parse(yajl->handle, end_of_text, 1);
    if (status != yajl_status_ok)
        return status;
    return yajl_complete_parse(yajl->handle);
}

enum json_yajl_outcome json_yajl_run(struct json_yajl *yajl, const yajl_callbacks *callbacks,
                                     void *cookie)
{
    enum json_yajl_outcome outcome = YAJL_RUN_NO_MEMORY;

    if (setjmp(yajl->no_memory) == 0) {
        switch (run(yajl, callbacks, cookie)) {
        case yajl_status_ok:
            outcome = YAJL_RUN_DONE;
            break;
        case yajl_status_client_canceled:
            outcome = YAJL_RUN_STOPPED;
            break;
        case yajl_status_error:
            outcome = YAJL_RUN_ILL_FORMED;
            break;
        }
    } else {
        outcome = YAJL_RUN_NO_MEMORY;
    }
    for (size_t i = 0; i < sizeof yajl->blocks / sizeof *yajl->blocks; i++)
        free(yajl->blocks[i]);
    memset(yajl->blocks, 0, sizeof yajl->blocks);
    yajl->handle = NULL;
    return outcome;
}

size_t json_yajl_offset(const struct json_yajl *yajl)
{
    return yajl->base + yajl_get_bytes_consumed(yajl->handle);
}
