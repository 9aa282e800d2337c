/* Loading with memory that runs out at every single place: an error or a mistake, never a crash, a
 * leak, or a set that looks whole and is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/config_dir.h"

/* Allocations until one fails; 0: none fails. */
static size_t left;

static int must_fail(void)
{
    return left > 0 && --left == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return must_fail() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return must_fail() ? NULL : __real_strdup(text);
}

static void fill(struct config_dir *dir)
{
    config_dir_put(dir, "secrets/k", "v");
    config_dir_put(
        dir, "pollard.json",
        "{\"store\":\"s\",\"defaults\":{\"interval\":\"1m\",\"headers\":{\"A\":\"b\"}},"
        "\"listen_hosts\":[\"h\"],\"alerts\":{\"email\":{\"server\":\"smtp://h\","
        "\"from\":\"a@b\",\"to\":[\"c@d\"]},\"webhook\":{\"url\":\"${secret:k}://h\"}}}");
    config_dir_put(dir, "feeds/a.json",
                   "{\"for_each\":{\"r\":[1,2]},\"name\":\"a{r}\",\"url\":\"http://h/{r}\","
                   "\"auth\":{\"type\":\"basic\",\"username\":\"u\",\"password\":\"${secret:k}\"},"
                   "\"headers\":{\"A\":\"{r}\"},\"columns\":[\"x\"],\"rows\":\"$.a\"}");
    config_dir_put(dir, "feeds/b.json",
                   "{\"url\":\"http://h\",\"at\":[\"06:00\"],\"proxy\":\"http://u:p@h\"}");
    config_dir_put(dir, "feeds/c.json", "{\"url\":\"http://h\",\"name\":\"b\",\"method\":\"PUT\"}");
    config_dir_put(dir, "feeds/d.json", "{");
}

/* true: nothing failed. */
static bool load_with(struct config_dir *dir, const struct feed_set *previous, size_t allocations)
{
    struct feed_set *set = NULL;
    struct err err = {0};
    int status = 0;
    bool is_whole = false;

    left = allocations;
    status = feed_set_load(&set, dir->path, previous, &err);
    is_whole = left > 0;
    left = 0;
    if (status != 0) {
        assert_null(set);
        assert_int_equal(err.kind, ERR_MEMORY);
        assert_false(is_whole);
        return false;
    }
    if (set->mistake_count < 3)
        fail_msg("allocation %zu: only %zu mistakes", allocations, set->mistake_count);
    if (is_whole) {
        assert_int_equal(set->mistake_count, 3);
        assert_int_equal(set->count, 3);
    }
    feed_set_free(set);
    return is_whole;
}

static void memory_that_runs_out_is_an_error_or_a_mistake(void **state)
{
    struct config_dir dir;
    struct feed_set *previous = NULL;
    size_t allocations = 1;

    (void)state;
    config_dir_open(&dir);
    fill(&dir);
    while (!load_with(&dir, NULL, allocations))
        allocations++;
    assert_true(allocations > 100);
    previous = config_dir_load(&dir, NULL);
    allocations = 1;
    while (!load_with(&dir, previous, allocations))
        allocations++;
    feed_set_free(previous);
    config_dir_close(&dir);
}

static void definitions_fail_without_memory(void **state)
{
    struct feed *feed = NULL;

    (void)state;
    for (size_t allocations = 1; !feed; allocations++) {
        struct err err = {0};

        left = allocations;
        feed = feed_from_definition("a", "{\"url\":\"http://u:p@h\",\"interval\":\"1m\"}", &err);
        if (!feed)
            assert_true(err.kind == ERR_MEMORY || err.kind == ERR_INPUT);
        assert_true(allocations < 1000);
    }
    left = 0;
    assert_string_equal(feed->definition, "{\"url\":\"http://u:***@h\",\"interval\":\"1m\"}");
    feed_drop(feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_that_runs_out_is_an_error_or_a_mistake),
        cmocka_unit_test(definitions_fail_without_memory),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    zones_release();
    return failed;
}
