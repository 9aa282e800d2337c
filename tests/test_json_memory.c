#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The linker puts these before malloc and its like (--wrap): the one numbered `failing` fails. */
static long allocations, failing = -1;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);

void *__wrap_malloc(size_t size)
{
    return allocations++ == failing ? NULL : __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size)
{
    return allocations++ == failing ? NULL : __real_calloc(count, size);
}
void *__wrap_realloc(void *block, size_t size)
{
    return allocations++ == failing ? NULL : __real_realloc(block, size);
}
char *__wrap_strdup(const char *text)
{
    return allocations++ == failing ? NULL : __real_strdup(text);
}
char *__wrap_strndup(const char *text, size_t length)
{
    return allocations++ == failing ? NULL : __real_strndup(text, length);
}

static int count_number(void *cookie, const char *text, size_t length)
{
    (void)text;
    (void)length;
    ++*(unsigned *)cookie;
    return 0;
}

static const char greedy[] = "{\"a\":[1,\"x\\n\",true,null,{\"b\\t\":[]}],\"c\":{}} ";

/* True: no memory was missing. */
static bool parse_greedily(void)
{
    struct json_mistake mistake;
    struct json *json = json_parse(greedy, sizeof greedy - 1, &mistake), *clone = NULL;
    bool is_fine;

    if (!json)
        assert_string_equal(mistake.text, "out of memory");
    else
        clone = json_clone(json);
    is_fine = clone != NULL;
    json_free(json);
    json_free(clone);
    return is_fine;
}

static bool stream_greedily(void)
{
    static const struct json_events events = {.on_string = count_number, .on_key = count_number};
    struct err err = {0};
    unsigned count = 0;

    if (json_stream(greedy, sizeof greedy - 1, false, &events, &count, &err) == 0)
        return true;
    assert_int_equal(err.kind, ERR_MEMORY);
    return false;
}

static bool check_greedily(void)
{
    struct json_checker *checker = json_checker_new(false);
    bool is_fine = checker != NULL;

    json_checker_free(checker);
    return is_fine;
}

/* Also of yajl's memory, which it does not look at itself. */
static void every_lack_of_memory_is_an_answer(void **state)
{
    static const struct {
        bool (*run)(void);
        long least;
    } cases[] = {{parse_greedily, 30}, {stream_greedily, 1}, {check_greedily, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool is_fine = false;

        for (failing = 0; !is_fine; failing++) {
            allocations = 0;
            is_fine = cases[i].run();
            assert_int_equal(is_fine, allocations <= failing);
        }
        assert_true(failing > cases[i].least);
    }
    failing = -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_lack_of_memory_is_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
