/* Rows of GTFS-Realtime. The first byte says which kind, the rest is the body. */
#include <stdlib.h>

#include "tests/fuzz/input.h"
#include "tests/fuzz/rows_claims.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const kinds[] = {NULL,    "vehicle", "trip_update",       "alert",
                                        "shape", "stop",    "trip_modifications"};
    struct input input = {(const char *)data, size};
    unsigned kind = input_byte(&input) % (sizeof kinds / sizeof kinds[0]);
    size_t length;
    char *bytes = input_rest(&input, &length);
    struct rows_case body = {
        .format = FORMAT_GTFS_RT, .kind = kinds[kind], .bytes = bytes, .length = length};
    enum feed_format judged = rows_judge(bytes, length, NULL);
    struct err err;
    int status = rows_claims(&body, &err);

    must(status <= 0);
    must(judged != FORMAT_AUTO);
    /* Of several kinds none was chosen, but that is no fault of the bytes. */
    must(status == 0 || err.kind == ERR_INPUT || err.kind == ERR_USAGE);
    free(bytes);
    return 0;
}
