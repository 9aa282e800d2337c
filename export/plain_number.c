#include "export/plain_number.h"

static bool take_digits(const char *text, size_t length, size_t *at)
{
    size_t start = *at;

    while (*at < length && text[*at] >= '0' && text[*at] <= '9')
        ++*at;
    return *at > start;
}

static bool take_either(const char *text, size_t length, size_t *at, char a, char b)
{
    bool is_there = *at < length && (text[*at] == a || text[*at] == b);

    *at += is_there;
    return is_there;
}

bool is_plain_number(const char *text, size_t length)
{
    size_t at = 0;

    take_either(text, length, &at, '-', '-');
    if (!take_digits(text, length, &at))
        return false;
    if (take_either(text, length, &at, '.', '.') && !take_digits(text, length, &at))
        return false;
    if (take_either(text, length, &at, 'e', 'E')) {
        take_either(text, length, &at, '-', '+');
        if (!take_digits(text, length, &at))
            return false;
    }
    return at == length;
}
