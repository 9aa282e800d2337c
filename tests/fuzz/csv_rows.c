/* Rows of a CSV body. The first line is `columns`, or empty; the rest is the body. */
#include <stdlib.h>

#include "tests/fuzz/input.h"
#include "tests/fuzz/rows_claims.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {(const char *)data, size};
    char *columns = input_line(&input);
    size_t length;
    char *bytes = input_rest(&input, &length);
    struct rows_case body = {.format = FORMAT_CSV,
                             .columns = *columns ? columns : NULL,
                             .bytes = bytes,
                             .length = length};
    struct err err;

    rows_claims(&body, &err);
    free(columns);
    free(bytes);
    return 0;
}
