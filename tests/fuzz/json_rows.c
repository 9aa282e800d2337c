/* Rows of JSON. The first line is j or n (NDJSON) and the path, the second `columns`, each may be
 * empty; the rest is the body. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_path.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/rows_claims.h"

static bool checker_says(const char *bytes, size_t length, bool is_many, size_t piece)
{
    struct json_checker *checker = json_checker_new(is_many);
    bool is_well_formed;

    must(checker);
    for (size_t at = 0; at < length; at += piece)
        json_checker_feed(checker, bytes + at, length - at < piece ? length - at : piece);
    is_well_formed = json_checker_finish(checker);
    json_checker_free(checker);
    return is_well_formed;
}

/* The checker, whole and in pieces, and the stream agree on what is well-formed. */
static bool is_well_formed(const char *bytes, size_t length, bool is_many)
{
    static const struct json_events none = {0};
    struct err err = {.kind = ERR_NONE};
    bool is_good = json_stream(bytes, length, is_many, &none, NULL, &err) == 0;

    must(is_good == (err.kind == ERR_NONE));
    must(checker_says(bytes, length, is_many, 1) == is_good);
    must(checker_says(bytes, length, is_many, 7) == is_good);
    must(checker_says(bytes, length, is_many, length + 1) == is_good);
    return is_good;
}

/* A path that was found is in its normal form, and rows come of it. */
static void find_path(const char *bytes, size_t length)
{
    struct buf found, normal;
    struct json_path path;
    struct err err = {.kind = ERR_NONE};
    int status;

    buf_init(&found, (size_t)1 << 24);
    buf_init(&normal, (size_t)1 << 24);
    status = rows_find_path(bytes, length, &found, &err);
    must((status >= 0) == is_well_formed(bytes, length, true));
    if (status == 0) {
        struct rows_case body = {.format = FORMAT_JSON, .bytes = bytes, .length = length};

        body.path = buf_text(&found);
        must(json_path_parse(&path, body.path, &err) == 0);
        must(json_path_write(&path, &normal) == 0);
        must(strcmp(buf_text(&normal), body.path) == 0);
        must(rows_claims(&body, &err) == (is_well_formed(bytes, length, false) ? 0 : -1));
        json_path_release(&path);
    }
    buf_release(&found);
    buf_release(&normal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {(const char *)data, size};
    char *path = input_line(&input), *columns = input_line(&input);
    bool is_many = *path == 'n';
    size_t length;
    char *bytes = input_rest(&input, &length);
    struct rows_case body = {.format = is_many ? FORMAT_NDJSON : FORMAT_JSON,
                             .path = *path && path[1] ? path + 1 : NULL,
                             .columns = *columns ? columns : NULL,
                             .bytes = bytes,
                             .length = length};
    struct err err;
    int status = rows_claims(&body, &err);

    if (status <= 0)
        must((status == 0) == is_well_formed(bytes, length, is_many));
    find_path(bytes, length);
    free(path);
    free(columns);
    free(bytes);
    return 0;
}
