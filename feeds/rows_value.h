/* Values as protobuf sends them, as the text of cells. Pure; any thread. */
#ifndef FEEDS_ROWS_VALUE_H
#define FEEDS_ROWS_VALUE_H

#include "feeds/rows_branch.h"
#include "feeds/rows_text.h"

enum { ROWS_VALUE_DIGITS = 40 };

/* Of a field that is no message: integers exact, floats in the fewest digits that read back as the
 * same, enums by name (by number where it has none), NaN and Infinity as strings because JSON has
 * no such numbers. The text is borrowed from `digits` or from the body. */
struct rows_scalar rows_value_scalar(const struct rows_field *field, const struct wire_field *sent,
                                     char digits[ROWS_VALUE_DIGITS]);

/* All values that a repeated field has in `message`, as a JSON array; those that are messages as
 * objects of what is present. Adds to `unknown`. -1: no memory. */
int rows_value_json(const struct rows_field *field, struct wire message, struct rows_text *text,
                    uint64_t *unknown);

/* A message that was sent in parts is what these are one after another, as protobuf has it. -1: no
 * memory. */
int rows_value_merge(const struct rows_field *field, struct wire message, struct buf *merged);

#endif
