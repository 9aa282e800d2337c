/* A request's target: what is taken is whole text, comes out the same when it is written with every
 * byte escaped, and its query is understood or refused as wrong words. */
#include "scheduler/net/httpd_target.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/zone.h"
#include "export/words.h"
#include "scheduler/net/httpd_names.h"
#include "tests/fuzz/input.h"

enum { ESCAPED_MAX_BYTES = 4 * HTTPD_TARGET_MAX };
static const int64_t now_at = INT64_C(1795390000) * US_PER_SECOND;

static void check_text(const char *text)
{
    must(utf8_valid(text, strlen(text)) == strlen(text));
    for (; *text; text++)
        must((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void escape(struct buf *out, const char *text)
{
    for (; *text; text++)
        must(buf_printf(out, "%%%02x", (unsigned char)*text) == 0);
}

static bool is_same(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

static void rewrite(const struct httpd_target *target)
{
    struct httpd_target again;
    struct err err;
    struct buf text;

    buf_init(&text, ESCAPED_MAX_BYTES);
    must(buf_append_char(&text, '/') == 0);
    escape(&text, target->path + 1);
    for (size_t i = 0; i < target->parameter_count; i++) {
        must(buf_append_char(&text, i ? '&' : '?') == 0);
        escape(&text, target->parameters[i].name);
        if (!target->parameters[i].value)
            continue;
        must(buf_append_char(&text, '=') == 0);
        escape(&text, target->parameters[i].value);
    }
    if (text.length <= HTTPD_TARGET_MAX) {
        must(httpd_target_parse(&again, text.bytes, text.length, &err) == 0);
        must(is_same(again.path, target->path) && !again.has_plus);
        for (size_t i = 0, j = 0; i < target->parameter_count; i++) {
            const struct httpd_parameter *parameter = &target->parameters[i];

            if (!*parameter->name && !parameter->value)
                continue; /* nothing is written for it */
            must(j < again.parameter_count);
            must(is_same(again.parameters[j].name, parameter->name));
            must(is_same(again.parameters[j].value, parameter->value));
            j++;
        }
        httpd_target_release(&again);
    }
    buf_release(&text);
}

static void understand(const struct httpd_target *target, const struct export_word *table)
{
    struct export_words words = {0};
    struct dump_options dump = {0};
    struct err err = {0};
    struct buf columns;
    int result = 0;

    for (size_t i = 0; i < target->parameter_count && !result; i++)
        result =
            words_say(&words, table, target->parameters[i].name, target->parameters[i].value, &err);
    buf_init(&columns, ESCAPED_MAX_BYTES);
    if (result || words_check_range(&words, now_at, &err) != 0 ||
        words_read_dump(&words, &dump, &columns, &err) != 0)
        must(err.kind == ERR_USAGE && err.text[0]);
    buf_release(&columns);
}

static void check_host(const char *host, size_t length)
{
    static const char *const own[] = {"localhost", "127.0.0.1", "[::1]"};
    struct httpd_names names = {0};
    bool is_own = false;

    must(httpd_names_set(&names, NULL, 0, NULL) == 0);
    if (httpd_names_has(&names, host, length)) {
        for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
            size_t own_length = strlen(own[i]);

            is_own =
                is_own || (length >= own_length && strncasecmp(host, own[i], own_length) == 0 &&
                           (length == own_length || host[own_length] == ':'));
        }
        must(is_own);
    }
    httpd_names_release(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct httpd_target target;
    struct err err = {.kind = ERR_NONE};

    check_host((const char *)data, size);
    if (httpd_target_parse(&target, (const char *)data, size, &err) == 0) {
        must(target.path[0] == '/');
        check_text(target.path);
        for (size_t i = 0; i < target.parameter_count; i++) {
            check_text(target.parameters[i].name);
            check_text(target.parameters[i].value ? target.parameters[i].value : "");
        }
        rewrite(&target);
        understand(&target, words_of_dump);
        understand(&target, words_of_slots);
    } else {
        must((err.kind == ERR_INPUT || err.kind == ERR_FULL) && err.text[0]);
    }
    httpd_target_release(&target);
    return 0;
}
