#include "feeds/template.h"

#include <stdlib.h>
#include <string.h>

#include "feeds/url.h"

enum { SLOT_TEXT_MAX = 256 };

/* One ${…} of a template. */
enum part_kind { PART_SECRET, PART_SLOT };
struct part {
    enum part_kind kind;
    char argument[SLOT_TEXT_MAX];
    const char *end; /* just after the brace */
};

static int part_check_slot(const char *format, struct err *err)
{
    for (const char *at = strchr(format, '%'); at; at = strchr(at + 1, '%')) {
        at++;
        at += strspn(at, "_-0^#");
        at += strspn(at, "EO");
        if (!*at || !strchr("aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%", *at))
            return err_set(err, ERR_CONFIG, "\"${slot:%s}\": not a form of strftime", format);
    }
    return 0;
}

static int part_check(const struct part *part, struct err *err)
{
    switch (part->kind) {
    case PART_SECRET:
        if (secret_name_is_legal(part->argument))
            return 0;
        return err_set(
            err, ERR_CONFIG,
            "\"${secret:%s}\": a name is 1 to 100 letters, digits, \".\", \"_\" or \"-\"",
            part->argument);
    case PART_SLOT:
        if (!*part->argument)
            return err_set(err, ERR_CONFIG, "\"${slot:}\" lacks a form such as %%Y-%%m-%%d");
        return part_check_slot(part->argument, err);
    }
    return -1;
}

/* `start` points to "${". */
static int part_parse(struct part *part, const char *start, struct err *err)
{
    const char *inside = start + 2;
    const char *brace = strchr(inside, '}');
    size_t length = 0;

    if (!brace)
        return err_set(err, ERR_CONFIG, "\"%.60s\" lacks its \"}\"", start);
    part->end = brace + 1;
    if (strncmp(inside, "secret:", 7) == 0) {
        part->kind = PART_SECRET;
        inside += 7;
    } else if (strncmp(inside, "slot:", 5) == 0) {
        part->kind = PART_SLOT;
        inside += 5;
    } else {
        return err_set(err, ERR_CONFIG,
                       "unknown \"%.*s\", known are ${secret:NAME} and ${slot:FORM}",
                       (int)(part->end - start > 60 ? 60 : part->end - start), start);
    }
    length = (size_t)(brace - inside);
    if (length >= sizeof part->argument)
        return err_set(err, ERR_CONFIG, "\"%.60s…\" is too long", start);
    memcpy(part->argument, inside, length);
    part->argument[length] = '\0';
    return part_check(part, err);
}

/* {var} → value, for one string. */
static int apply_var(struct buf *out, const struct json *value, bool is_url)
{
    static const char *const digits = "0123456789ABCDEF";
    const char *text = value->type == JSON_BOOL ? value->is_true ? "true" : "false" : value->text;
    size_t length = value->type == JSON_BOOL ? strlen(text) : value->length;
    int status = 0;

    if (!is_url)
        return buf_append(out, text, length);
    for (size_t i = 0; i < length && status == 0; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            (c && strchr("-._~", c)))
            status = buf_append_char(out, (char)c);
        else if ((status = buf_append_char(out, '%')) == 0 &&
                 (status = buf_append_char(out, digits[c >> 4])) == 0)
            status = buf_append_char(out, digits[c & 15]);
    }
    return status;
}

/* The value of the {var} that starts at `brace`, its length in `length`; NULL: none of ours. */
static const struct json *find_value(const struct json *values, const char *brace, size_t left,
                                     size_t *length)
{
    for (size_t i = 0; i < values->count; i++) {
        size_t key_length = strlen(values->members[i].key);

        if (left >= key_length + 2 && brace[key_length + 1] == '}' &&
            memcmp(brace + 1, values->members[i].key, key_length) == 0) {
            *length = key_length + 2;
            return values->members[i].value;
        }
    }
    return NULL;
}

static int apply_to_text(struct json *string, const struct json *values, bool is_url,
                         struct buf *out)
{
    const char *text = string->text;
    size_t done = 0;

    buf_reset(out);
    while (done < string->length) {
        const struct json *value = NULL;
        size_t length = 1;

        if (text[done] == '{' && (done == 0 || text[done - 1] != '$'))
            value = find_value(values, text + done, string->length - done, &length);
        if (value ? apply_var(out, value, is_url) != 0 : buf_append_char(out, text[done]) != 0)
            return -1;
        done += length;
    }
    return 0;
}

static int apply_to_string(struct json *string, const struct json *values, bool is_url,
                           struct buf *out)
{
    char *copy = NULL;

    if (!memchr(string->text, '{', string->length))
        return 0;
    if (apply_to_text(string, values, is_url, out) != 0)
        return -1;
    copy = malloc(out->length + 1);
    if (!copy)
        return -1;
    if (out->length > 0)
        memcpy(copy, out->bytes, out->length);
    copy[out->length] = '\0';
    free(string->text);
    string->text = copy;
    string->length = out->length;
    out->max_bytes -= out->length; /* the limit is for all strings together */
    return 0;
}

/* Recursion ends at JSON_DEPTH_MAX, which the parser keeps. */
static int apply_to_value(struct json *value, const struct json *values, struct buf *out)
{
    if (value->type == JSON_STRING)
        return apply_to_string(value, values, false, out);
    for (size_t i = 0; i < value->count; i++) {
        struct json *child = value->type == JSON_OBJECT ? value->members[i].value : value->items[i];

        if (apply_to_value(child, values, out) != 0)
            return -1;
    }
    return 0;
}

int template_apply(struct json *file, const struct json *values, struct err *err)
{
    struct buf out;
    int status = 0;

    buf_init(&out, TEMPLATE_APPLIED_MAX);
    for (size_t i = 0; i < file->count && status == 0; i++) {
        struct json_member *member = &file->members[i];

        if (strcmp(member->key, "url") == 0 && member->value->type == JSON_STRING)
            status = apply_to_string(member->value, values, true, &out);
        else
            status = apply_to_value(member->value, values, &out);
    }
    buf_release(&out);
    if (status != 0)
        return err_set(err, ERR_FULL, "the feed is too large once its {var}s are filled in");
    return 0;
}

const char *template_find_var(const char *text, size_t *length)
{
    for (const char *brace = strchr(text, '{'); brace; brace = strchr(brace + 1, '{')) {
        size_t inside = strcspn(brace + 1, "{}");

        if ((brace > text && brace[-1] == '$') || inside == 0 || brace[1 + inside] != '}')
            continue;
        *length = inside + 2;
        return brace;
    }
    return NULL;
}

int template_check(const char *text, int (*on_secret)(void *, const char *, struct err *),
                   void *cookie, struct err *err)
{
    struct part part;

    for (const char *at = strstr(text, "${"); at; at = strstr(part.end, "${")) {
        if (part_parse(&part, at, err) != 0)
            return -1;
        if (part.kind == PART_SECRET && on_secret && on_secret(cookie, part.argument, err) != 0)
            return -1;
    }
    return 0;
}

bool template_has_secret(const char *text)
{
    return strstr(text, "${secret:") != NULL;
}

static int expand_part(const struct part *part, const struct zone *zone, int64_t slot_at,
                       const struct secrets *secrets, struct buf *out, struct err *err)
{
    char slot[SLOT_TEXT_MAX];

    switch (part->kind) {
    case PART_SECRET:
        if (secrets)
            return secrets_append(secrets, part->argument, out, err);
        break;
    case PART_SLOT:
        if (zone_strftime(zone, slot_at, part->argument, slot, sizeof slot) == 0)
            slot[0] = '\0';
        break;
    }
    if (buf_append_text(out, part->kind == PART_SECRET ? "***" : slot) != 0)
        return err_set(err, ERR_FULL, "a text is too long when its templates are filled in");
    return 0;
}

int template_expand(const char *text, const struct feed *feed, int64_t slot_at,
                    const struct secrets *secrets, struct buf *out, struct err *err)
{
    const struct zone *zone = feed && feed->schedule.zone ? feed->schedule.zone : zone_utc();
    const char *done = text;
    struct part part;

    for (const char *at = strstr(text, "${"); at; at = strstr(done, "${")) {
        if (part_parse(&part, at, err) != 0)
            return -1;
        if (buf_append(out, done, (size_t)(at - done)) != 0)
            return err_set(err, ERR_FULL, "a text is too long");
        if (expand_part(&part, zone, slot_at, secrets, out, err) != 0)
            return -1;
        done = part.end;
    }
    if (buf_append_text(out, done) != 0)
        return err_set(err, ERR_FULL, "a text is too long");
    return 0;
}

int template_display_url(const struct feed *feed, int64_t slot_at, struct buf *out)
{
    struct buf url;
    const char *text = NULL;
    size_t length = 0;
    const char *password = NULL;
    int status = -1;

    buf_init(&url, out->max_bytes);
    if (template_expand(feed->url, feed, slot_at, NULL, &url, NULL) != 0 ||
        !(text = buf_text(&url)))
        goto fail;
    password = url_find_password(text, &length);
    if (!password) {
        status = buf_append_text(out, text);
    } else if (buf_append(out, text, (size_t)(password - text)) == 0 &&
               buf_append_text(out, "***") == 0) {
        status = buf_append_text(out, password + length);
    }
fail:
    buf_release(&url);
    return status;
}
