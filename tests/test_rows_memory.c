/* Every allocation fails once. Linked with malloc, calloc and realloc wrapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "feeds/rows.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static long until_failure; /* allocations that are still granted; < 0: all */

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

static void decode_once(const char *path, const char *columns, const char *document, size_t *bytes,
                        struct err *err)
{
    struct buf found;
    struct rows *rows;

    *err = (struct err){.kind = ERR_NONE};
    buf_init(&found, 4096);
    if (rows_find_path(document, strlen(document), &found, err) >= 0) {
        rows = rows_new(FORMAT_JSON, path, columns, err);
        if (rows)
            rows_decode(rows, document, strlen(document), measure_row, bytes, err);
        rows_free(rows);
    }
    buf_release(&found);
}

static void running_out_of_memory_is_an_error(void **state)
{
    static const char document[] =
        "{\"t\":1,\"v\":{\"a\":{\"x\":\"\\u0041\",\"y\":[1,{\"k\":\"\\n\"}],\"z\":{\"q\":null}},"
        "\"b\":[{\"w\":1},{\"w\":2}]},\"l\":[{\"m\":1}]}";
    static const struct {
        const char *path, *columns;
    } uses[] = {
        {"$.v.*", NULL},
        {"$.v.*", "[\"x\",\"y\"]"},
        {"$.v.*", "{\"x\":\"@.x\",\"y\":\"@.y[*]\",\"t\":\"$.t\",\"v\":\"$.v\"}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        size_t whole = 0;
        struct err err;
        long granted = 0;

        until_failure = -1;
        decode_once(uses[i].path, uses[i].columns, document, &whole, &err);
        assert_int_equal(err.kind, ERR_NONE);
        do {
            size_t bytes = 0;

            until_failure = granted++;
            decode_once(uses[i].path, uses[i].columns, document, &bytes, &err);
            if (err.kind == ERR_NONE)
                assert_int_equal(bytes, whole);
            else
                assert_non_null(strstr(err.text, "out of memory"));
        } while (until_failure < 0);
        assert_int_equal(err.kind, ERR_NONE);
        assert_true(granted > 20);
    }
    until_failure = -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(running_out_of_memory_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
