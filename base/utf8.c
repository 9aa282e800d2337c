#include "base/utf8.h"

static bool is_surrogate(const unsigned char *bytes, size_t length)
{
    return length >= 3 && bytes[0] == 0xED && (bytes[1] & 0xE0) == 0xA0 &&
           (bytes[2] & 0xC0) == 0x80;
}

size_t utf8_char(const char *text, size_t length, bool *is_valid)
{
    const unsigned char *bytes = (const unsigned char *)text;
    unsigned char lead = bytes[0], least = 0x80, most = 0xBF;
    size_t want, got;

    *is_valid = lead < 0x80;
    if (lead < 0xC2 || lead > 0xF4)
        return 1;
    if (is_surrogate(bytes, length))
        return 3;
    want = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead == 0xE0)
        least = 0xA0;
    else if (lead == 0xED)
        most = 0x9F;
    else if (lead == 0xF0)
        least = 0x90;
    else if (lead == 0xF4)
        most = 0x8F;
    for (got = 1; got < want && got < length; got++) {
        if (bytes[got] < least || bytes[got] > most)
            return got;
        least = 0x80;
        most = 0xBF;
    }
    *is_valid = got == want;
    return got;
}

size_t utf8_valid(const char *text, size_t length)
{
    size_t place = 0;

    while (place < length) {
        bool is_valid = true;
        size_t step = 1;

        if ((unsigned char)text[place] >= 0x80)
            step = utf8_char(text + place, length - place, &is_valid);
        if (!is_valid)
            break;
        place += step;
    }
    return place;
}

size_t utf8_cut(const char *text, size_t most)
{
    while (most > 0 && ((unsigned char)text[most] & 0xC0) == 0x80)
        most--;
    return most;
}
