/* Paths: what is read, written and read again is the same path. */
#include "base/json_path.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "tests/fuzz/input.h"

static void compare(const struct json_path *one, const struct json_path *other)
{
    must(one->is_relative == other->is_relative && one->count == other->count);
    for (size_t i = 0; i < one->count; i++) {
        const struct json_step *left = &one->steps[i], *right = &other->steps[i];

        must(left->kind == right->kind && left->index == right->index);
        must(left->length == right->length);
        if (left->kind == STEP_NAME) {
            must(memcmp(left->name, right->name, left->length) == 0);
            must(utf8_valid(left->name, left->length) == left->length);
        }
    }
}

static void rewrite(const struct json_path *path)
{
    struct json_path again;
    struct buf text, second;
    struct err err;

    buf_init(&text, (size_t)1 << 20);
    buf_init(&second, (size_t)1 << 20);
    must(json_path_write(path, &text) == 0);
    must(json_path_parse(&again, buf_text(&text), &err) == 0);
    compare(path, &again);
    must(json_path_write(&again, &second) == 0);
    must(strcmp(buf_text(&text), buf_text(&second)) == 0);
    json_path_release(&again);
    buf_release(&text);
    buf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = size ? strndup((const char *)data, size) : strdup("");
    struct err err = {.kind = ERR_NONE};
    struct json_path path;

    must(text);
    if (json_path_parse(&path, text, &err) == 0) {
        rewrite(&path);
        json_path_release(&path);
    } else {
        unsigned long column;

        must(err.kind == ERR_INPUT && strncmp(err.text, "column ", 7) == 0);
        column = strtoul(err.text + 7, NULL, 10);
        must(column >= 1 && column <= strlen(text) + 1);
    }
    free(text);
    return 0;
}
