#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "feeds/rows.h"
#include "tests/recorded.h"

static void the_auto_path_is_the_shallowest_array_of_objects(void **state)
{
    static const struct {
        const char *document;
        int status;
        const char *path;
    } examples[] = {
        {"[{\"a\":1}]", 0, "$"},
        {"{\"items\":[{}]}", 0, "$.items"},
        {"{\"x\":1,\"data\":{\"n\":2,\"stations\":[{\"a\":[{\"b\":1}]},{}]}}", 0,
         "$.data.stations"},
        {"{\"deep\":{\"er\":[{}]},\"flat\":[{}],\"late\":[{}]}", 0, "$.flat"},
        {"{\"a\":{\"x\":[{}]},\"b\":{\"y\":[{}]}}", 0, "$.a.x"},
        {"{\"a\":[],\"b\":[1],\"c\":[{},1],\"d\":[{},null],\"e\":[[{}]],\"f\":[{}]}", 0, "$.f"},
        {"[{\"page\":1},[{\"v\":1},{\"v\":2}]]", 0, "$[1]"},
        {"[0,{\"list\":[{}]}]", 0, "$[1].list"},
        {"[0,{\"a\":5,\"b\":{\"list\":[{}],\"z\":[{}]},\"c\":0}]", 0, "$[1].b.list"},
        {"{\"odd name\":{\"it's\":[{}]}}", 0, "$['odd name']['it\\'s']"},
        {"{\"features\":[{\"g\":{\"c\":[1,2]}}],\"bbox\":[1]}", 0, "$.features"},
        {"\xEF\xBB\xBF[{}]", 0, "$"},
        {"{\"\xFF\":{\"x\":[{}]},\"a\":{\"b\":{\"c\":[{}]}}}", 0, "$.a.b.c"},
        {"{\"\xFF\":[{}]}", 1, ""}, /* no path can name it */
        {"[[1,2],[3]]", 1, ""},
        {"{\"a\":1}", 1, ""},
        {"5", 1, ""},
        {"[]", 1, ""},
        {"{\"a\":[{}]}\n{\"a\":[{}]}", 1, ""}, /* lines: each is a row */
        {"{\"a\":[{}]", -1, NULL},
        {"", -1, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const char *document = examples[i].document;
        struct buf path;
        struct err err = {.kind = ERR_NONE};

        buf_init(&path, 4096);
        if (rows_find_path(document, strlen(document), &path, &err) != examples[i].status)
            fail_msg("%s: not %d: %s", document, examples[i].status, err.text);
        if (examples[i].path && strcmp(buf_text(&path), examples[i].path) != 0)
            fail_msg("%s: found %s", document, buf_text(&path));
        buf_release(&path);
    }
}

static void bytes_are_judged_before_their_type(void **state)
{
    static const struct {
        const char *bytes;
        size_t length; /* 0: strlen */
        const char *type;
        enum feed_format format;
    } examples[] = {
        {"{\"a\":1}", 0, NULL, FORMAT_JSON},
        {" \r\n\t[1]", 0, "text/html", FORMAT_JSON},
        {"\xEF\xBB\xBF {}", 0, "", FORMAT_JSON},
        {"{}", 0, "application/x-ndjson; charset=utf-8", FORMAT_NDJSON},
        {"{}", 0, "application/JSONL", FORMAT_NDJSON},
        {"{}", 0, "application/geo+json-seq", FORMAT_NDJSON},
        {"{\"a\":1}\n{\"a\":2}\n", 0, "text/plain", FORMAT_NDJSON},
        {"{\"a\":1}\n\n", 0, "text/plain", FORMAT_JSON},
        {"{\n\"a\":1}\n", 0, NULL, FORMAT_JSON},
        {"{broken\n{}", 0, NULL, FORMAT_JSON},
        {"\n\r\n\x03"
         "2.0\x10\x00\x18\x80\x80\x80\x80\x01",
         15, NULL, FORMAT_GTFS_RT},
        {"\n\x05\n\x03"
         "2.0",
         0, "text/plain", FORMAT_GTFS_RT},
        {"\n\x05\n\x03"
         "2.0\x12\x02",
         9, NULL, FORMAT_TEXT}, /* cut off; but it is text */
        {"\n\x05\n\x03"
         "2.0\x12\x02",
         9, "application/x-protobuf", FORMAT_GTFS_RT},
        {"\n\x05\n\x03"
         "2.0\x00\x00",
         9, NULL, FORMAT_BINARY}, /* field 0 is none */
        {"\n\x05\n\x03"
         "2.0\x12\x00\x1B\x08\x01\x1C\x25"
         "1234",
         0x12, NULL, FORMAT_GTFS_RT},
        {"\n\x05\n\x03"
         "abc",
         0, NULL, FORMAT_TEXT},
        {"a,b\n1,2\n", 0, "text/csv; charset=x", FORMAT_CSV},
        {"a,b\n1,2\n", 0, "text/plain; note=csv", FORMAT_TEXT},
        {"42", 0, "application/json", FORMAT_JSON},
        {"42", 0, "application/vnd.api+json", FORMAT_JSON},
        {"<html>", 0, "text/html", FORMAT_TEXT},
        {"h\xC3\xA9llo", 0, NULL, FORMAT_TEXT},
        {"h\xC3llo", 0, NULL, FORMAT_BINARY},
        {"\xF0\x9F\x9A\x8C", 0, "", FORMAT_TEXT},
        {"\xC0\x80", 0, NULL, FORMAT_BINARY},
        {"a\0b", 3, NULL, FORMAT_BINARY},
        {"a\0b", 3, "image/png", FORMAT_BINARY},
        {"", 0, NULL, FORMAT_TEXT},
        {"", 0, "application/json", FORMAT_JSON},
    };

    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        size_t length = examples[i].length ? examples[i].length : strlen(examples[i].bytes);
        /* Exactly so long, so that reading over the end is seen. */
        char *bytes = malloc(length ? length : 1);

        assert_non_null(bytes);
        memcpy(bytes, examples[i].bytes, length);
        if (rows_judge(bytes, length, examples[i].type) != examples[i].format)
            fail_msg("%zu: judged %s", i,
                     feed_format_name(rows_judge(bytes, length, examples[i].type)));
        free(bytes);
    }
}

static void recorded_protobuf_is_judged_gtfs_rt(void **state)
{
    static const char *const files[] = {
        "gtfsrt-nyct-sequence/0001.pb", "gtfsrt-nyct-sequence/0020.pb",
        "gtfsrt-mbta-concentrate/alerts.pb", "gtfsrt-bullrunner/bullrunner-vehicle-positions"};

    (void)state;
    skip_without_data();
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        size_t length;
        char *bytes = read_data(files[i], &length);

        if (!bytes)
            fail_msg("%s is missing", files[i]);
        if (rows_judge(bytes, length, "application/octet-stream") != FORMAT_GTFS_RT)
            fail_msg("%s is not judged gtfs-rt", files[i]);
        if (rows_judge(bytes, length - 1, NULL) == FORMAT_GTFS_RT)
            fail_msg("%s cut off is judged gtfs-rt", files[i]);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_auto_path_is_the_shallowest_array_of_objects),
        cmocka_unit_test(bytes_are_judged_before_their_type),
        cmocka_unit_test(recorded_protobuf_is_judged_gtfs_rt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
