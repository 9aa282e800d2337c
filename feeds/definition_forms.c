#include "feeds/definition_forms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/url.h"

void definition_put(struct definition *definition, const char *text)
{
    if (definition->status == 0)
        definition->status = buf_append_text(definition->out, text);
}

void definition_put_string(struct definition *definition, const char *text)
{
    if (definition->status == 0)
        definition->status = json_write_string(definition->out, text, strlen(text));
}

void definition_put_key(struct definition *definition, const char *key)
{
    const struct buf *out = definition->out;

    if (out->length > 0 && out->bytes[out->length - 1] != '{')
        definition_put(definition, ",");
    definition_put_string(definition, key);
    definition_put(definition, ":");
}

/* A text that is nothing but templates holds no secret; anything else in its place may be one. */
static bool is_literal(const char *text)
{
    while (strncmp(text, "${secret:", 9) == 0) {
        const char *brace = strchr(text, '}');

        if (!brace)
            return true;
        text = brace + 1;
    }
    return *text != '\0';
}

static void put_secret(struct definition *definition, const char *text)
{
    definition_put_string(definition, definition->is_masked && is_literal(text) ? "***" : text);
}

/* "Bearer ${secret:key}" may be seen. */
static const char *skip_scheme(const char *value)
{
    size_t word = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    return word > 0 && value[word] == ' ' ? value + word + 1 : value;
}

static bool header_is_private(const char *name)
{
    static const char *const whole[] = {"authorization", "proxy-authorization", "cookie"};
    static const char *const parts[] = {"key",  "token",     "secret",     "password",
                                        "auth", "signature", "credential", "session"};

    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        if (strcasecmp(name, whole[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (strcasestr(name, parts[i]))
            return true;
    }
    return false;
}

static void put_headers(struct definition *definition, const struct feed *feed)
{
    if (feed->header_count == 0)
        return;
    definition_put_key(definition, "headers");
    definition_put(definition, "{");
    for (size_t i = 0; i < feed->header_count; i++) {
        const struct feed_header *header = &feed->headers[i];

        definition_put_key(definition, header->name);
        if (header_is_private(header->name) && is_literal(skip_scheme(header->value)))
            put_secret(definition, header->value);
        else
            definition_put_string(definition, header->value);
    }
    definition_put(definition, "}");
}

static void put_auth(struct definition *definition, const struct feed *feed)
{
    switch (feed->auth.type) {
    case AUTH_NONE:
        return;
    case AUTH_BASIC:
        definition_put_key(definition, "auth");
        definition_put(definition, "{\"type\":\"basic\",\"username\":");
        definition_put_string(definition, feed->auth.username);
        definition_put(definition, ",\"password\":");
        put_secret(definition, feed->auth.password);
        break;
    case AUTH_BEARER:
        definition_put_key(definition, "auth");
        definition_put(definition, "{\"type\":\"bearer\",\"token\":");
        put_secret(definition, feed->auth.token);
        break;
    }
    definition_put(definition, "}");
}

/* A URL; the password in user:password@ is masked unless it is a template. */
static void put_url(struct definition *definition, const char *key, const char *url)
{
    size_t length = 0;
    const char *password = url_find_password(url, &length);
    char *copy = NULL;
    size_t before = password ? (size_t)(password - url) : 0;

    definition_put_key(definition, key);
    if (!definition->is_masked || !password ||
        (strncmp(password, "${secret:", 9) == 0 &&
         memchr(password, '}', length) == password + length - 1)) {
        definition_put_string(definition, url);
        return;
    }
    copy = malloc(strlen(url) + 4);
    if (!copy) {
        definition->status = -1;
        return;
    }
    memcpy(copy, url, before);
    snprintf(copy + before, strlen(url) + 4 - before, "***%s", password + length);
    definition_put_string(definition, copy);
    free(copy);
}

static void put_times(struct definition *definition, const struct schedule *schedule)
{
    char text[32];

    if (schedule->time_count == 0)
        return;
    definition_put_key(definition, "at");
    definition_put(definition, "[");
    for (size_t i = 0; i < schedule->time_count; i++) {
        unsigned time = schedule->times[i] % 86400;

        snprintf(text, sizeof text, "%s\"%02u:%02u", i > 0 ? "," : "", time / 3600, time / 60 % 60);
        definition_put(definition, text);
        snprintf(text, sizeof text, time % 60 ? ":%02u\"" : "\"", time % 60);
        definition_put(definition, text);
    }
    definition_put(definition, "]");
}

static void put_instant(struct definition *definition, const char *key, int64_t at)
{
    char text[ZONE_ISO_MAX];

    if (at == AT_NONE || at == AT_NEVER)
        return;
    zone_format_iso(zone_utc(), at, at % US_PER_SECOND == 0 ? 0 : 6, text);
    definition_put_key(definition, key);
    definition_put_string(definition, text);
}

static void put_hours(struct definition *definition, const struct schedule *schedule)
{
    char text[48];

    if (!schedule->has_hours)
        return;
    snprintf(text, sizeof text, "%02d:%02d-%02d:%02d", schedule->hours_from_min / 60,
             schedule->hours_from_min % 60, schedule->hours_to_min / 60,
             schedule->hours_to_min % 60);
    definition_put_key(definition, "hours");
    definition_put_string(definition, text);
}

static void put_days(struct definition *definition, const struct schedule *schedule)
{
    static const char *const names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    bool is_first = true;

    if (schedule->days == 127)
        return;
    definition_put_key(definition, "days");
    definition_put(definition, "[");
    for (int i = 1; i <= 7; i++) { /* Monday first */
        if (!(schedule->days & (1U << (i % 7))))
            continue;
        if (!is_first)
            definition_put(definition, ",");
        definition_put_string(definition, names[i % 7]);
        is_first = false;
    }
    definition_put(definition, "]");
}

void definition_put_duration(struct definition *definition, const char *key, int64_t ms)
{
    char text[CLOCK_DURATION_MAX];

    clock_format_duration(ms, text);
    definition_put_key(definition, key);
    definition_put_string(definition, text);
}

void definition_put_line(struct definition *definition, const char *key, const char *text,
                         const char *fallback)
{
    if (!text || (fallback && strcmp(text, fallback) == 0))
        return;
    definition_put_key(definition, key);
    definition_put_string(definition, text);
}

/* The keys whose text is not that of their type, feed_settings' SETTING_OTHER among them. */
static void put_at(struct definition *definition, const struct feed *feed)
{
    put_times(definition, &feed->schedule);
}

static void put_interval(struct definition *definition, const struct feed *feed)
{
    if (feed->schedule.interval_ms > 0)
        definition_put_duration(definition, "interval", feed->schedule.interval_ms);
}

static void put_offset(struct definition *definition, const struct feed *feed)
{
    if (feed->has_own_offset && feed->schedule.interval_ms > 0)
        definition_put_duration(definition, "offset", feed->schedule.offset_ms);
}

static void put_timeout(struct definition *definition, const struct feed *feed)
{
    if (feed->timeout_ms != feed_default_timeout_ms(feed))
        definition_put_duration(definition, "timeout", feed->timeout_ms);
}

static void put_from(struct definition *definition, const struct feed *feed)
{
    put_instant(definition, "from", feed->schedule.from_at);
}

static void put_until(struct definition *definition, const struct feed *feed)
{
    put_instant(definition, "until", feed->schedule.until_at);
}

static void put_feed_hours(struct definition *definition, const struct feed *feed)
{
    put_hours(definition, &feed->schedule);
}

static void put_feed_days(struct definition *definition, const struct feed *feed)
{
    put_days(definition, &feed->schedule);
}

static void put_timezone(struct definition *definition, const struct feed *feed)
{
    definition_put_line(definition, "timezone", zone_name(feed->schedule.zone), "UTC");
}

static void put_format(struct definition *definition, const struct feed *feed)
{
    definition_put_line(definition, "format", feed_format_name(feed->format), "auto");
}

static void put_method(struct definition *definition, const struct feed *feed)
{
    definition_put_line(definition, "method", feed->method, "GET");
}

static void put_columns(struct definition *definition, const struct feed *feed)
{
    if (!feed->columns)
        return;
    definition_put_key(definition, "columns");
    definition_put(definition, feed->columns);
}

static void put_feed_url(struct definition *definition, const struct feed *feed)
{
    if (feed->url)
        put_url(definition, "url", feed->url);
}

static void put_proxy(struct definition *definition, const struct feed *feed)
{
    if (feed->proxy)
        put_url(definition, "proxy", feed->proxy);
}

static void put_nothing(struct definition *definition, const struct feed *feed)
{
    (void)definition;
    (void)feed;
}

static const struct {
    const char *key;
    void (*put)(struct definition *definition, const struct feed *feed);
} own_forms[] = {
    {"name", put_nothing},
    {"for_each", put_nothing},
    {"url", put_feed_url},
    {"interval", put_interval},
    {"at", put_at},
    {"offset", put_offset},
    {"timeout", put_timeout},
    {"method", put_method},
    {"headers", put_headers},
    {"auth", put_auth},
    {"from", put_from},
    {"until", put_until},
    {"hours", put_feed_hours},
    {"days", put_feed_days},
    {"timezone", put_timezone},
    {"format", put_format},
    {"columns", put_columns},
    {"proxy", put_proxy},
};

bool definition_put_own_form(struct definition *definition, const struct feed *feed,
                             const char *key)
{
    for (size_t i = 0; i < sizeof own_forms / sizeof *own_forms; i++) {
        if (strcmp(own_forms[i].key, key) == 0) {
            own_forms[i].put(definition, feed);
            return true;
        }
    }
    return false;
}
