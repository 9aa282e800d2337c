/* Inside base/ only: the text of JSON strings, as the readers and the writer of json.h need it.
 * Pure; any thread. */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the UTF-8 character at the start of `text` (length > 0), or of the bytes that one
 * U+FFFD stands for: the longest start of a character, or a whole encoded surrogate. */
size_t json_text_char(const char *text, size_t length, bool *is_valid);
/* How many leading bytes are UTF-8: `length` if all are. */
size_t json_text_valid(const char *text, size_t length);
/* Writes what stands between the quotes, decoded, to `out` (room for `length` bytes) and returns
 * its length. A lone surrogate comes out as its three bytes, which are not UTF-8. */
size_t json_text_unescape(char *out, const char *raw, size_t length);

#endif
