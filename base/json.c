/* The tree: yajl's callbacks become nodes; where each begins is found by reading on from the end of
 * the token before it. */
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_check.h"
#include "base/json_text.h"
#include "base/json_yajl.h"
#include "base/utf8.h"

struct tree {
    struct json_yajl yajl;
    size_t offset; /* end of the last token */
    int line, column;
    struct json *root;
    struct json *open[JSON_DEPTH_MAX];
    unsigned depth;
    struct json_mistake *mistake;
};

static int fail(struct tree *tree, int line, int column, const char *text)
{
    json_mistake_set(tree->mistake, line, column, "%s", text);
    return 0;
}

static void move_to(struct tree *tree, size_t offset)
{
    const char *text = tree->yajl.text;

    for (; tree->offset < offset; tree->offset++) {
        tree->column++;
        if (text[tree->offset] == '\n') {
            tree->line++;
            tree->column = 1;
        }
    }
}

/* The end of the comment at `offset`; yajl has seen that it has one. */
static size_t comment_end(const struct tree *tree, size_t offset)
{
    const char *start = tree->yajl.text + offset;
    size_t rest = tree->yajl.length - offset;
    const char *end =
        start[1] == '/' ? memchr(start, '\n', rest) : memmem(start + 2, rest - 2, "*/", 2);

    if (!end)
        return tree->yajl.length;
    return (size_t)(end - tree->yajl.text) + (start[1] == '/' ? 1 : 2);
}

/* Moves to the start of the next token. */
static void skip_between(struct tree *tree)
{
    const char *text = tree->yajl.text;
    size_t offset = tree->offset;

    while (offset < tree->yajl.length && text[offset] && strchr(" \t\r\n,:/", text[offset]))
        offset = text[offset] == '/' ? comment_end(tree, offset) : offset + 1;
    move_to(tree, offset);
}

/* Puts `value` (taken, even on failure) where it belongs. */
static int attach(struct tree *tree, struct json *value)
{
    struct json *parent = tree->depth ? tree->open[tree->depth - 1] : NULL;
    struct json **items;
    size_t capacity;

    if (!parent) {
        tree->root = value;
        return 0;
    }
    if (parent->type == JSON_OBJECT) {
        parent->members[parent->count - 1].value = value;
        return 0;
    }
    /* Full at 0, 1, 2, 4, 8 …: so no capacity needs to be kept. */
    if ((parent->count & (parent->count - 1)) == 0) {
        capacity = parent->count ? parent->count * 2 : 1;
        items = realloc(parent->items, capacity * sizeof(struct json *));
        if (!items) {
            json_free(value);
            return -1;
        }
        parent->items = items;
    }
    parent->items[parent->count++] = value;
    return 0;
}

/* NULL: no memory. */
static struct json *add(struct tree *tree, enum json_type type)
{
    struct json *value = calloc(1, sizeof *value);

    if (!value)
        return NULL;
    skip_between(tree);
    value->type = type;
    value->line = tree->line;
    value->column = tree->column;
    move_to(tree, json_yajl_offset(&tree->yajl));
    return attach(tree, value) ? NULL : value;
}

static int on_null(void *cookie)
{
    struct tree *tree = cookie;
    return add(tree, JSON_NULL) != NULL;
}

static int on_boolean(void *cookie, int is_true)
{
    struct tree *tree = cookie;
    struct json *value = add(tree, JSON_BOOL);

    if (value)
        value->is_true = is_true != 0;
    return value != NULL;
}

static int on_number(void *cookie, const char *text, size_t length)
{
    struct tree *tree = cookie;
    struct json *value = add(tree, JSON_NUMBER);

    if (!value)
        return 0;
    value->text = strndup(text, length);
    value->length = length;
    return value->text != NULL;
}

/* The string that ends at `tree->offset`, decoded and terminated; NULL: told, or no memory. */
static char *read_string(struct tree *tree, int line, int column, size_t start, size_t *length)
{
    const char *raw = tree->yajl.text + start + 1;
    size_t raw_length = tree->offset - start - 2, valid = utf8_valid(raw, raw_length);
    char *text;

    if (valid < raw_length) {
        json_mistake_set(tree->mistake, line, column + 1 + (int)valid,
                         "the byte 0x%02X is not UTF-8: save the file as UTF-8",
                         (unsigned char)raw[valid]);
        return NULL;
    }
    text = malloc(raw_length + 1);
    if (!text)
        return NULL;
    *length = json_text_unescape(text, raw, raw_length);
    text[*length] = '\0';
    if (utf8_valid(text, *length) == *length)
        return text;
    fail(tree, line, column, "the string has half of a surrogate pair, which is not UTF-8");
    free(text);
    return NULL;
}

static int on_string(void *cookie, const unsigned char *text, size_t length)
{
    struct tree *tree = cookie;
    struct json *value = add(tree, JSON_STRING);
    size_t start;

    (void)text; /* yajl's decoding spoils lone surrogates */
    (void)length;
    if (!value)
        return 0;
    start = tree->offset - (size_t)(tree->column - value->column);
    value->text = read_string(tree, value->line, value->column, start, &value->length);
    return value->text != NULL;
}

static int on_key(void *cookie, const unsigned char *text, size_t length)
{
    struct tree *tree = cookie;
    struct json *object = tree->open[tree->depth - 1];
    struct json_member *members, member = {0};
    size_t start, capacity;

    (void)text;
    (void)length;
    skip_between(tree);
    member.line = tree->line;
    member.column = tree->column;
    start = tree->offset;
    move_to(tree, json_yajl_offset(&tree->yajl));
    member.key = read_string(tree, member.line, member.column, start, &length);
    if (!member.key)
        return 0;
    if (strlen(member.key) != length) {
        free(member.key);
        return fail(tree, member.line, member.column, "a key may not hold \\u0000");
    }
    if ((object->count & (object->count - 1)) == 0) {
        capacity = object->count ? object->count * 2 : 1;
        members = realloc(object->members, capacity * sizeof member);
        if (!members) {
            free(member.key);
            return 0;
        }
        object->members = members;
    }
    object->members[object->count++] = member;
    return 1;
}

static int start_bracket(struct tree *tree, enum json_type type)
{
    struct json *value = add(tree, type);

    if (!value || tree->depth == JSON_DEPTH_MAX)
        return 0;
    tree->open[tree->depth++] = value;
    return 1;
}

static int on_object_start(void *cookie)
{
    struct tree *tree = cookie;
    return start_bracket(tree, JSON_OBJECT);
}

static int on_array_start(void *cookie)
{
    struct tree *tree = cookie;
    return start_bracket(tree, JSON_ARRAY);
}

static int on_bracket_end(void *cookie)
{
    struct tree *tree = cookie;

    skip_between(tree);
    move_to(tree, json_yajl_offset(&tree->yajl));
    tree->depth--;
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_object_start,
    .yajl_map_key = on_key,
    .yajl_end_map = on_bracket_end,
    .yajl_start_array = on_array_start,
    .yajl_end_array = on_bracket_end,
};

/* The checker goes first: it knows line, column and words, and yajl lets some things pass. */
struct json *json_parse(const char *text, size_t length, struct json_mistake *mistake)
{
    struct tree tree = {.line = 1, .column = 1, .mistake = mistake};
    struct json_checker checker;

    memset(mistake, 0, sizeof *mistake);
    json_yajl_init(&tree.yajl, text, length);
    json_checker_init(&checker, false, true);
    checker.state = CHECK_VALUE; /* the byte order mark is gone */
    if (json_explain(tree.yajl.text, tree.yajl.length, &checker, mistake))
        return NULL;
    tree.yajl.has_comments = true;
    switch (json_yajl_run(&tree.yajl, &callbacks, &tree)) {
    case YAJL_RUN_DONE:
        return tree.root;
    case YAJL_RUN_ILL_FORMED:
        fail(&tree, tree.line, tree.column, "this is not JSON");
        break;
    case YAJL_RUN_STOPPED:
    case YAJL_RUN_NO_MEMORY:
        if (!mistake->text[0])
            fail(&tree, tree.line, tree.column, "out of memory");
        break;
    }
    json_free(tree.root);
    return NULL;
}

void json_free(struct json *json)
{
    if (!json)
        return;
    if (json->type == JSON_OBJECT)
        for (size_t i = 0; i < json->count; i++) {
            free(json->members[i].key);
            json_free(json->members[i].value);
        }
    if (json->type == JSON_ARRAY)
        for (size_t i = 0; i < json->count; i++)
            json_free(json->items[i]);
    free(json->members);
    free(json->items);
    free(json->text);
    free(json);
}

/* -1: no memory; what was cloned so far is whole enough for json_free. */
static int clone_items(struct json *clone, const struct json *json)
{
    clone->items = calloc(json->count, sizeof(struct json *));
    if (!clone->items)
        return -1;
    for (; clone->count < json->count; clone->count++) {
        clone->items[clone->count] = json_clone(json->items[clone->count]);
        if (!clone->items[clone->count])
            return -1;
    }
    return 0;
}

static int clone_members(struct json *clone, const struct json *json)
{
    clone->members = calloc(json->count, sizeof *clone->members);
    if (!clone->members)
        return -1;
    while (clone->count < json->count) {
        const struct json_member *from = &json->members[clone->count];
        struct json_member *member = &clone->members[clone->count++];

        *member = (struct json_member){.line = from->line, .column = from->column};
        member->key = strdup(from->key);
        member->value = json_clone(from->value);
        if (!member->key || !member->value)
            return -1;
    }
    return 0;
}

struct json *json_clone(const struct json *json)
{
    struct json *clone = malloc(sizeof *clone);

    if (!clone)
        return NULL;
    *clone = (struct json){.type = json->type,
                           .line = json->line,
                           .column = json->column,
                           .is_true = json->is_true,
                           .length = json->length};
    if (json->text) {
        clone->text = malloc(json->length + 1);
        if (!clone->text)
            goto fail;
        memcpy(clone->text, json->text, json->length + 1);
    }
    if (json->type == JSON_ARRAY && json->count && clone_items(clone, json))
        goto fail;
    if (json->type == JSON_OBJECT && json->count && clone_members(clone, json))
        goto fail;
    return clone;
fail:
    json_free(clone);
    return NULL;
}

const struct json *json_get(const struct json *object, const char *key)
{
    if (!object || object->type != JSON_OBJECT)
        return NULL;
    for (size_t i = object->count; i > 0; i--)
        if (strcmp(object->members[i - 1].key, key) == 0)
            return object->members[i - 1].value;
    return NULL;
}
