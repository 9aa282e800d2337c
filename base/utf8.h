/* UTF-8: where characters end, and what is none. The well-formed sequences of Unicode 15, table
 * 3-7: no overlong forms, no surrogates, nothing above U+10FFFF. Pure; any thread. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the character at the start of `text` (length > 0), or of the bytes that one U+FFFD
 * stands for: the longest start of a character, or a whole encoded surrogate. */
size_t utf8_char(const char *text, size_t length, bool *is_valid);
/* How many leading bytes are UTF-8: `length` if all are. */
size_t utf8_valid(const char *text, size_t length);
/* The longest start of at most `most` bytes that does not end inside a character; `text` has a byte
 * at `most`, be it its terminator. */
size_t utf8_cut(const char *text, size_t most);

#endif
