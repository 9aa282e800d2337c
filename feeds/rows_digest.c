/* Text and binary as rows: a body is one, of its length and its SHA-256 in hexadecimal. */
#include <inttypes.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>

#include "feeds/rows_decoder.h"

struct rows_digest {
    struct rows_row *row; /* borrowed */
    uint32_t bytes, sha256;
};

static void *rows_digest_new(enum feed_format format, const char *path, const struct json *picks,
                             struct rows_row *row, struct err *err)
{
    struct rows_digest *digest;

    (void)picks;
    if (rows_decoder_refuse(format, path, err))
        return NULL;
    digest = calloc(1, sizeof *digest);
    if (!digest) {
        err_memory(err);
        return NULL;
    }
    digest->row = row;
    if (rows_columns_find(row->columns, "bytes", 5, &digest->bytes, err) ||
        rows_columns_find(row->columns, "sha256", 6, &digest->sha256, err)) {
        free(digest);
        return NULL;
    }
    return digest;
}

static void write_hex(const uint8_t *bytes, size_t length, char *hex)
{
    for (size_t i = 0; i < length; i++) {
        hex[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
}

static int rows_digest_decode(void *decoder, struct err *err)
{
    struct rows_digest *digest = decoder;
    struct rows_row *row = digest->row;
    struct sha256_ctx state;
    uint8_t sum[SHA256_DIGEST_SIZE];
    char hex[2 * SHA256_DIGEST_SIZE], bytes[24];
    int length;

    if (rows_row_is_learning(row))
        return 0;
    sha256_init(&state);
    sha256_update(&state, row->body_length, (const uint8_t *)row->body);
    sha256_digest(&state, sizeof sum, sum);
    write_hex(sum, sizeof sum, hex);
    length = snprintf(bytes, sizeof bytes, "%zu", row->body_length);
    rows_row_begin(row);
    if (rows_row_put(row, digest->bytes, bytes, (size_t)length, false) ||
        rows_row_put(row, digest->sha256, hex, sizeof hex, true))
        return err_memory(err);
    return rows_row_end(row);
}

const struct rows_decoder rows_digest_decoder = {
    .new = rows_digest_new,
    .free = free,
    .decode = rows_digest_decode,
};
