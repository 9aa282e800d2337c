#include "storage/stored.h"

#include <string.h>

#include "storage/bytes.h"

enum { STORED_VERSION = 1 };

/* Copies a text into an array of `size`; too long or holding a zero is bad. */
static void get_name(struct bytes_in *in, char *out, size_t size)
{
    size_t length;
    const char *text = bytes_text(in, size - 1, &length);

    if (text && memchr(text, '\0', length))
        in->is_bad = true;
    if (text)
        memcpy(out, text, length);
    out[length] = '\0';
}

static bool begin(struct bytes_in *in, const void *bytes, size_t length)
{
    bytes_in_init(in, bytes, length);
    return bytes_number(in) == STORED_VERSION;
}

int stored_feed_encode(const struct stored_feed *feed, struct buf *out)
{
    return bytes_put_number(out, STORED_VERSION) ||
                   bytes_put_text(out, feed->name, strlen(feed->name)) ||
                   bytes_put_signed(out, feed->created_at) ||
                   bytes_put_signed(out, feed->first_slot_at) ||
                   bytes_put_number(out, feed->is_open) || bytes_put_signed(out, feed->opened_at) ||
                   bytes_put_signed(out, feed->closed_at) ||
                   bytes_put_number(out, feed->last_definition) ||
                   (feed->forgotten_to_at != AT_NONE &&
                    bytes_put_signed(out, feed->forgotten_to_at))
               ? -1
               : 0;
}

int stored_feed_decode(struct stored_feed *feed, const void *bytes, size_t length)
{
    struct bytes_in in;

    memset(feed, 0, sizeof *feed);
    if (!begin(&in, bytes, length))
        return -1;
    get_name(&in, feed->name, sizeof feed->name);
    feed->created_at = bytes_signed(&in);
    feed->first_slot_at = bytes_signed(&in);
    feed->is_open = bytes_number_up_to(&in, 1);
    feed->opened_at = bytes_signed(&in);
    feed->closed_at = bytes_signed(&in);
    feed->last_definition = bytes_number_up_to(&in, UINT32_MAX);
    feed->forgotten_to_at = AT_NONE;
    if (bytes_are_done(&in)) /* nothing was ever forgotten */
        return 0;
    feed->forgotten_to_at = bytes_signed(&in);
    return bytes_are_done(&in) ? 0 : -1;
}

int stored_definition_encode(const struct stored_definition *definition, struct buf *out)
{
    return bytes_put_number(out, STORED_VERSION) || bytes_put_signed(out, definition->from_at) ||
                   bytes_put_number(out, definition->url_epoch) ||
                   bytes_put_text(out, definition->json, definition->json_length)
               ? -1
               : 0;
}

int stored_definition_decode(struct stored_definition *definition, const void *bytes, size_t length)
{
    struct bytes_in in;

    memset(definition, 0, sizeof *definition);
    if (!begin(&in, bytes, length))
        return -1;
    definition->from_at = bytes_signed(&in);
    definition->url_epoch = bytes_number_up_to(&in, UINT32_MAX);
    definition->json = bytes_text(&in, STORED_TEXT_MAX, &definition->json_length);
    if (!definition->json)
        definition->json = "";
    return bytes_are_done(&in) ? 0 : -1;
}

int stored_shape_encode(const struct stored_shape *shape, struct buf *out)
{
    return bytes_put_number(out, STORED_VERSION) || bytes_put_number(out, shape->format) ||
                   bytes_put_number(out, shape->has_path) ||
                   bytes_put_text(out, shape->path, shape->has_path ? strlen(shape->path) : 0)
               ? -1
               : 0;
}

int stored_shape_decode(struct stored_shape *shape, size_t *path_length, const void *bytes,
                        size_t length)
{
    struct bytes_in in;

    memset(shape, 0, sizeof *shape);
    *path_length = 0;
    if (!begin(&in, bytes, length))
        return -1;
    shape->format = (uint8_t)bytes_number_up_to(&in, UINT8_MAX);
    shape->has_path = bytes_number_up_to(&in, 1);
    shape->path = bytes_text(&in, STORED_TEXT_MAX, path_length);
    return bytes_are_done(&in) ? 0 : -1;
}

int stored_run_encode(const struct stored_run *run, struct buf *out)
{
    return bytes_put_number(out, STORED_VERSION) || bytes_put_signed(out, run->alive_at) ||
                   bytes_put_signed(out, run->ended_at) ||
                   bytes_put_text(out, run->version, strlen(run->version))
               ? -1
               : 0;
}

int stored_run_decode(struct stored_run *run, const void *bytes, size_t length)
{
    struct bytes_in in;

    memset(run, 0, sizeof *run);
    if (!begin(&in, bytes, length))
        return -1;
    run->alive_at = bytes_signed(&in);
    run->ended_at = bytes_signed(&in);
    get_name(&in, run->version, sizeof run->version);
    return bytes_are_done(&in) ? 0 : -1;
}
