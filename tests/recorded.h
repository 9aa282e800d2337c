/* The recorded feeds that POLLARD_DATA names. */
#ifndef TESTS_RECORDED_H
#define TESTS_RECORDED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* POLLARD_DATA/<name>, or NULL at the end of a sequence. */
static char *read_data(const char *name, size_t *length)
{
    char path[4096];
    char *bytes;
    FILE *file;
    long size;

    *length = 0;
    snprintf(path, sizeof path, "%s/%s", getenv("POLLARD_DATA"), name);
    file = fopen(path, "rb");
    if (!file)
        return NULL;
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    rewind(file);
    assert_true(size >= 0);
    bytes = malloc((size_t)size + 1);
    assert_non_null(bytes);
    *length = fread(bytes, 1, (size_t)size, file);
    assert_int_equal(*length, size);
    fclose(file);
    return bytes;
}

static void skip_without_data(void)
{
    if (getenv("POLLARD_DATA"))
        return;
    print_message("SKIPPED: POLLARD_DATA does not name the recorded feeds\n");
    skip();
}

#endif
