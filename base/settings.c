#include "base/settings.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/utf8.h"

enum { QUOTE_BYTES = 60, PATH_MAX_BYTES = 128, MISTAKE_MAX = 512, KEY_MAX = 32 };

/* One table being applied to one object. */
struct level {
    const struct setting *table;
    void *object;
    const char *parents; /* "" or "retry." */
    struct settings_report *report;
};

static void *field_of(const struct setting *setting, void *object)
{
    return (char *)object + setting->offset;
}

static void report_text(struct settings_report *report, int line, int column, const char *format,
                        va_list arguments) __attribute__((format(printf, 4, 0)));

static void report_text(struct settings_report *report, int line, int column, const char *format,
                        va_list arguments)
{
    char text[MISTAKE_MAX];

    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';
    report->on_mistake(report->cookie, line, column, text);
}

static void report_at(struct settings_report *report, int line, int column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void report_at(struct settings_report *report, int line, int column, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report_text(report, line, column, format, arguments);
    va_end(arguments);
}

void settings_mistake(struct settings_report *report, const struct json *where, const char *format,
                      ...)
{
    va_list arguments;

    va_start(arguments, format);
    report_text(report, where->line, where->column, format, arguments);
    va_end(arguments);
}

/* The longest start of at most `most` bytes that does not cut a character. */
static size_t cut_length(const char *text, size_t length, size_t most)
{
    return length <= most ? length : utf8_cut(text, most);
}

void settings_quote(const struct json *value, char out[SETTINGS_QUOTE_MAX])
{
    struct json part = *value;
    struct buf text;
    size_t length;
    bool is_cut = false;

    buf_init(&text, 4096);
    if (part.text) {
        part.length = cut_length(part.text, part.length, QUOTE_BYTES);
        is_cut = part.length < value->length;
    }
    if (json_write(&text, &part))
        is_cut = true;
    length = cut_length(text.bytes, text.length, QUOTE_BYTES + 2);
    if (length < text.length)
        is_cut = true;
    else if (is_cut && length && value->type == JSON_STRING)
        length--; /* the closing quote comes behind the dots */
    snprintf(out, SETTINGS_QUOTE_MAX, "%.*s%s%s", (int)length, length ? text.bytes : "",
             is_cut ? "…" : "", is_cut && value->type == JSON_STRING ? "\"" : "");
    buf_release(&text);
}

const struct setting *settings_find(const struct setting *table, const char *key)
{
    for (; table->key; table++)
        if (strcmp(table->key, key) == 0)
            return table;
    return NULL;
}

void settings_reset(const struct setting *table, void *object)
{
    for (; table->key; table++) {
        void *field = field_of(table, object);

        switch (table->type) {
        case SETTING_BOOL:
            *(bool *)field = table->fallback != 0;
            break;
        case SETTING_COUNT:
            *(unsigned *)field = (unsigned)table->fallback;
            break;
        case SETTING_DURATION:
        case SETTING_SIZE:
            *(int64_t *)field = table->fallback;
            break;
        case SETTING_TEXT:
            *(char **)field = NULL;
            break;
        case SETTING_OBJECT:
            if (table->nested)
                settings_reset(table->nested, field);
            break;
        case SETTING_OTHER:
            break;
        }
    }
}

static void expected(const struct level *level, const struct setting *setting,
                     const struct json *value, const char *what)
{
    char quoted[SETTINGS_QUOTE_MAX];

    settings_quote(value, quoted);
    settings_mistake(level->report, value, "\"%s%s\" must be %s, not %s", level->parents,
                     setting->key, what, quoted);
}

static bool in_bounds(const struct setting *setting, int64_t number)
{
    return number >= setting->least && (!setting->most || number <= setting->most);
}

static void format_bound(const struct setting *setting, int64_t bound, char out[CLOCK_DURATION_MAX])
{
    if (setting->type == SETTING_DURATION)
        clock_format_duration(bound, out);
    else if (setting->type == SETTING_SIZE)
        clock_format_size(bound, out);
    else
        snprintf(out, CLOCK_DURATION_MAX, "%lld", (long long)bound);
}

static void out_of_bounds(const struct level *level, const struct setting *setting,
                          const struct json *value, int64_t most_of_type)
{
    const char *kind = setting->type == SETTING_COUNT ? "a whole number" : "";
    char least[CLOCK_DURATION_MAX], most[CLOCK_DURATION_MAX], what[160];

    format_bound(setting, setting->least, least);
    format_bound(setting, setting->most ? setting->most : most_of_type, most);
    if (setting->most || most_of_type)
        snprintf(what, sizeof what, "%s%sbetween %s and %s", kind, *kind ? " " : "", least, most);
    else
        snprintf(what, sizeof what, "at least %s", least);
    expected(level, setting, value, what);
}

static void apply_count(const struct level *level, const struct setting *setting,
                        const struct json *value)
{
    long long number = 0;
    char *end = NULL;

    if (value->type == JSON_NUMBER)
        number = strtoll(value->text, &end, 10);
    if (value->type != JSON_NUMBER || *end || !in_bounds(setting, number) || number > UINT_MAX)
        out_of_bounds(level, setting, value, UINT_MAX);
    else
        *(unsigned *)field_of(setting, level->object) = (unsigned)number;
}

static void apply_quantity(const struct level *level, const struct setting *setting,
                           const struct json *value)
{
    bool is_size = setting->type == SETTING_SIZE;
    int64_t number = 0;
    int status = -1;

    if (value->type == JSON_STRING)
        status = is_size ? clock_parse_size(value->text, value->length, &number)
                         : clock_parse_duration(value->text, value->length, &number);
    if (status)
        expected(level, setting, value,
                 is_size ? "a size such as \"16MiB\"" : "a duration such as \"30s\"");
    else if (!in_bounds(setting, number))
        out_of_bounds(level, setting, value, 0);
    else
        *(int64_t *)field_of(setting, level->object) = number;
}

static void apply_text(const struct level *level, const struct setting *setting,
                       const struct json *value)
{
    char **field = field_of(setting, level->object), *copy;

    if (value->type != JSON_STRING) {
        expected(level, setting, value, "a string");
        return;
    }
    if (strlen(value->text) != value->length) {
        settings_mistake(level->report, value, "\"%s%s\" may not hold \\u0000", level->parents,
                         setting->key);
        return;
    }
    copy = strdup(value->text);
    if (!copy) {
        settings_mistake(level->report, value, "out of memory");
        return;
    }
    free(*field);
    *field = copy;
}

static void apply_table(const struct level *level, const struct json *json);

static void apply_object(const struct level *level, const struct setting *setting,
                         const struct json *value)
{
    char parents[PATH_MAX_BYTES];
    struct level below = {.table = setting->nested,
                          .object = field_of(setting, level->object),
                          .parents = parents,
                          .report = level->report};

    if (value->type == JSON_OBJECT && setting->nested) {
        snprintf(parents, sizeof parents, "%s%s.", level->parents, setting->key);
        apply_table(&below, value);
    } else if (value->type == JSON_BOOL && !value->is_true && setting->off) {
        setting->off(below.object);
    } else {
        expected(level, setting, value, setting->off ? "an object or false" : "an object");
    }
}

static void apply_other(const struct level *level, const struct setting *setting,
                        const struct json *value)
{
    char key[PATH_MAX_BYTES];

    if (!setting->read)
        return;
    snprintf(key, sizeof key, "%s%s", level->parents, setting->key);
    if (value->type == JSON_NULL)
        settings_mistake(level->report, value, "\"%s\" must not be null", key);
    else
        setting->read(level->object, key, value, level->report);
}

static void apply_value(const struct level *level, const struct setting *setting,
                        const struct json *value)
{
    switch (setting->type) {
    case SETTING_BOOL:
        if (value->type == JSON_BOOL)
            *(bool *)field_of(setting, level->object) = value->is_true;
        else
            expected(level, setting, value, "true or false");
        return;
    case SETTING_COUNT:
        apply_count(level, setting, value);
        return;
    case SETTING_DURATION:
    case SETTING_SIZE:
        apply_quantity(level, setting, value);
        return;
    case SETTING_TEXT:
        apply_text(level, setting, value);
        return;
    case SETTING_OBJECT:
        apply_object(level, setting, value);
        return;
    case SETTING_OTHER:
        apply_other(level, setting, value);
        return;
    }
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Edits between two words, a swap of neighbours being one, capitals not counted; SIZE_MAX: too
 * long to be worth it. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][KEY_MAX + 1], a_length = strlen(a), b_length = strlen(b);

    if (a_length > KEY_MAX || b_length > KEY_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            int here = tolower((unsigned char)a[i - 1]), there = tolower((unsigned char)b[j - 1]);

            row[j] = smallest(above[j] + 1, row[j - 1] + 1, above[j - 1] + (here != there));
            if (i > 1 && j > 1 && here == tolower((unsigned char)b[j - 2]) &&
                there == tolower((unsigned char)a[i - 2]) && second[j - 2] + 1 < row[j])
                row[j] = second[j - 2] + 1;
        }
    }
    return rows[a_length % 3][b_length];
}

static bool is_prefix(const char *prefix, const char *word)
{
    size_t length = strlen(prefix);
    return length >= 3 && strncasecmp(prefix, word, length) == 0;
}

/* The key of the table that was probably meant, or NULL. In short words every letter counts. */
static const char *guess(const struct setting *table, const char *key)
{
    size_t length = strlen(key), best = length < 3 ? 1 : length < 5 ? 2 : 3, longest = 0;
    const char *close = NULL, *started = NULL;

    for (; table->key; table++) {
        size_t edits = distance(key, table->key), known = strlen(table->key);

        if (edits < best) {
            best = edits;
            close = table->key;
        }
        if ((is_prefix(key, table->key) || is_prefix(table->key, key)) && known > longest) {
            longest = known;
            started = table->key;
        }
    }
    return close ? close : started;
}

static void unknown_key(const struct level *level, const struct json_member *member)
{
    const char *meant = guess(level->table, member->key);
    char quoted[SETTINGS_QUOTE_MAX];
    struct json key = {.type = JSON_STRING, .text = member->key, .length = strlen(member->key)};

    settings_quote(&key, quoted);
    report_at(level->report, member->line, member->column, "unknown key \"%s%s%s%s%s",
              level->parents, quoted + 1, meant ? ", did you mean \"" : "", meant ? meant : "",
              meant ? "\"?" : "");
}

static bool is_duplicate(const struct json *json, size_t place)
{
    for (size_t i = 0; i < place; i++)
        if (strcmp(json->members[i].key, json->members[place].key) == 0)
            return true;
    return false;
}

static void apply_table(const struct level *level, const struct json *json)
{
    for (size_t i = 0; i < json->count; i++) {
        const struct json_member *member = &json->members[i];
        const struct setting *setting = settings_find(level->table, member->key);

        if (!setting)
            unknown_key(level, member);
        else if (is_duplicate(json, i))
            report_at(level->report, member->line, member->column, "duplicate key \"%s%s\"",
                      level->parents, member->key);
        else
            apply_value(level, setting, member->value);
    }
}

void settings_apply(const struct setting *table, const struct json *json, void *object,
                    struct settings_report *report)
{
    struct level level = {.table = table, .object = object, .parents = "", .report = report};
    char quoted[SETTINGS_QUOTE_MAX];

    if (json->type == JSON_OBJECT) {
        apply_table(&level, json);
        return;
    }
    settings_quote(json, quoted);
    settings_mistake(report, json, "expected an object {…}, not %s", quoted);
}
