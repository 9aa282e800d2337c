/* The checker over whole pieces. Most of a body is passed in runs, which do what
 * json_checker_step() would have done byte by byte. */
#include "base/json_check.h"

/* Mostly there is one blank or none. */
static const unsigned char *skip_blanks(const unsigned char *next, const unsigned char *end)
{
    if (next < end && *next == ' ')
        next++;
    while (next < end && check_is_blank(*next))
        next++;
    return next;
}

static const unsigned char *skip_digits(const unsigned char *next, const unsigned char *end)
{
    while (next < end && check_is_digit(*next))
        next++;
    return next;
}

/* From inside a string to its end, and over the colon that follows a key. */
static const unsigned char *pass_string(struct json_checker *checker, const unsigned char *next,
                                        const unsigned char *end)
{
    next += check_plain_length(next, end);
    if (next == end)
        return next;
    if (*next != '"') {
        json_checker_step(checker, *next++);
    } else if (!checker->is_key) {
        next++;
        check_end_value(checker, CHECK_SCALAR_END);
    } else if (++next < end && *next == ':') {
        next++;
        checker->state = CHECK_VALUE;
    } else {
        checker->state = CHECK_COLON;
    }
    return next;
}

static const unsigned char *pass_digits(struct json_checker *checker, const unsigned char *next,
                                        const unsigned char *end)
{
    next = skip_digits(next, end);
    if (checker->state == CHECK_DIGITS && end - next > 1 && *next == '.' &&
        check_is_digit(next[1])) {
        checker->state = CHECK_FRACTION;
        next = skip_digits(next + 1, end);
    }
    if (next == end)
        return next;
    if (*next == ',' || *next == '}')
        check_end_value(checker, CHECK_SCALAR_END);
    else
        json_checker_step(checker, *next++);
    return next;
}

/* Between two tokens: over blanks and a comma, and into a string or a number. */
static const unsigned char *pass_gap(struct json_checker *checker, const unsigned char *next,
                                     const unsigned char *end)
{
    next = skip_blanks(next, end);
    if (checker->state == CHECK_AFTER && next < end && *next == ',') {
        checker->state = check_in_object(checker) ? CHECK_KEY : CHECK_VALUE;
        next = skip_blanks(next + 1, end);
    }
    if (next == end || checker->state > CHECK_KEY)
        return next;
    if (*next == '"') {
        next++;
        checker->is_key = checker->state == CHECK_KEY || checker->state == CHECK_FIRST_KEY;
        checker->state = CHECK_STRING;
    } else if (checker->state == CHECK_VALUE && *next >= '1' && *next <= '9') {
        next++;
        checker->state = CHECK_DIGITS;
    }
    return next;
}

void json_checker_feed(struct json_checker *checker, const char *bytes, size_t length)
{
    const unsigned char *next = (const unsigned char *)bytes, *end = next + length;

    while (next < end && checker->state != CHECK_BROKEN) {
        if (checker->state >= CHECK_VALUE && checker->state <= CHECK_DONE)
            next = pass_gap(checker, next, end);
        if (checker->state == CHECK_STRING)
            next = pass_string(checker, next, end);
        else if (checker->state == CHECK_DIGITS || checker->state == CHECK_FRACTION)
            next = pass_digits(checker, next, end);
        else if (next < end)
            json_checker_step(checker, *next++);
    }
}
