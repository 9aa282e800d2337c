/* What bytes are, for `format: auto`. */
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "feeds/rows.h"
#include "feeds/rows_text.h"

struct reader {
    const unsigned char *at, *end;
    unsigned groups; /* open around the field at hand */
};

static bool read_varint(struct reader *reader, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        unsigned char byte = *reader->at++;

        *value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

struct field {
    uint64_t number;
    unsigned wire_type;
    struct reader content; /* of one with a length */
};

static bool skip(struct reader *reader, uint64_t length)
{
    if (length > (uint64_t)(reader->end - reader->at))
        return false;
    reader->at += length;
    return true;
}

/* One field of a protobuf message (encoding: varint tag = number << 3 | wire type). A group's
 * start and end count as fields without content. */
static bool read_field(struct reader *reader, struct field *field)
{
    uint64_t tag, value;

    if (!read_varint(reader, &tag) || tag > UINT32_MAX)
        return false;
    field->number = tag >> 3;
    field->wire_type = tag & 7;
    if (!field->number)
        return false;
    switch (field->wire_type) {
    case 0:
        return read_varint(reader, &value);
    case 1:
        return skip(reader, 8);
    case 2:
        if (!read_varint(reader, &value))
            return false;
        field->content.at = reader->at;
        if (!skip(reader, value))
            return false;
        field->content.end = reader->at;
        return true;
    case 3:
        reader->groups++;
        return true;
    case 4:
        return reader->groups-- > 0;
    case 5:
        return skip(reader, 4);
    default:
        return false;
    }
}

/* FeedHeader: field 1 is gtfs_realtime_version, "1.0" or "2.0" so far. */
static bool is_header(struct reader header)
{
    bool has_version = false;
    struct field field = {0};

    while (header.at < header.end) {
        if (!read_field(&header, &field))
            return false;
        if (field.number == 1 && !header.groups) {
            const unsigned char *text = field.content.at;

            if (field.wire_type != 2 || field.content.end - text < 3 ||
                field.content.end - text > 8 || text[0] < '0' || text[0] > '9' || text[1] != '.')
                return false;
            has_version = true;
        }
    }
    return has_version && !header.groups;
}

/* FeedMessage: field 1 is its header. */
static bool is_feed_message(const char *bytes, size_t length)
{
    struct reader reader = {(const unsigned char *)bytes, (const unsigned char *)bytes + length, 0};
    bool has_header = false;
    struct field field = {0};

    while (reader.at < reader.end) {
        if (!read_field(&reader, &field))
            return false;
        if (field.number == 1 && !reader.groups) {
            if (field.wire_type != 2 || !is_header(field.content))
                return false;
            has_header = true;
        }
    }
    return has_header && !reader.groups;
}

/* Every type is found by a part of it; the first that fits counts. */
static const struct {
    const char *part;
    enum feed_format format;
} types[] = {
    {"ndjson", FORMAT_NDJSON},    {"jsonl", FORMAT_NDJSON},    {"json-lines", FORMAT_NDJSON},
    {"jsonlines", FORMAT_NDJSON}, {"json-seq", FORMAT_NDJSON}, {"json", FORMAT_JSON},
    {"protobuf", FORMAT_GTFS_RT}, {"csv", FORMAT_CSV},         {"text/", FORMAT_TEXT},
};

/* FORMAT_AUTO: the type says nothing. */
static enum feed_format judge_type(const char *content_type)
{
    size_t length;

    if (!content_type)
        return FORMAT_AUTO;
    length = strcspn(content_type, ";");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t part = strlen(types[i].part);

        for (size_t at = 0; at + part <= length; at++)
            if (strncasecmp(content_type + at, types[i].part, part) == 0)
                return types[i].format;
    }
    return FORMAT_AUTO;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A first line that is a whole document with more behind it cannot be JSON, only NDJSON. */
static bool is_lines(const char *bytes, size_t length)
{
    const char *newline = memchr(bytes, '\n', length);
    struct json_checker *checker;
    bool is_whole;

    if (!newline)
        return false;
    for (const char *at = newline; is_blank(*at); at++)
        if (at + 1 == bytes + length)
            return false;
    checker = json_checker_new(false);
    if (!checker)
        return false;
    json_checker_feed(checker, bytes, (size_t)(newline - bytes));
    is_whole = json_checker_finish(checker);
    json_checker_free(checker);
    return is_whole;
}

enum feed_format rows_judge(const char *bytes, size_t length, const char *content_type)
{
    enum feed_format typed = judge_type(content_type);

    /* Before JSON, because its first bytes, a tag and a length, may look like "\n[". */
    if (length && is_feed_message(bytes, length))
        return FORMAT_GTFS_RT;
    if (length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        bytes += 3;
        length -= 3;
    }
    while (length && is_blank(*bytes)) {
        bytes++;
        length--;
    }
    if (length && (*bytes == '{' || *bytes == '['))
        return typed == FORMAT_NDJSON || is_lines(bytes, length) ? FORMAT_NDJSON : FORMAT_JSON;
    if (typed != FORMAT_AUTO)
        return typed;
    if (length && (memchr(bytes, '\0', length) || rows_text_bad_bytes(bytes, length)))
        return FORMAT_BINARY;
    return FORMAT_TEXT;
}
