#include "feeds/definition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/definition_forms.h"
#include "feeds/feed_settings.h"
#include "feeds/template.h"

static void put_table(struct definition *definition, const struct setting *table,
                      const void *object);

/* Compares with what `false` makes of it. */
static bool is_off(const struct setting *setting, const struct feed *feed)
{
    struct feed other = *feed;
    char *field = (char *)&other + setting->offset;

    if (!setting->off)
        return false;
    setting->off(field);
    for (const struct setting *nested = setting->nested; nested->key; nested++) {
        const char *mine = (const char *)feed + setting->offset + nested->offset;
        size_t size = nested->type == SETTING_COUNT ? sizeof(unsigned) : sizeof(int64_t);

        if (memcmp(mine, field + nested->offset, size) != 0)
            return false;
    }
    return true;
}

static void put_object(struct definition *definition, const struct setting *setting,
                       const void *object)
{
    size_t start = definition->out->length;
    size_t empty = 0;

    definition_put_key(definition, setting->key);
    if (is_off(setting, object)) {
        definition_put(definition, "false");
        return;
    }
    definition_put(definition, "{");
    empty = definition->out->length;
    put_table(definition, setting->nested, (const char *)object + setting->offset);
    if (definition->out->length == empty)
        definition->out->length = start;
    else
        definition_put(definition, "}");
}

static void put_number(struct definition *definition, const struct setting *setting, int64_t number)
{
    char text[CLOCK_DURATION_MAX];

    if (number == setting->fallback)
        return;
    definition_put_key(definition, setting->key);
    if (setting->type == SETTING_SIZE) {
        clock_format_size(number, text);
        definition_put_string(definition, text);
    } else {
        snprintf(text, sizeof text, "%lld", (long long)number);
        definition_put(definition,
                       setting->type == SETTING_BOOL ? number ? "true" : "false" : text);
    }
}

static void put_setting(struct definition *definition, const struct setting *setting,
                        const void *object)
{
    const void *field = (const char *)object + setting->offset;

    switch (setting->type) {
    case SETTING_BOOL:
        put_number(definition, setting, *(const bool *)field);
        break;
    case SETTING_COUNT:
        put_number(definition, setting, *(const unsigned *)field);
        break;
    case SETTING_SIZE:
        put_number(definition, setting, *(const int64_t *)field);
        break;
    case SETTING_DURATION:
        if (*(const int64_t *)field != setting->fallback)
            definition_put_duration(definition, setting->key, *(const int64_t *)field);
        break;
    case SETTING_TEXT:
    case SETTING_OTHER: /* the ones that are plain texts inside */
        definition_put_line(definition, setting->key, *(char *const *)field, NULL);
        break;
    case SETTING_OBJECT:
        put_object(definition, setting, object);
        break;
    }
}

static void put_table(struct definition *definition, const struct setting *table,
                      const void *object)
{
    for (; table->key; table++)
        put_setting(definition, table, object);
}

int definition_write(const struct feed *feed, bool is_masked, struct buf *out)
{
    struct definition definition = {.out = out, .is_masked = is_masked};

    definition_put(&definition, "{");
    for (const struct setting *setting = feed_settings; setting->key; setting++) {
        if (!definition_put_own_form(&definition, feed, setting->key))
            put_setting(&definition, setting, feed);
    }
    definition_put(&definition, "}");
    return definition.status;
}

/* Texts with secrets follow as they will be sent, so that a changed secret is seen. One that is not
 * loaded is a mistake of the feed, which is not kept then. */
static void add_secrets(const struct feed *feed, const struct secrets *secrets, struct buf *out)
{
    const char *const texts[] = {feed->url, feed->body, feed->auth.username, feed->auth.password,
                                 feed->auth.token};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i] && template_has_secret(texts[i]) &&
            template_expand(texts[i], feed, 0, secrets, out, NULL) != 0)
            return;
    }
    for (size_t i = 0; i < feed->header_count; i++) {
        if (template_has_secret(feed->headers[i].value) &&
            template_expand(feed->headers[i].value, feed, 0, secrets, out, NULL) != 0)
            return;
    }
}

int definition_fill(struct feed *feed, const struct secrets *secrets)
{
    struct buf text;
    int status = -1;

    buf_init(&text, DEFINITION_MAX);
    if (definition_write(feed, true, &text) != 0 || buf_append_char(&text, '\0') != 0)
        goto fail;
    free(feed->definition);
    feed->definition = strdup(text.bytes);
    buf_reset(&text);
    if (!feed->definition || definition_write(feed, false, &text) != 0)
        goto fail;
    if (secrets)
        add_secrets(feed, secrets, &text);
    feed->fingerprint = hash_of(text.bytes, text.length);
    status = 0;
fail:
    if (text.bytes)
        explicit_bzero(text.bytes, text.length);
    buf_release(&text);
    return status;
}
