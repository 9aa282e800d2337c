#include "base/json_check.h"

#include <stdlib.h>
#include <string.h>

static void refuse(struct json_checker *checker)
{
    checker->refused = checker->state;
    checker->state = CHECK_BROKEN;
}

static bool is_blank(unsigned char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static bool in_object(const struct json_checker *checker)
{
    return checker->depth && (checker->objects >> (checker->depth - 1) & 1);
}

static void end_value(struct json_checker *checker, enum check_state end_at_top)
{
    checker->state = checker->depth ? CHECK_AFTER : checker->is_many ? end_at_top : CHECK_DONE;
}

static void open_bracket(struct json_checker *checker, bool is_object)
{
    uint64_t bit;

    if (checker->depth == JSON_DEPTH_MAX) {
        checker->is_too_deep = true;
        refuse(checker);
        return;
    }
    bit = UINT64_C(1) << checker->depth++;
    checker->objects = is_object ? checker->objects | bit : checker->objects & ~bit;
    checker->state = is_object ? CHECK_FIRST_KEY : CHECK_FIRST_ITEM;
}

static void close_bracket(struct json_checker *checker)
{
    checker->depth--;
    end_value(checker, CHECK_BRACKET_END);
}

static void start_string(struct json_checker *checker, bool is_key)
{
    checker->is_key = is_key;
    checker->state = CHECK_STRING;
}

static void start_word(struct json_checker *checker, enum check_state state, const char *rest)
{
    checker->rest = rest;
    checker->state = state;
}

static void start_value(struct json_checker *checker, unsigned char byte)
{
    if (byte == '"')
        start_string(checker, false);
    else if (byte == '{' || byte == '[')
        open_bracket(checker, byte == '{');
    else if (byte == '-')
        checker->state = CHECK_MINUS;
    else if (byte == '0')
        checker->state = CHECK_ZERO;
    else if (byte >= '1' && byte <= '9')
        checker->state = CHECK_DIGITS;
    else if (byte == 't')
        start_word(checker, CHECK_WORD, "rue");
    else if (byte == 'f')
        start_word(checker, CHECK_WORD, "alse");
    else if (byte == 'n')
        start_word(checker, CHECK_WORD, "ull");
    else
        refuse(checker);
}

static void step_after(struct json_checker *checker, unsigned char byte)
{
    bool is_object = in_object(checker);

    if (byte == ',')
        checker->state = is_object ? CHECK_KEY : CHECK_VALUE;
    else if (byte == (is_object ? '}' : ']'))
        close_bracket(checker);
    else
        refuse(checker);
}

/* Between two tokens, where blanks and comments may be; `byte` is neither. */
static void step_between(struct json_checker *checker, unsigned char byte)
{
    enum check_state state = checker->state;

    if (state == CHECK_START && byte == 0xEF)
        start_word(checker, CHECK_BOM, "\xBB\xBF");
    else if (state == CHECK_FIRST_ITEM && byte == ']')
        close_bracket(checker);
    else if (state == CHECK_FIRST_KEY && byte == '}')
        close_bracket(checker);
    else if (state == CHECK_FIRST_KEY || state == CHECK_KEY)
        byte == '"' ? start_string(checker, true) : refuse(checker);
    else if (state == CHECK_COLON)
        byte == ':' ? (void)(checker->state = CHECK_VALUE) : refuse(checker);
    else if (state == CHECK_AFTER)
        step_after(checker, byte);
    else if (state == CHECK_DONE && !checker->is_many)
        refuse(checker);
    else if (state == CHECK_SCALAR_END)
        refuse(checker);
    else if (state == CHECK_BRACKET_END && byte != '{' && byte != '[')
        refuse(checker);
    else
        start_value(checker, byte);
}

static void step_blank(struct json_checker *checker)
{
    if (checker->state == CHECK_START)
        checker->state = CHECK_VALUE;
    else if (checker->state == CHECK_SCALAR_END || checker->state == CHECK_BRACKET_END)
        checker->state = CHECK_DONE;
}

static void step_word(struct json_checker *checker, unsigned char byte)
{
    if (byte != (unsigned char)*checker->rest)
        refuse(checker);
    else if (*++checker->rest)
        return;
    else if (checker->state == CHECK_BOM)
        checker->state = CHECK_VALUE;
    else
        end_value(checker, CHECK_SCALAR_END);
}

static void step_string(struct json_checker *checker, unsigned char byte)
{
    if (byte == '\\')
        checker->state = CHECK_ESCAPE;
    else if (byte < 0x20)
        refuse(checker);
    else if (byte == '"' && checker->is_key)
        checker->state = CHECK_COLON;
    else if (byte == '"')
        end_value(checker, CHECK_SCALAR_END);
}

static void step_escape(struct json_checker *checker, unsigned char byte)
{
    if (byte == 'u') {
        checker->hex_digits = 4;
        checker->state = CHECK_HEX;
    } else if (byte && strchr("\"\\/bfnrt", byte)) {
        checker->state = CHECK_STRING;
    } else {
        refuse(checker);
    }
}

static void step_hex(struct json_checker *checker, unsigned char byte)
{
    unsigned char letter = byte | 0x20;

    if (!(byte >= '0' && byte <= '9') && !(letter >= 'a' && letter <= 'f'))
        refuse(checker);
    else if (--checker->hex_digits == 0)
        checker->state = CHECK_STRING;
}

/* Behind an unfinished number (-, 1., 1e) nothing but its next part may come. */
static void step_number(struct json_checker *checker, unsigned char byte)
{
    enum { ZERO, DIGIT, POINT, E, SIGN, OTHER, KINDS };
    static const unsigned char next[][KINDS] = {
        /* 0 1-9 . e + other; 0: refused */
        {CHECK_ZERO, CHECK_DIGITS, 0, 0, 0, 0},                                     /* MINUS */
        {CHECK_DONE, CHECK_DONE, CHECK_POINT, CHECK_E, CHECK_DONE, CHECK_DONE},     /* ZERO */
        {CHECK_DIGITS, CHECK_DIGITS, CHECK_POINT, CHECK_E, CHECK_DONE, CHECK_DONE}, /* DIGITS */
        {CHECK_FRACTION, CHECK_FRACTION, 0, 0, 0, 0},                               /* POINT */
        {CHECK_FRACTION, CHECK_FRACTION, CHECK_DONE, CHECK_E, CHECK_DONE, CHECK_DONE},
        {CHECK_EXPONENT, CHECK_EXPONENT, 0, 0, CHECK_E_SIGN, 0}, /* E */
        {CHECK_EXPONENT, CHECK_EXPONENT, 0, 0, 0, 0},            /* E_SIGN */
        {CHECK_EXPONENT, CHECK_EXPONENT, CHECK_DONE, CHECK_DONE, CHECK_DONE, CHECK_DONE},
    };
    int kind = byte == '0'                    ? ZERO
               : byte >= '1' && byte <= '9'   ? DIGIT
               : byte == '.'                  ? POINT
               : byte == 'e' || byte == 'E'   ? E
               : (byte == '+' || byte == '-') ? SIGN
                                              : OTHER;
    unsigned char state = next[checker->state - CHECK_MINUS][kind];

    if (state == 0) {
        refuse(checker);
    } else if (state == CHECK_DONE) {
        end_value(checker, CHECK_SCALAR_END);
        json_checker_step(checker, byte);
    } else {
        checker->state = (enum check_state)state;
    }
}

static void step_comment(struct json_checker *checker, unsigned char byte)
{
    if (checker->state == CHECK_SLASH && byte == '/')
        checker->state = CHECK_LINE_COMMENT;
    else if (checker->state == CHECK_SLASH && byte == '*')
        checker->state = CHECK_BLOCK_COMMENT;
    else if (checker->state == CHECK_SLASH)
        refuse(checker);
    else if (checker->state == CHECK_LINE_COMMENT)
        checker->state = byte == '\n' ? checker->resumed : CHECK_LINE_COMMENT;
    else if (checker->state == CHECK_BLOCK_STAR && byte == '/')
        checker->state = checker->resumed;
    else
        checker->state = byte == '*' ? CHECK_BLOCK_STAR : CHECK_BLOCK_COMMENT;
}

void json_checker_step(struct json_checker *checker, unsigned char byte)
{
    if (checker->state <= CHECK_BRACKET_END) {
        if (is_blank(byte)) {
            step_blank(checker);
        } else if (byte == '/' && checker->has_comments) {
            checker->resumed = checker->state == CHECK_START ? CHECK_VALUE : checker->state;
            checker->state = CHECK_SLASH;
        } else {
            step_between(checker, byte);
        }
    } else if (checker->state <= CHECK_WORD) {
        step_word(checker, byte);
    } else if (checker->state == CHECK_STRING) {
        step_string(checker, byte);
    } else if (checker->state == CHECK_ESCAPE) {
        step_escape(checker, byte);
    } else if (checker->state == CHECK_HEX) {
        step_hex(checker, byte);
    } else if (checker->state <= CHECK_EXPONENT) {
        step_number(checker, byte);
    } else if (checker->state <= CHECK_BLOCK_STAR) {
        step_comment(checker, byte);
    }
}

void json_checker_init(struct json_checker *checker, bool is_many, bool has_comments)
{
    memset(checker, 0, sizeof *checker);
    checker->is_many = is_many;
    checker->has_comments = has_comments;
}

bool json_checker_may_end(const struct json_checker *checker)
{
    enum check_state state = checker->state;

    if (state == CHECK_LINE_COMMENT)
        state = checker->resumed;
    if (state == CHECK_ZERO || state == CHECK_DIGITS || state == CHECK_FRACTION ||
        state == CHECK_EXPONENT)
        return checker->depth == 0;
    return state == CHECK_DONE || state == CHECK_SCALAR_END || state == CHECK_BRACKET_END;
}

struct json_checker *json_checker_new(bool is_many)
{
    struct json_checker *checker = malloc(sizeof *checker);

    if (checker)
        json_checker_init(checker, is_many, false);
    return checker;
}

void json_checker_free(struct json_checker *checker)
{
    free(checker);
}

void json_checker_feed(struct json_checker *checker, const char *bytes, size_t length)
{
    const unsigned char *next = (const unsigned char *)bytes, *end = next + length;

    while (next < end && checker->state != CHECK_BROKEN) {
        if (checker->state == CHECK_STRING)
            while (next < end && *next >= 0x20 && *next != '"' && *next != '\\')
                next++;
        if (next < end)
            json_checker_step(checker, *next++);
    }
}

bool json_checker_finish(struct json_checker *checker)
{
    return json_checker_may_end(checker);
}
