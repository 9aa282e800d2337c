/* The stream, our own walk, against yajl: what one takes the other must take, with the same events.
 * Two things are known and left out: yajl takes "\v" and "\f" as blanks, and spoils half pairs and
 * bytes that are no UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <yajl/yajl_parse.h>

#include "base/json.h"

enum { EVENTS_MAX = 1 << 16, CHANGES = 200000 };

/* Every event as a letter, texts behind it. */
static int put(void *cookie, const char *letter, const char *text, size_t length)
{
    return buf_append_text(cookie, letter) || json_write_string(cookie, text, length);
}
static int put_null(void *cookie)
{
    return buf_append_char(cookie, 'n');
}
static int put_bool(void *cookie, bool is_true)
{
    return buf_append_char(cookie, is_true ? 't' : 'f');
}
static int put_number(void *cookie, const char *text, size_t length)
{
    return put(cookie, "#", text, length);
}
static int put_string(void *cookie, const char *text, size_t length)
{
    return put(cookie, "s", text, length);
}
static int put_key(void *cookie, const char *text, size_t length)
{
    return put(cookie, "k", text, length);
}
static int put_object_start(void *cookie)
{
    return buf_append_char(cookie, '{');
}
static int put_object_end(void *cookie)
{
    return buf_append_char(cookie, '}');
}
static int put_array_start(void *cookie)
{
    return buf_append_char(cookie, '[');
}
static int put_array_end(void *cookie)
{
    return buf_append_char(cookie, ']');
}

static const struct json_events events = {
    put_null, put_bool,       put_number,      put_string,    put_object_start,
    put_key,  put_object_end, put_array_start, put_array_end,
};

/* yajl goes on after 1, not after 0. */
static int on_null(void *cookie)
{
    return !put_null(cookie);
}
static int on_bool(void *cookie, int is_true)
{
    return !put_bool(cookie, is_true);
}
static int on_number(void *cookie, const char *text, size_t length)
{
    return !put_number(cookie, text, length);
}
static int on_string(void *cookie, const unsigned char *text, size_t length)
{
    return !put_string(cookie, (const char *)text, length);
}
static int on_key(void *cookie, const unsigned char *text, size_t length)
{
    return !put_key(cookie, (const char *)text, length);
}
static int on_object_start(void *cookie)
{
    return !put_object_start(cookie);
}
static int on_object_end(void *cookie)
{
    return !put_object_end(cookie);
}
static int on_array_start(void *cookie)
{
    return !put_array_start(cookie);
}
static int on_array_end(void *cookie)
{
    return !put_array_end(cookie);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_bool,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_object_start,
    .yajl_map_key = on_key,
    .yajl_end_map = on_object_end,
    .yajl_start_array = on_array_start,
    .yajl_end_array = on_array_end,
};

static bool run_yajl(const char *text, size_t length, const char *more, struct buf *out)
{
    yajl_handle yajl = yajl_alloc(out ? &callbacks : NULL, NULL, out);
    bool is_fine;

    assert_non_null(yajl);
    yajl_config(yajl, yajl_dont_validate_strings, 1);
    is_fine = yajl_parse(yajl, (const unsigned char *)text, length) == yajl_status_ok &&
              yajl_parse(yajl, (const unsigned char *)more, strlen(more)) == yajl_status_ok &&
              yajl_complete_parse(yajl) == yajl_status_ok;
    yajl_free(yajl);
    return is_fine;
}

/* yajl does not mind the beginning of a word or a string behind the value. Of more bytes it does:
 * the line cannot be a part of them, and nothing else stands before the quote. */
static bool yajl_takes(const char *text, size_t length, struct buf *out)
{
    return run_yajl(text, length, "", out) && run_yajl(text, length, "\n\"", NULL);
}

/* What yajl is known to do in another way. */
static bool is_known(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (byte == '\v' || byte == '\f' || byte >= 0x80 ||
            (byte == '\\' && i + 2 < length && text[i + 1] == 'u' && (text[i + 2] | 0x20) == 'd'))
            return true;
    }
    return false;
}

static void compare(const char *text, size_t length)
{
    char *copy = malloc(length ? length : 1); /* so that a byte read behind it is seen */
    struct buf ours, theirs;
    struct err err = {0};
    bool is_fine;

    assert_non_null(copy);
    memcpy(copy, text, length);
    buf_init(&ours, EVENTS_MAX);
    buf_init(&theirs, EVENTS_MAX);
    is_fine = json_stream(copy, length, false, &events, &ours, &err) == 0;
    if (is_fine != yajl_takes(copy, length, &theirs))
        fail_msg("%s: the stream says %s", text, is_fine ? "yes" : err.text);
    if (is_fine && strcmp(buf_text(&ours), buf_text(&theirs)) != 0)
        fail_msg("%s: %s, but yajl: %s", text, buf_text(&ours), buf_text(&theirs));
    buf_release(&ours);
    buf_release(&theirs);
    free(copy);
}

static const char *const documents[] = {
    "{\"a\":[1,-0.5e-7,\"x\\u12aF\\\"\",true,null,[],{\"\":0}],\"\\u006bey\":false}",
    " [ {} , [ [ ] ] , \"\\b\\f\\n\\r\\t\\/\\\\\" , 10.25E+3 , -0 , \"\\u0000\\u001f\" ] \r\n",
    "[{\"id\":12,\"at\":[1.5,2]},{\"id\":13,\"at\":null,\"text\":\"plain and long enough\"}]",
    "\"\\u00e9\\u20AC\"",
    "-120.5e10",
    "true",
};

static const char bytes[] = "{}[]:,\"\\/u0129.eE+- \n\t\rtfnalrsxbFgG\x7f\x01";

static void stream_and_yajl_agree_on_every_changed_and_every_missing_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        size_t length = strlen(documents[i]);
        char text[128];

        for (size_t place = 0; place < length; place++) {
            for (size_t byte = 0; byte < sizeof bytes; byte++) {
                memcpy(text, documents[i], length + 1);
                text[place] = bytes[byte];
                if (!is_known(text, length))
                    compare(text, length);
            }
            memcpy(text, documents[i], place);
            memcpy(text + place, documents[i] + place + 1, length - place);
            compare(text, length - 1);
            text[place] = '\0';
            compare(text, place);
        }
        compare(documents[i], length);
    }
}

/* From a fixed start, so that it is the same every time. */
static uint32_t roll(uint32_t *dice, uint32_t faces)
{
    *dice = *dice * 1664525 + 1013904223;
    return (*dice >> 8) % faces;
}

static void stream_and_yajl_agree_on_documents_changed_in_several_places(void **state)
{
    uint32_t dice = 7;
    size_t taken = 0;

    (void)state;
    for (int i = 0; i < CHANGES; i++) {
        const char *document = documents[roll(&dice, sizeof documents / sizeof *documents)];
        size_t length = strlen(document);
        char text[128];

        memcpy(text, document, length + 1);
        for (uint32_t left = 2 + roll(&dice, 3); left > 0; left--)
            text[roll(&dice, (uint32_t)length)] = bytes[roll(&dice, sizeof bytes - 1)];
        if (is_known(text, length))
            continue;
        compare(text, length);
        taken++;
    }
    assert_true(taken > CHANGES / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_and_yajl_agree_on_every_changed_and_every_missing_byte),
        cmocka_unit_test(stream_and_yajl_agree_on_documents_changed_in_several_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
