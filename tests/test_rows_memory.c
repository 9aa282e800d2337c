/* Every allocation fails once. Linked with malloc, calloc and realloc wrapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "feeds/rows.h"
#include "tests/wire_text.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static long until_failure = -1; /* allocations that are still granted; < 0: all */

static bool is_refused(void)
{
    return until_failure >= 0 && until_failure-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return is_refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_refused() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return is_refused() ? NULL : __real_realloc(old, size);
}

static int measure_row(void *cookie, const struct cell *cells, size_t count)
{
    size_t *bytes = cookie;

    for (size_t i = 0; i < count; i++)
        *bytes += cells[i].length;
    return 0;
}

struct use {
    enum feed_format format;
    const char *path, *columns, *document;
    long allocations; /* at least so many */
};

static void decode_once(const struct use *use, const struct buf *document, size_t *bytes,
                        struct err *err)
{
    struct buf found;
    struct rows *rows;
    int is_found = 0;

    *err = (struct err){.kind = ERR_NONE};
    buf_init(&found, 4096);
    if (use->format == FORMAT_JSON)
        is_found = rows_find_path(document->bytes, document->length, &found, err);
    if (is_found >= 0) {
        rows = rows_new(use->format, use->path, use->columns, err);
        if (rows)
            rows_decode(rows, document->bytes, document->length, measure_row, bytes, err);
        rows_free(rows);
    }
    buf_release(&found);
}

#define DOCUMENT                                                                                   \
    "{\"t\":1,\"v\":{\"a\":{\"x\":\"\\u0041\",\"y\":[1,{\"k\":\"\\n\"}],\"z\":{\"q\":null}},"      \
    "\"b\":[{\"w\":1},{\"w\":2}]},\"l\":[{\"m\":1}]}"

/* Of the last vehicle the message, and the trip in it, are in two parts. */
#define FEED "1{1'2.0'} 2{1'a' 4{1{1't'}}} 2{1'b' 4{1{1't'} 1{5'r'} 2{1~0.1}} 4{11{1'c'} 1{2'x'}}}"

/* Each allocation of one use refused in turn, until none is. */
static void refuse_each(const struct use *use, const struct buf *document)
{
    size_t whole = 0;
    struct err err;
    long granted = 0;

    until_failure = -1;
    decode_once(use, document, &whole, &err);
    assert_int_equal(err.kind, ERR_NONE);
    assert_true(whole > 0);
    do {
        size_t bytes = 0;

        until_failure = granted++;
        decode_once(use, document, &bytes, &err);
        if (err.kind == ERR_NONE)
            assert_int_equal(bytes, whole);
        else
            assert_non_null(strstr(err.text, "out of memory"));
    } while (until_failure < 0);
    until_failure = -1;
    assert_int_equal(err.kind, ERR_NONE);
    assert_true(granted > use->allocations);
}

static void running_out_of_memory_is_an_error(void **state)
{
    static const struct use uses[] = {
        {FORMAT_JSON, "$.v.*", NULL, DOCUMENT, 20},
        {FORMAT_JSON, "$.v.*", "[\"x\",\"y\"]", DOCUMENT, 20},
        {FORMAT_JSON, "$.v.*", "{\"x\":\"@.x\",\"y\":\"@.y[*]\",\"t\":\"$.t\",\"v\":\"$.v\"}",
         DOCUMENT, 20},
        {FORMAT_GTFS_RT, NULL, NULL, FEED, 100},
        {FORMAT_CSV, NULL, NULL, "a,b\n\"x\"\"y\",1,2\n", 8},
        {FORMAT_BINARY, NULL, NULL, "x", 5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        struct buf document;

        if (uses[i].format == FORMAT_GTFS_RT) {
            wire_text(&document, uses[i].document);
        } else {
            buf_init(&document, 4096);
            assert_int_equal(buf_append_text(&document, uses[i].document), 0);
        }
        refuse_each(&uses[i], &document);
        buf_release(&document);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(running_out_of_memory_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
