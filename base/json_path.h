/* Paths into JSON, in RFC 9535's forms $ .name ['name'] ["name"] [n] [*] .* and no others.
 *
 * A path is a list of steps. "@" may stand for "$" where the caller allows it (columns):
 * is_relative. Pure; any thread. */
#ifndef BASE_JSON_PATH_H
#define BASE_JSON_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum json_step_kind { STEP_NAME, STEP_INDEX, STEP_ANY_INDEX, STEP_ANY_NAME };
/* [*] matches every element of an array; .* every member of an object (and, as RFC 9535's wildcard,
 * each matches the children of either). */

struct json_step {
    enum json_step_kind kind;
    char *name; /* STEP_NAME: decoded, with its length */
    size_t length;
    long long index; /* STEP_INDEX: ≥ 0 */
};

struct json_path {
    bool is_relative; /* starts with "@" */
    struct json_step *steps;
    size_t count; /* ≤ JSON_DEPTH_MAX */
};

/* ERR_INPUT names the column of the mistake: `column 7: expected "]"`. */
int json_path_parse(struct json_path *path, const char *text, struct err *err);
void json_path_release(struct json_path *path);
/* The normal text: $.a.b[0], ['odd name'] where a name is not a plain word. -1: buf is full. */
int json_path_write(const struct json_path *path, struct buf *out);

#endif
