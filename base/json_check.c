#include "base/json_check.h"

#include <stdlib.h>
#include <string.h>

static void refuse(struct json_checker *checker)
{
    checker->refused = checker->state;
    checker->state = CHECK_BROKEN;
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
    check_end_value(checker, CHECK_BRACKET_END);
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
    switch (byte) {
    case '"':
        start_string(checker, false);
        return;
    case '{':
    case '[':
        open_bracket(checker, byte == '{');
        return;
    case '-':
        checker->state = CHECK_MINUS;
        return;
    case '0':
        checker->state = CHECK_ZERO;
        return;
    case 't':
        start_word(checker, CHECK_WORD, "rue");
        return;
    case 'f':
        start_word(checker, CHECK_WORD, "alse");
        return;
    case 'n':
        start_word(checker, CHECK_WORD, "ull");
        return;
    default:
        if (byte >= '1' && byte <= '9')
            checker->state = CHECK_DIGITS;
        else
            refuse(checker);
    }
}

static void start_key(struct json_checker *checker, unsigned char byte)
{
    if (byte == '"')
        start_string(checker, true);
    else
        refuse(checker);
}

/* Right behind the opening bracket. */
static void step_first(struct json_checker *checker, unsigned char byte)
{
    bool is_object = checker->state == CHECK_FIRST_KEY;

    if (byte == (is_object ? '}' : ']'))
        close_bracket(checker);
    else if (is_object)
        start_key(checker, byte);
    else
        start_value(checker, byte);
}

static void step_colon(struct json_checker *checker, unsigned char byte)
{
    if (byte == ':')
        checker->state = CHECK_VALUE;
    else
        refuse(checker);
}

static void step_after(struct json_checker *checker, unsigned char byte)
{
    bool is_object = check_in_object(checker);

    if (byte == ',')
        checker->state = is_object ? CHECK_KEY : CHECK_VALUE;
    else if (byte == (is_object ? '}' : ']'))
        close_bracket(checker);
    else
        refuse(checker);
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
        check_end_value(checker, CHECK_SCALAR_END);
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
        check_end_value(checker, CHECK_SCALAR_END);
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
        check_end_value(checker, CHECK_SCALAR_END);
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

/* Between two tokens: is it a blank or the start of a comment? */
static bool step_gap(struct json_checker *checker, unsigned char byte)
{
    if (check_is_blank(byte)) {
        if (checker->state == CHECK_START)
            checker->state = CHECK_VALUE;
        else if (checker->state == CHECK_SCALAR_END || checker->state == CHECK_BRACKET_END)
            checker->state = CHECK_DONE;
        return true;
    }
    if (byte != '/' || !checker->has_comments)
        return false;
    checker->resumed = checker->state == CHECK_START ? CHECK_VALUE : checker->state;
    checker->state = CHECK_SLASH;
    return true;
}

/* On the top level, or before anything. */
static void step_top(struct json_checker *checker, unsigned char byte)
{
    enum check_state state = checker->state;

    if (state == CHECK_START && byte == 0xEF)
        start_word(checker, CHECK_BOM, "\xBB\xBF");
    else if (state == CHECK_START || (state == CHECK_DONE && checker->is_many) ||
             (state == CHECK_BRACKET_END && (byte == '{' || byte == '[')))
        start_value(checker, byte);
    else
        refuse(checker);
}

static void step_broken(struct json_checker *checker, unsigned char byte)
{
    (void)checker;
    (void)byte;
}

static void (*const steps[])(struct json_checker *checker, unsigned char byte) = {
    [CHECK_START] = step_top,
    [CHECK_VALUE] = start_value,
    [CHECK_FIRST_ITEM] = step_first,
    [CHECK_FIRST_KEY] = step_first,
    [CHECK_KEY] = start_key,
    [CHECK_COLON] = step_colon,
    [CHECK_AFTER] = step_after,
    [CHECK_DONE] = step_top,
    [CHECK_SCALAR_END] = step_top,
    [CHECK_BRACKET_END] = step_top,
    [CHECK_BOM] = step_word,
    [CHECK_WORD] = step_word,
    [CHECK_STRING] = step_string,
    [CHECK_ESCAPE] = step_escape,
    [CHECK_HEX] = step_hex,
    [CHECK_MINUS] = step_number,
    [CHECK_ZERO] = step_number,
    [CHECK_DIGITS] = step_number,
    [CHECK_POINT] = step_number,
    [CHECK_FRACTION] = step_number,
    [CHECK_E] = step_number,
    [CHECK_E_SIGN] = step_number,
    [CHECK_EXPONENT] = step_number,
    [CHECK_SLASH] = step_comment,
    [CHECK_LINE_COMMENT] = step_comment,
    [CHECK_BLOCK_COMMENT] = step_comment,
    [CHECK_BLOCK_STAR] = step_comment,
    [CHECK_BROKEN] = step_broken,
};

void json_checker_step(struct json_checker *checker, unsigned char byte)
{
    if (checker->state > CHECK_BRACKET_END || !step_gap(checker, byte))
        steps[checker->state](checker, byte);
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

bool json_checker_finish(struct json_checker *checker)
{
    return json_checker_may_end(checker);
}
