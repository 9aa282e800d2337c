/* Inside base/ only: the text of JSON strings, as the readers and the writer of json.h need it.
 * Pure; any thread. */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include <stddef.h>

/* Writes what stands between the quotes, decoded, to `out` (room for `length` bytes) and returns
 * its length. A lone surrogate comes out as its three bytes, which are not UTF-8. */
size_t json_text_unescape(char *out, const char *raw, size_t length);

#endif
