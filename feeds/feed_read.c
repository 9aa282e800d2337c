#include "feeds/feed_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_path.h"

enum { COLUMNS_MAX = 256 * 1024 };

const char *read_string(const char *key, const struct json *value, struct settings_report *report)
{
    char quoted[96];

    if (value->type == JSON_STRING && strlen(value->text) == value->length)
        return value->text;
    settings_quote(value, quoted);
    if (value->type == JSON_STRING)
        settings_mistake(report, value, "\"%s\" must not hold NUL bytes: %s", key, quoted);
    else
        settings_mistake(report, value, "\"%s\" must be a string, not %s", key, quoted);
    return NULL;
}

void read_refuse(const char *key, const struct json *value, const char *what,
                 struct settings_report *report)
{
    char quoted[96];

    settings_quote(value, quoted);
    settings_mistake(report, value, "\"%s\" must be %s, not %s", key, what, quoted);
}

void read_put(char **field, const char *text, const struct json *value,
              struct settings_report *report)
{
    char *copy = strdup(text);

    if (!copy) {
        settings_mistake(report, value, "out of memory");
        return;
    }
    free(*field);
    *field = copy;
}

static bool has_control(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    }
    return false;
}

int read_line(char **field, const char *key, const struct json *value,
              struct settings_report *report)
{
    const char *text = read_string(key, value, report);

    if (!text)
        return -1;
    if (!*text || has_control(text)) {
        read_refuse(key, value, "one line of text", report);
        return -1;
    }
    read_put(field, text, value, report);
    return 0;
}

void read_timezone(void *object, const char *key, const struct json *value,
                   struct settings_report *report)
{
    struct feed *feed = object;
    const char *text = read_string(key, value, report);
    const struct zone *zone = NULL;
    char quoted[96];

    if (!text)
        return;
    if (zone_find(&zone, text, NULL) == 0) {
        feed->schedule.zone = zone;
        return;
    }
    settings_quote(value, quoted);
    settings_mistake(report, value, "\"%s\": unknown time zone %s, must be an IANA name", key,
                     quoted);
}

struct json read_key_place(const struct json_member *member)
{
    return (struct json){.type = JSON_STRING, .line = member->line, .column = member->column};
}

void read_format(void *object, const char *key, const struct json *value,
                 struct settings_report *report)
{
    struct feed *feed = object;

    if (value->type != JSON_STRING || feed_format_parse(value->text, &feed->format) != 0)
        read_refuse(key, value, "one of auto json ndjson gtfs-rt csv text binary", report);
}

/* 0, or -1 after a mistake. */
static int check_path(const char *key, const struct json *value, bool may_be_relative,
                      struct settings_report *report)
{
    const char *text = read_string(key, value, report);
    struct json_path path = {0};
    struct err err = {0};
    char quoted[96];

    if (!text)
        return -1;
    if (text[0] != '$' && (text[0] != '@' || !may_be_relative)) {
        read_refuse(key, value,
                    may_be_relative ? "a path that starts with \"$\" or \"@\""
                                    : "a path that starts with \"$\"",
                    report);
        return -1;
    }
    if (json_path_parse(&path, text, &err) != 0) {
        settings_quote(value, quoted);
        settings_mistake(report, value, "\"%s\": %s is not a path: %s", key, quoted, err.text);
        return -1;
    }
    json_path_release(&path);
    return 0;
}

void read_rows(void *object, const char *key, const struct json *value,
               struct settings_report *report)
{
    struct feed *feed = object;

    if (check_path(key, value, false, report) == 0)
        read_put(&feed->rows, value->text, value, report);
}

static int check_column_name(const struct json *list, size_t index, struct settings_report *report)
{
    const struct json *name = list->items[index];
    char quoted[96];

    if (!read_string("columns", name, report))
        return -1;
    settings_quote(name, quoted);
    for (size_t i = 0; i < index; i++) {
        if (list->items[i]->type == JSON_STRING && strcmp(list->items[i]->text, name->text) == 0) {
            settings_mistake(report, name, "\"columns\" holds %s twice", quoted);
            return -1;
        }
    }
    return 0;
}

static int check_column(const struct json *object, size_t index, struct settings_report *report)
{
    const struct json_member *member = &object->members[index];
    struct json place = read_key_place(member);

    for (size_t i = 0; i < index; i++) {
        if (strcmp(object->members[i].key, member->key) == 0) {
            settings_mistake(report, &place, "duplicate key \"%s\"", member->key);
            return -1;
        }
    }
    return check_path(member->key, member->value, true, report);
}

void read_columns(void *object, const char *key, const struct json *value,
                  struct settings_report *report)
{
    enum { MOST = 1000 };
    struct feed *feed = object;
    struct buf text;
    int status = 0;

    if ((value->type != JSON_ARRAY && value->type != JSON_OBJECT) || value->count == 0 ||
        value->count > MOST) {
        read_refuse(key, value, "a list of 1 to 1000 names, or an object of names and paths",
                    report);
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        if ((value->type == JSON_ARRAY ? check_column_name : check_column)(value, i, report) != 0)
            status = -1;
    }
    if (status != 0)
        return;
    buf_init(&text, COLUMNS_MAX);
    if (json_write(&text, value) != 0 || !buf_text(&text))
        settings_mistake(report, value, "\"columns\" is too long");
    else
        read_put(&feed->columns, buf_text(&text), value, report);
    buf_release(&text);
}
