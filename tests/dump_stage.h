/* For tests that dump a scratch store: a feed with its definition, and everything in range. */
#ifndef TESTS_DUMP_STAGE_H
#define TESTS_DUMP_STAGE_H

#include <string.h>

#include "export/dump.h"
#include "scratch_store.h"
#include "text_sink.h"

/* Polls are answered 1.234 ms after their slot: see scratch_poll(). */
#define MINUTE         (60 * SECOND)
#define DEFINITION     "{\"url\":\"http://bus.example/\",\"interval\":\"1m\"}"
#define ON_STORE(test) cmocka_unit_test_setup_teardown(test, start, end)

static inline int start(void **state)
{
    static struct scratch scratch;

    scratch_start(&scratch);
    *state = &scratch;
    return 0;
}

static inline int end(void **state)
{
    scratch_end(*state);
    return 0;
}

static inline void put(struct scratch *scratch, struct record *record)
{
    assert_true(scratch_put(scratch, record));
}

static inline void put_feed(struct scratch *scratch, uint32_t id, const char *name,
                            const char *definition)
{
    put(scratch, scratch_feed(id, name));
    put(scratch, scratch_definition(id, 1, definition));
}

static inline void put_body(struct scratch *scratch, uint32_t id, int64_t after, const char *body)
{
    put(scratch, scratch_new(id, NOON + after, body, strlen(body)));
}

static inline struct dump_options everything(void)
{
    return (struct dump_options){.range = {.from_at = AT_NONE, .to_at = AT_NEVER}};
}

/* The dump must say that, however many threads are at it. */
static inline struct dump_counts dump(struct scratch *scratch, const struct dump_options *options,
                                      const char *expected)
{
    struct dump_options asked = *options;
    struct dump_counts counts = {0};

    for (asked.threads = 0; asked.threads <= 3; asked.threads++) {
        struct text_sink text;
        struct err err = {0};

        text_sink_init(&text);
        if (dump_run(scratch->store, &asked, &text.sink, &counts, &err))
            fail_msg("%s", err.text);
        assert_string_equal(text_sink_text(&text), expected);
        text_sink_release(&text);
    }
    return counts;
}

/* It must fail with a text that begins so. */
static inline void refuse(struct scratch *scratch, const struct dump_options *options,
                          enum err_kind kind, const char *part)
{
    struct text_sink text;
    struct err err = {0};

    text_sink_init(&text);
    assert_int_equal(dump_run(scratch->store, options, &text.sink, NULL, &err), -1);
    assert_int_equal(err.kind, kind);
    if (strstr(err.text, part) != err.text)
        fail_msg("\"%s\" does not begin with \"%s\"", err.text, part);
    text_sink_release(&text);
}

#endif
