/* Tables of body → rows for the tests of rows. */
#ifndef TESTS_ROWS_EXAMPLES_H
#define TESTS_ROWS_EXAMPLES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "feeds/rows.h"

/* Rows as one text: name=number name='string' name=j[json] name= ; one line a row. */
struct seen {
    struct rows *rows;
    struct buf text;
    size_t count, stop_after; /* 0: never */
};

static void seen_init(struct seen *seen)
{
    *seen = (struct seen){0};
    buf_init(&seen->text, 64 << 20);
}

static void seen_release(struct seen *seen)
{
    rows_free(seen->rows);
    buf_release(&seen->text);
}

static int on_row(void *cookie, const struct cell *cells, size_t count)
{
    struct seen *seen = cookie;

    for (size_t i = 0; i < count; i++) {
        const char *mark = cells[i].is_string ? "'" : "";

        assert_false(cells[i].is_string && cells[i].is_json);
        assert_int_equal(buf_printf(&seen->text, "%s%s=%s%s", i ? " " : "",
                                    rows_column_name(seen->rows, cells[i].column),
                                    cells[i].is_json ? "j" : "", mark),
                         0);
        assert_int_equal(buf_append(&seen->text, cells[i].text, cells[i].length), 0);
        assert_int_equal(buf_append_text(&seen->text, mark), 0);
    }
    assert_int_equal(buf_append_char(&seen->text, '\n'), 0);
    return ++seen->count == seen->stop_after ? -1 : 0;
}

static const char *columns_of(const struct rows *rows, struct buf *names)
{
    buf_init(names, 1 << 20);
    for (uint32_t i = 0; i < rows_column_count(rows); i++) {
        assert_int_equal(buf_append_text(names, i ? "," : ""), 0);
        assert_int_equal(buf_append_text(names, rows_column_name(rows, i)), 0);
    }
    return buf_text(names);
}

struct example {
    const char *what, *path, *columns, *document;
    const char *names, *rows;
    struct rows_counts counts;
};

static void decode_example(enum feed_format format, const struct example *example)
{
    struct seen seen;
    struct buf names;
    struct err err = {.kind = ERR_NONE};
    const char *document = example->document;

    seen_init(&seen);
    seen.rows = rows_new(format, example->path, example->columns, &err);
    if (!seen.rows)
        fail_msg("%s: %s", example->what, err.text);
    /* Twice: what was learnt must not change what comes out. */
    for (int round = 0; round < 2; round++) {
        buf_reset(&seen.text);
        if (rows_decode(seen.rows, document, strlen(document), on_row, &seen, &err))
            fail_msg("%s: %s", example->what, err.text);
        if (strcmp(buf_text(&seen.text), example->rows) != 0)
            fail_msg("%s, round %d:\n%sand not\n%s", example->what, round, buf_text(&seen.text),
                     example->rows);
        if (strcmp(columns_of(seen.rows, &names), example->names) != 0)
            fail_msg("%s: columns %s", example->what, buf_text(&names));
        buf_release(&names);
    }
    if (rows_counts(seen.rows)->bodies_without_rows != 2 * example->counts.bodies_without_rows ||
        rows_counts(seen.rows)->duplicate_cells != 2 * example->counts.duplicate_cells ||
        rows_counts(seen.rows)->replaced_bytes != 2 * example->counts.replaced_bytes)
        fail_msg("%s: wrong counts", example->what);
    seen_release(&seen);
}

/* Learning gives the same columns, and counts nothing. */
static void learn_example(enum feed_format format, const struct example *example)
{
    static const struct rows_counts nothing;
    struct buf names;
    struct err err;
    struct rows *rows = rows_new(format, example->path, example->columns, &err);

    assert_non_null(rows);
    assert_int_equal(
        rows_decode(rows, example->document, strlen(example->document), NULL, NULL, &err), 0);
    if (strcmp(columns_of(rows, &names), example->names) != 0)
        fail_msg("%s: learnt %s", example->what, buf_text(&names));
    assert_memory_equal(rows_counts(rows), &nothing, sizeof nothing);
    buf_release(&names);
    rows_free(rows);
}

static inline void check_examples(enum feed_format format, const struct example *examples,
                                  size_t count)
{
    for (size_t i = 0; i < count; i++) {
        decode_example(format, &examples[i]);
        learn_example(format, &examples[i]);
    }
}

#define CHECK_EXAMPLES(format, examples)                                                           \
    check_examples(format, examples, sizeof(examples) / sizeof(examples)[0])

#endif
