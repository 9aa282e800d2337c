#include "storage/bytes.h"

enum { NUMBER_BYTES_MAX = 10 };

int bytes_put_number(struct buf *out, uint64_t number)
{
    uint8_t bytes[NUMBER_BYTES_MAX];
    size_t length = 0;

    while (number >= 0x80) {
        bytes[length++] = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    bytes[length++] = (uint8_t)number;
    return buf_append(out, bytes, length);
}

int bytes_put_signed(struct buf *out, int64_t number)
{
    uint64_t bits = (uint64_t)number;

    return bytes_put_number(out, (bits << 1) ^ (number < 0 ? UINT64_MAX : 0));
}

int bytes_put_text(struct buf *out, const void *text, size_t length)
{
    if (bytes_put_number(out, length))
        return -1;
    return length ? buf_append(out, text, length) : 0;
}

void bytes_in_init(struct bytes_in *in, const void *bytes, size_t length)
{
    in->at = bytes;
    in->left = length;
    in->is_bad = false;
}

static uint64_t bad_number(struct bytes_in *in)
{
    in->is_bad = true;
    in->left = 0;
    return 0;
}

uint64_t bytes_number(struct bytes_in *in)
{
    uint64_t number = 0;

    for (unsigned shift = 0; shift < 64 && in->left; shift += 7) {
        uint8_t byte = *in->at++;

        in->left--;
        if (shift == 63 && byte > 1)
            break;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return number;
    }
    return bad_number(in);
}

uint32_t bytes_number_up_to(struct bytes_in *in, uint32_t most)
{
    uint64_t number = bytes_number(in);

    return number <= most ? (uint32_t)number : (uint32_t)bad_number(in);
}

int64_t bytes_signed(struct bytes_in *in)
{
    uint64_t bits = bytes_number(in);

    return (int64_t)((bits >> 1) ^ (bits & 1 ? UINT64_MAX : 0));
}

const void *bytes_raw(struct bytes_in *in, size_t length)
{
    const uint8_t *bytes = in->at;

    if (length > in->left) {
        (void)bad_number(in);
        return NULL;
    }
    in->at += length;
    in->left -= length;
    return bytes;
}

const char *bytes_text(struct bytes_in *in, size_t most, size_t *length)
{
    uint64_t claimed = bytes_number(in);
    const char *text = claimed <= most ? bytes_raw(in, (size_t)claimed) : NULL;

    *length = text ? (size_t)claimed : 0;
    if (!text)
        (void)bad_number(in);
    return *length ? text : NULL;
}

bool bytes_are_done(const struct bytes_in *in)
{
    return !in->is_bad && in->left == 0;
}
