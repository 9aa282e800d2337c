/* What bytes are, for `format: auto`. */
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/utf8.h"
#include "feeds/rows.h"
#include "feeds/wire.h"

/* "1.0" or "2.0" so far. */
static bool is_version(struct wire text)
{
    return text.end - text.at >= 3 && text.end - text.at <= 8 && text.at[0] >= '0' &&
           text.at[0] <= '9' && text.at[1] == '.';
}

/* FeedHeader: field 1 is gtfs_realtime_version. */
static bool is_header(struct wire header)
{
    bool has_version = false;
    struct wire_field field;

    while (header.at < header.end) {
        if (!wire_next(&header, &field))
            return false;
        if (field.number != 1)
            continue;
        if (field.type != WIRE_BYTES || !is_version(field.content))
            return false;
        has_version = true;
    }
    return has_version;
}

/* FeedMessage: field 1 is its header. */
static bool is_feed_message(const char *bytes, size_t length)
{
    struct wire message = {(const unsigned char *)bytes, (const unsigned char *)bytes + length};
    bool has_header = false;
    struct wire_field field;

    while (message.at < message.end) {
        if (!wire_next(&message, &field))
            return false;
        if (field.number != 1)
            continue;
        if (field.type != WIRE_BYTES || !is_header(field.content))
            return false;
        has_header = true;
    }
    return has_header;
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
    if (length && (memchr(bytes, '\0', length) || utf8_valid(bytes, length) != length))
        return FORMAT_BINARY;
    return FORMAT_TEXT;
}
