/* JSON: yajl's home. Three ways to read: a tree with line and column of every value (for config), a
 * stream of events over whole bytes (for rows), a checker fed piece by piece (while a body
 * arrives).
 *
 * RFC 8259. Depth is limited to JSON_DEPTH_MAX, a leading BOM is skipped, numbers are kept as
 * written, strings are given decoded with their length (they may hold NUL, and bytes that are not
 * UTF-8: only the tree refuses those). Any thread, one object on one thread at a time. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum { JSON_DEPTH_MAX = 64 };

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_member {
    char *key; /* terminated; an embedded NUL is refused by json_parse */
    int line, column;
    struct json *value;
};

struct json {
    enum json_type type;
    int line, column; /* of its first character, from 1; columns count bytes */
    bool is_true;
    char *text;    /* string (decoded) or number (as written), terminated; else NULL */
    size_t length; /* of text */
    struct json_member *members; /* object: in file order, duplicates kept */
    struct json **items;         /* array */
    size_t count;                /* members or items */
};

/* Where and why a text is not JSON. */
struct json_mistake {
    int line, column;
    char text[256];
};

/* Returns the owned tree, or NULL with `mistake` filled ("out of memory" too). `//` and block
 * comments are allowed. */
struct json *json_parse(const char *text, size_t length, struct json_mistake *mistake);
void json_free(struct json *json);
struct json *json_clone(const struct json *json); /* NULL: no memory */
/* The value of the last member of that name, or NULL. */
const struct json *json_get(const struct json *object, const char *key);
/* Compact text: no spaces, only the escapes that JSON requires. -1: buf is full. */
int json_write(struct buf *out, const struct json *json);
/* `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
int json_write_string(struct buf *out, const char *text, size_t length);

/* Events return 0, or -1 to stop (json_stream then returns -1 with an empty err). NULL: not wanted.
 */
struct json_events {
    int (*on_null)(void *cookie);
    int (*on_bool)(void *cookie, bool is_true);
    int (*on_number)(void *cookie, const char *text, size_t length);
    int (*on_string)(void *cookie, const char *text, size_t length);
    int (*on_object_start)(void *cookie);
    int (*on_key)(void *cookie, const char *text, size_t length);
    int (*on_object_end)(void *cookie);
    int (*on_array_start)(void *cookie);
    int (*on_array_end)(void *cookie);
};

/* Texts are borrowed for the call. `is_many`: several values one after another (NDJSON), blanks
 * between them except where brackets meet. ERR_INPUT, with line and column: ill-formed, or deeper
 * than JSON_DEPTH_MAX; events may have come before. Half a surrogate pair is given as three bytes,
 * which are not UTF-8. */
int json_stream(const char *bytes, size_t length, bool is_many, const struct json_events *events,
                void *cookie, struct err *err);

/* Is it one well-formed document? Pieces of any size, each byte read once, nothing kept. It says
 * yes exactly where json_stream does. */
struct json_checker;
struct json_checker *json_checker_new(bool is_many); /* NULL: no memory */
void json_checker_free(struct json_checker *checker);
void json_checker_feed(struct json_checker *checker, const char *bytes, size_t length);
bool json_checker_finish(struct json_checker *checker); /* true: well-formed, not empty */

#endif
