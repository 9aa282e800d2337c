#include "base/json_path.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_text.h"
#include "base/utf8.h"

/* RFC 9535, 2.1: indices stay exact in a double. */
#define INDEX_MAX INT64_C(9007199254740991)

struct parser {
    const char *text, *next;
    struct json_path *path;
    struct err *err;
};

static int mistake(const struct parser *parser, const char *place, const char *what)
{
    return err_set(parser->err, ERR_INPUT, "column %zu: %s", (size_t)(place - parser->text) + 1,
                   what);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* RFC 9535's name-char, and "-" and a digit anywhere, because real keys are like that (20-01). */
static bool is_name_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-' || (unsigned char)c >= 0x80;
}

static size_t plain_length(const char *name)
{
    size_t length = 0;

    while (is_name_byte(name[length]))
        length++;
    return length;
}

/* Takes `name`, even on failure. */
static int add_step(struct parser *parser, enum json_step_kind kind, char *name, size_t length)
{
    struct json_path *path = parser->path;
    struct json_step *steps;

    if (path->count == JSON_DEPTH_MAX) {
        free(name);
        return mistake(parser, parser->next, "a path has 64 steps at most");
    }
    steps = realloc(path->steps, (path->count + 1) * sizeof *steps);
    if (!steps) {
        free(name);
        return err_memory(parser->err);
    }
    path->steps = steps;
    steps[path->count++] = (struct json_step){.kind = kind, .name = name, .length = length};
    return 0;
}

/* After the dot. */
static int read_plain_name(struct parser *parser)
{
    size_t length = plain_length(parser->next);
    char *name;

    if (*parser->next == '*') {
        parser->next++;
        return add_step(parser, STEP_ANY_NAME, NULL, 0);
    }
    if (*parser->next == '.')
        return mistake(parser, parser->next - 1, "\"..\" is not supported");
    if (length == 0)
        return mistake(parser, parser->next, "expected a name or \"*\" after the dot");
    if (utf8_valid(parser->next, length) != length)
        return mistake(parser, parser->next, "the name is not UTF-8");
    name = strndup(parser->next, length);
    if (!name)
        return err_memory(parser->err);
    parser->next += length;
    return add_step(parser, STEP_NAME, name, length);
}

/* The length of the escape at `place`, 0: wrong. `quote` may be escaped, the other quote may not.
 */
static size_t escape_length(const char *place, char quote)
{
    size_t digits = 0;

    if (place[1] == quote || (place[1] && strchr("bfnrt/\\", place[1])))
        return 2;
    if (place[1] != 'u')
        return 0;
    while (digits < 4 && place[2 + digits] && strchr("0123456789abcdefABCDEF", place[2 + digits]))
        digits++;
    return digits == 4 ? 6 : 0;
}

/* The closing quote of the name at `next`; NULL: there is a mistake, told. */
static const char *find_quote(const struct parser *parser, char quote)
{
    const char *place = parser->next;

    while (*place != quote) {
        size_t step = *place == '\\' ? escape_length(place, quote) : 1;
        const char *wrong = NULL;

        if (!*place)
            wrong = "the name has no closing quote";
        else if ((unsigned char)*place < 0x20)
            wrong = "a control character in a name needs an escape";
        else if (step == 0)
            wrong = "not an escape that JSON has";
        if (wrong) {
            mistake(parser, *place ? place : parser->next - 1, wrong);
            return NULL;
        }
        place += step;
    }
    return place;
}

static int read_quoted_name(struct parser *parser)
{
    char quote = *parser->next++, *name;
    const char *start = parser->next, *end = find_quote(parser, quote);
    size_t length;

    if (!end)
        return -1;
    name = malloc((size_t)(end - start) + 1);
    if (!name)
        return err_memory(parser->err);
    length = json_text_unescape(name, start, (size_t)(end - start));
    name[length] = '\0';
    if (utf8_valid(name, length) != length) {
        free(name);
        return mistake(parser, start, "the name is not UTF-8");
    }
    parser->next = end + 1;
    return add_step(parser, STEP_NAME, name, length);
}

static int read_index(struct parser *parser)
{
    const char *start = parser->next;
    int64_t index = 0;

    for (; *parser->next >= '0' && *parser->next <= '9'; parser->next++) {
        index = index * 10 + (*parser->next - '0');
        if (index > INDEX_MAX)
            return mistake(parser, start, "the index is too large");
    }
    if (*start == '0' && parser->next - start > 1)
        return mistake(parser, start, "an index may not start with 0");
    if (add_step(parser, STEP_INDEX, NULL, 0))
        return -1;
    parser->path->steps[parser->path->count - 1].index = index;
    return 0;
}

static void skip_blanks(struct parser *parser)
{
    while (is_blank(*parser->next))
        parser->next++;
}

/* After the bracket. */
static int read_selector(struct parser *parser)
{
    int status;

    skip_blanks(parser);
    if (*parser->next == '\'' || *parser->next == '"') {
        status = read_quoted_name(parser);
    } else if (*parser->next == '*') {
        parser->next++;
        status = add_step(parser, STEP_ANY_INDEX, NULL, 0);
    } else if (*parser->next >= '0' && *parser->next <= '9') {
        status = read_index(parser);
    } else if (*parser->next == '-') {
        status = mistake(parser, parser->next, "an index from the end is not supported");
    } else if (*parser->next == '?') {
        status = mistake(parser, parser->next, "filters are not supported");
    } else {
        status = mistake(parser, parser->next, "expected an index, \"*\" or a name in quotes");
    }
    if (status)
        return -1;
    skip_blanks(parser);
    if (*parser->next == ':')
        return mistake(parser, parser->next, "slices are not supported");
    if (*parser->next == ',')
        return mistake(parser, parser->next, "several selectors in one bracket are not supported");
    if (*parser->next != ']')
        return mistake(parser, parser->next, "expected \"]\"");
    parser->next++;
    return 0;
}

int json_path_parse(struct json_path *path, const char *text, struct err *err)
{
    struct parser parser = {.text = text, .next = text, .path = path, .err = err};
    int status = 0;

    *path = (struct json_path){.is_relative = *text == '@'};
    if (*text != '$' && *text != '@')
        return mistake(&parser, text, "a path starts with \"$\" or \"@\"");
    parser.next++;
    while (*parser.next && status == 0) {
        char first = *parser.next++;

        if (first == '.')
            status = read_plain_name(&parser);
        else if (first == '[')
            status = read_selector(&parser);
        else
            status = mistake(&parser, parser.next - 1, "expected \".\" or \"[\"");
    }
    if (status)
        json_path_release(path);
    return status;
}

void json_path_release(struct json_path *path)
{
    for (size_t i = 0; i < path->count; i++)
        free(path->steps[i].name);
    free(path->steps);
    *path = (struct json_path){0};
}

/* RFC 9535, 2.7: in single quotes, with the escapes that it requires. */
static int write_quoted(struct buf *out, const char *name, size_t length)
{
    static const char letters[] = "'\\bfnrt", meant[] = "'\\\b\f\n\r\t";

    if (buf_append_text(out, "['"))
        return -1;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)name[i];
        const char *found = memchr(meant, c, sizeof meant - 1);
        int status;

        if (found)
            status = buf_printf(out, "\\%c", letters[found - meant]);
        else if (c < 0x20)
            status = buf_printf(out, "\\u%04x", c);
        else
            status = buf_append_char(out, (char)c);
        if (status)
            return -1;
    }
    return buf_append_text(out, "']");
}

static int write_step(struct buf *out, const struct json_step *step)
{
    switch (step->kind) {
    case STEP_NAME:
        if (step->length == 0 || plain_length(step->name) != step->length)
            return write_quoted(out, step->name, step->length);
        return buf_append_char(out, '.') || buf_append(out, step->name, step->length) ? -1 : 0;
    case STEP_INDEX:
        return buf_printf(out, "[%lld]", step->index);
    case STEP_ANY_INDEX:
        return buf_append_text(out, "[*]");
    case STEP_ANY_NAME:
        return buf_append_text(out, ".*");
    }
    return -1;
}

int json_path_write(const struct json_path *path, struct buf *out)
{
    if (buf_append_char(out, path->is_relative ? '@' : '$'))
        return -1;
    for (size_t i = 0; i < path->count; i++)
        if (write_step(out, &path->steps[i]))
            return -1;
    return 0;
}
