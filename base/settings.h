/* A table of keys → a filled, checked struct. Every mistake is reported, not just the first. A
 * table ends with a NULL key. Pure; main thread. */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

enum setting_type {
    SETTING_BOOL,     /* bool */
    SETTING_COUNT,    /* unsigned */
    SETTING_DURATION, /* int64_t ms, a string such as "30s" */
    SETTING_SIZE,     /* int64_t bytes, a string such as "64KiB" */
    SETTING_TEXT,     /* char *, owned; its default is NULL */
    SETTING_OBJECT,   /* nested table over the struct at `offset`; `false` calls its `off` */
    SETTING_OTHER,    /* `read` does it */
};

/* Collects mistakes; the text must name the key as spelt and quote the value. */
struct settings_report {
    void (*on_mistake)(void *cookie, int line, int column, const char *text);
    void *cookie;
};

struct setting {
    const char *key;
    enum setting_type type;
    size_t offset; /* of the field in the struct */
    /* Numbers: bounds and default, in the field's unit; most 0: no upper bound. */
    int64_t least, most, fallback;
    const char *fallback_text;    /* default as a user would write it, for help; NULL: none */
    const char *help;             /* one line */
    const struct setting *nested; /* SETTING_OBJECT */
    void (*off)(void *object);    /* SETTING_OBJECT: `false` */
    /* SETTING_OTHER: reads `value` (never null) into object, not its field; reports mistakes
     * itself; `key` is with its parents, "retry.wait". May be NULL: the key is known, and the
     * caller deals with it. */
    void (*read)(void *object, const char *key, const struct json *value,
                 struct settings_report *report);
};

/* Sets every field of the table to its default; what was there is not looked at or freed. */
void settings_reset(const struct setting *table, void *object);
/* Applies `json` (an object) over what `object` holds, key by key. Unknown keys ("did you mean"),
 * duplicate keys, wrong types and values out of range are reported; the rest is applied. */
void settings_apply(const struct setting *table, const struct json *json, void *object,
                    struct settings_report *report);
const struct setting *settings_find(const struct setting *table, const char *key);
/* printf into a report. */
void settings_mistake(struct settings_report *report, const struct json *where, const char *format,
                      ...) __attribute__((format(printf, 3, 4)));
enum { SETTINGS_QUOTE_MAX = 96 };
/* `"value"` as it stands in the file, cut to some 60 bytes: for the text of a mistake. */
void settings_quote(const struct json *value, char out[SETTINGS_QUOTE_MAX]);

#endif
