/* A mistake in words: the checker reads the text once more, a byte at a time, up to the byte that
 * it refuses; the state in which it was tells what should have come. */
#include "base/json_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

struct place {
    size_t offset;
    int line, column;
};

struct search {
    const char *text;
    size_t length;
    struct json_checker checker;
    struct place here, token, comma; /* token: start of the last one; comma: the last one */
    struct place open[JSON_DEPTH_MAX];
    struct json_mistake *mistake;
};

void json_mistake_set(struct json_mistake *mistake, int line, int column, const char *format, ...)
{
    va_list arguments;

    mistake->line = line;
    mistake->column = column;
    va_start(arguments, format);
    if (vsnprintf(mistake->text, sizeof mistake->text, format, arguments) < 0)
        mistake->text[0] = '\0';
    va_end(arguments);
}

static void say(struct search *search, const struct place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct search *search, const struct place *place, const char *format, ...)
{
    char text[sizeof search->mistake->text];
    va_list arguments;

    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';
    va_end(arguments);
    json_mistake_set(search->mistake, place->line, place->column, "%s", text);
}

enum { SEEN_MAX = 48 };

static bool is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-' || c == '+' || c == '.';
}

/* A short string with its quotes. */
static void name_string(const char *start, size_t rest, char out[SEEN_MAX])
{
    const char *end = memchr(start + 1, '"', (rest < 32 ? rest : 32) - 1);
    size_t length = end ? (size_t)(end - start) + 1 : 0;

    if (end && utf8_valid(start, length) == length)
        snprintf(out, SEEN_MAX, "%.*s", (int)length, start);
    else
        snprintf(out, SEEN_MAX, "a string");
}

/* The word, number or single character at `offset`, quoted; a control byte by its number. */
static void name_token(const struct search *search, size_t offset, char out[SEEN_MAX])
{
    size_t length = 0, rest = search->length - offset;
    const char *start = search->text + offset;
    bool is_valid;

    while (length < rest && length < 30 && is_word_byte(start[length]))
        length++;
    if (length == 0)
        length = utf8_char(start, rest, &is_valid);
    else
        is_valid = true;
    if (!is_valid || (unsigned char)*start < 0x20 || *start == 0x7F)
        snprintf(out, SEEN_MAX, "the byte 0x%02X", (unsigned char)*start);
    else if (*start == '"')
        name_string(start, rest, out);
    else
        snprintf(out, SEEN_MAX, "\"%.*s\"", (int)length, start);
}

/* What to write instead of a word that other languages have. */
static const char *remedy_for(const char *seen)
{
    static const struct {
        const char *seen, *remedy;
    } words[] = {
        {"\"True\"", ": write true"},      {"\"TRUE\"", ": write true"},
        {"\"False\"", ": write false"},    {"\"FALSE\"", ": write false"},
        {"\"None\"", ": write null"},      {"\"nil\"", ": write null"},
        {"\"NULL\"", ": write null"},      {"\"Null\"", ": write null"},
        {"\"undefined\"", ": write null"}, {"\"NaN\"", ": write null"},
        {"\"nan\"", ": write null"},       {"\"Infinity\"", ": write null"},
        {"\"-Infinity\"", ": write null"}, {"\"inf\"", ": write null"},
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(seen, words[i].seen) == 0)
            return words[i].remedy;
    return ": strings stand in double quotes";
}

static void explain_word(struct search *search, const struct place *place)
{
    char seen[SEEN_MAX];
    char first = search->text[place->offset];

    name_token(search, place->offset, seen);
    if ((first >= '0' && first <= '9') || first == '.' || first == '+' ||
        (first == '-' && strcmp(seen, "\"-Infinity\"") != 0))
        say(search, place, "%s is not a number as JSON writes it", seen);
    else
        say(search, place, "%s is not a JSON value%s", seen, remedy_for(seen));
}

static bool is_quote(const struct search *search)
{
    const char *start = search->text + search->here.offset;
    size_t rest = search->length - search->here.offset;

    return *start == '\'' || *start == '`' ||
           (rest >= 3 && memcmp(start, "\xE2\x80", 2) == 0 &&
            ((unsigned char)start[2] & 0xF8) == 0x98);
}

static bool is_after_comma(const struct search *search)
{
    return search->comma.line && search->comma.offset >= search->token.offset;
}

static void explain_value(struct search *search)
{
    char byte = search->text[search->here.offset], seen[SEEN_MAX];

    name_token(search, search->here.offset, seen);
    if ((byte == ']' || byte == '}') && is_after_comma(search))
        say(search, &search->comma, "no comma may stand before %s: remove it", seen);
    else if (is_quote(search))
        say(search, &search->here, "strings stand in double quotes, not in %s", seen);
    else if (is_word_byte(byte))
        explain_word(search, &search->here);
    else if (byte == '/')
        say(search, &search->here, "expected a value, not \"/\": no comments are allowed here");
    else
        say(search, &search->here, "expected a value, not %s", seen);
}

static void explain_key(struct search *search)
{
    char byte = search->text[search->here.offset], seen[SEEN_MAX];

    name_token(search, search->here.offset, seen);
    if (byte == '}' && is_after_comma(search))
        say(search, &search->comma, "no comma may stand before %s: remove it", seen);
    else if (is_quote(search))
        say(search, &search->here, "keys stand in double quotes, not in %s", seen);
    else if (is_word_byte(byte))
        say(search, &search->here, "%s is not a key: keys stand in double quotes", seen);
    else
        say(search, &search->here, "expected a key in double quotes, not %s", seen);
}

/* Behind a value: mostly a forgotten comma, or the rest of something that began like a number. */
static void explain_after(struct search *search)
{
    const struct json_checker *checker = &search->checker;
    bool is_object = checker->depth && (checker->objects >> (checker->depth - 1) & 1);
    char byte = search->text[search->here.offset], seen[SEEN_MAX];
    bool touches = search->here.offset && is_word_byte(search->text[search->here.offset - 1]);

    name_token(search, search->here.offset, seen);
    if (is_word_byte(byte) && touches)
        explain_word(search, &search->token);
    else if (!checker->depth && checker->refused == CHECK_DONE)
        say(search, &search->here, "nothing may follow the value, not %s", seen);
    else if (!checker->depth)
        say(search, &search->here, "a blank is missing before %s", seen);
    else if (byte == '"' || byte == '{' || byte == '[' || is_word_byte(byte))
        say(search, &search->here, "a comma is missing before %s", seen);
    else
        say(search, &search->here, "expected \",\" or \"%c\", not %s", is_object ? '}' : ']', seen);
}

static void explain_string(struct search *search)
{
    unsigned char byte = (unsigned char)search->text[search->here.offset];

    if (byte == '\n' || byte == '\r')
        say(search, &search->token, "the string has no closing quote");
    else if (byte == '\t')
        say(search, &search->here, "a tab inside a string is written \\t");
    else
        say(search, &search->here, "the byte 0x%02X inside a string is written \\u%04x", byte,
            byte);
}

static void explain_escape(struct search *search)
{
    char seen[SEEN_MAX];
    unsigned char byte = (unsigned char)search->text[search->here.offset];

    if (byte > 0x20 && byte < 0x7F)
        snprintf(seen, sizeof seen, "\"\\%c\"", byte);
    else
        snprintf(seen, sizeof seen, "\"\\\" here");
    say(search, &search->here, "%s is not an escape: a backslash is written \\\\", seen);
}

static void explain_colon(struct search *search)
{
    char seen[SEEN_MAX];

    name_token(search, search->here.offset, seen);
    say(search, &search->here, "expected \":\" after the key, not %s", seen);
}

static void explain_hex(struct search *search)
{
    say(search, &search->here, "\"\\u\" needs four hexadecimal digits");
}

static void explain_slash(struct search *search)
{
    say(search, &search->token, "a comment starts with \"//\" or \"/*\"");
}

/* What began like a number or a word and is none. */
static void explain_token(struct search *search)
{
    explain_word(search, &search->token);
}

/* By the state in which the byte was refused; NULL: inside a number or a word. */
static void (*const explanations[])(struct search *search) = {
    [CHECK_START] = explain_value,      [CHECK_VALUE] = explain_value,
    [CHECK_FIRST_ITEM] = explain_value, [CHECK_FIRST_KEY] = explain_key,
    [CHECK_KEY] = explain_key,          [CHECK_COLON] = explain_colon,
    [CHECK_AFTER] = explain_after,      [CHECK_DONE] = explain_after,
    [CHECK_SCALAR_END] = explain_after, [CHECK_BRACKET_END] = explain_after,
    [CHECK_STRING] = explain_string,    [CHECK_ESCAPE] = explain_escape,
    [CHECK_HEX] = explain_hex,          [CHECK_SLASH] = explain_slash,
    [CHECK_BROKEN] = explain_token,
};

static void explain_byte(struct search *search)
{
    void (*explain)(struct search *) = explanations[search->checker.refused];

    if (explain)
        explain(search);
    else
        explain_token(search);
}

static void explain_end(struct search *search)
{
    enum check_state state = search->checker.state;
    const struct place *open;

    if (state >= CHECK_STRING && state <= CHECK_HEX) {
        say(search, &search->token, "the string has no closing quote");
    } else if (state == CHECK_BLOCK_COMMENT || state == CHECK_BLOCK_STAR) {
        say(search, &search->token, "the comment has no \"*/\"");
    } else if (state == CHECK_SLASH) {
        say(search, &search->token, "a comment starts with \"//\" or \"/*\"");
    } else if (state >= CHECK_BOM && state <= CHECK_E_SIGN && state != CHECK_ZERO &&
               state != CHECK_DIGITS && state != CHECK_FRACTION) {
        explain_word(search, &search->token);
    } else if (search->checker.depth) {
        open = &search->open[search->checker.depth - 1];
        say(search, &search->here, "the text ends, but the \"%c\" of line %d, column %d is open",
            search->text[open->offset], open->line, open->column);
    } else {
        say(search, &search->here, "the text is empty");
    }
}

/* Remembers where the token starts that the byte at `here` began. */
static void note_token(struct search *search, enum check_state before, unsigned depth_before)
{
    enum check_state now = search->checker.state;
    char byte = search->text[search->here.offset];
    bool was_between = before <= CHECK_BRACKET_END;

    if (search->checker.depth > depth_before)
        search->open[depth_before] = search->here;
    if (byte == ',' && now <= CHECK_BRACKET_END)
        search->comma = search->here;
    else if (was_between && now != before && now != CHECK_BROKEN && !strchr(" \t\r\n", byte))
        search->token = search->here;
}

/* Nobody can read a line number in a file whose every second byte is NUL. */
static bool explain_encoding(struct search *search)
{
    const char *text = search->text;

    if (search->length < 2 || !(memcmp(text, "\xFF\xFE", 2) == 0 ||
                                memcmp(text, "\xFE\xFF", 2) == 0 || !text[0] || !text[1]))
        return false;
    json_mistake_set(search->mistake, 1, 1, "the text is UTF-16 or binary: save it as UTF-8");
    return true;
}

bool json_explain(const char *text, size_t length, const struct json_checker *start,
                  struct json_mistake *mistake)
{
    struct search search = {.text = text, .length = length, .checker = *start, .mistake = mistake};

    search.here.line = search.here.column = 1;
    if (explain_encoding(&search))
        return true;
    search.token = search.here;
    for (; search.here.offset < length; search.here.offset++) {
        enum check_state state = search.checker.state;
        unsigned depth = search.checker.depth;

        json_checker_step(&search.checker, (unsigned char)text[search.here.offset]);
        if (search.checker.is_too_deep)
            say(&search, &search.here, "nested more than %d deep", JSON_DEPTH_MAX);
        else if (search.checker.state == CHECK_BROKEN)
            explain_byte(&search);
        if (search.checker.state == CHECK_BROKEN)
            return true;
        note_token(&search, state, depth);
        search.here.column++;
        if (text[search.here.offset] == '\n') {
            search.here.line++;
            search.here.column = 1;
        }
    }
    if (json_checker_may_end(&search.checker))
        return false;
    explain_end(&search);
    return true;
}
