#include "feeds/template_check.h"

#include <string.h>

#include "feeds/template.h"
#include "feeds/url.h"

enum { URL_ROOM = 128 * 1024 };

static int on_secret(void *cookie, const char *name, struct err *err)
{
    const struct template_place *place = cookie;

    if (!place->secrets || secrets_load(place->secrets, name, err) == 0)
        return 0;
    return place->previous ? secrets_copy(place->secrets, place->previous, name, err) : -1;
}

static void check_string(const char *key, const struct json *string,
                         const struct template_place *place)
{
    struct err err = {0};

    if (template_check(string->text, on_secret, (void *)place, &err) != 0)
        mistakes_say(place->mistakes, place->file, string, "\"%s\": %s", key, err.text);
    else if (place->has_no_slot && strstr(string->text, "${slot:"))
        mistakes_say(place->mistakes, place->file, string, "\"%s\" may not hold ${slot:…}", key);
}

void template_check_value(const char *key, const struct json *value,
                          const struct template_place *place)
{
    if (value->type == JSON_STRING)
        check_string(key, value, place);
    if (value->type == JSON_ARRAY) {
        for (size_t i = 0; i < value->count; i++)
            template_check_value(key, value->items[i], place);
    }
    if (value->type == JSON_OBJECT) {
        for (size_t i = 0; i < value->count; i++)
            template_check_value(value->members[i].key, value->members[i].value, place);
    }
}

void template_check_url(const char *key, const struct json *value, const char *schemes,
                        const struct template_place *place)
{
    struct buf url;
    struct err err = {0};
    char quoted[96];

    if (!place->secrets)
        return;
    buf_init(&url, URL_ROOM);
    if (template_expand(value->text, place->feed, 0, place->secrets, &url, &err) != 0) {
        if (err.kind == ERR_FULL)
            mistakes_say(place->mistakes, place->file, value, "\"%s\" is too long", key);
        goto fail;
    }
    settings_quote(value, quoted);
    if (!buf_text(&url))
        mistakes_say(place->mistakes, place->file, value, "out of memory");
    else if (strlen(buf_text(&url)) != url.length || url_check(buf_text(&url), schemes, &err) != 0)
        mistakes_say(place->mistakes, place->file, value, "\"%s\" %s, not %s", key,
                     *err.text ? err.text : "must not hold NUL bytes", quoted);
fail:
    if (url.bytes)
        explicit_bzero(url.bytes, url.length);
    buf_release(&url);
}
