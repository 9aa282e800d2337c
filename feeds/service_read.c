#include "feeds/service_read.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "feeds/feed_settings.h"
#include "feeds/template.h"
#include "feeds/url.h"

enum { LIST_MAX = 100, HOST_NAME_MAX_LENGTH = 253, ADDRESS_ROOM = 64 };

static bool is_numeric(int family, const char *text, size_t length)
{
    char address[ADDRESS_ROOM];
    unsigned char parsed[sizeof(struct in6_addr)];

    if (length >= sizeof address)
        return false;
    memcpy(address, text, length);
    address[length] = '\0';
    return inet_pton(family, address, parsed) == 1;
}

int listen_check(const char *text, struct err *err)
{
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : 0;
    bool is_known = false;

    if (strcmp(text, "off") == 0)
        return 0;
    if (length > 2 && text[0] == '[' && text[length - 1] == ']')
        is_known = is_numeric(AF_INET6, text + 1, length - 2);
    else
        is_known =
            (length == 9 && memcmp(text, "localhost", 9) == 0) || is_numeric(AF_INET, text, length);
    if (!is_known || !colon || url_port(colon + 1, strlen(colon + 1)) < 0)
        return err_set(err, ERR_CONFIG,
                       "must be \"off\" or an address and a port, such as \"127.0.0.1:8889\"");
    return 0;
}

void read_listen(void *object, const char *key, const struct json *value,
                 struct settings_report *report)
{
    struct service_settings *service = object;
    const char *text = read_string(key, value, report);
    struct err err = {0};
    char quoted[96];

    if (!text)
        return;
    if (listen_check(text, &err) != 0) {
        settings_quote(value, quoted);
        settings_mistake(report, value, "\"%s\" %s, not %s", key, err.text, quoted);
        return;
    }
    read_line(&service->listen, key, value, report);
}

/* A list of strings that all pass `is_right` replaces the one there is. */
static void read_list(char ***list, size_t *count, const char *key, const struct json *value,
                      struct settings_report *report)
{
    char **fresh = NULL;

    fresh = calloc(value->count + 1, sizeof *fresh);
    if (!fresh) {
        settings_mistake(report, value, "out of memory");
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        if (read_line(&fresh[i], key, value->items[i], report) != 0)
            fresh[i] = NULL;
    }
    for (size_t i = 0; i < *count; i++)
        free((*list)[i]);
    free(*list);
    *list = fresh;
    *count = value->count;
}

static bool is_host_name(const char *text)
{
    size_t length = strlen(text);

    if (length == 0 || length > HOST_NAME_MAX_LENGTH)
        return false;
    if (text[0] == '[' && text[length - 1] == ']')
        return is_numeric(AF_INET6, text + 1, length - 2);
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789.-_")] == '\0';
}

void read_listen_hosts(void *object, const char *key, const struct json *value,
                       struct settings_report *report)
{
    struct service_settings *service = object;
    bool is_right = true;

    if (value->type != JSON_ARRAY || value->count > LIST_MAX) {
        read_refuse(key, value, "a list of host names", report);
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        const struct json *item = value->items[i];

        if (item->type == JSON_STRING && strlen(item->text) == item->length &&
            is_host_name(item->text))
            continue;
        read_refuse(key, item, "a list of host names without ports", report);
        is_right = false;
    }
    if (is_right)
        read_list(&service->listen_hosts, &service->listen_host_count, key, value, report);
}

/* someone@example.org, or with a name: "Someone <someone@example.org>" is not taken. What holds a
 * secret cannot be judged here. */
static bool is_mail_address(const struct json *value)
{
    const char *text = value->text;
    const char *at = NULL;

    if (value->type != JSON_STRING || strlen(text) != value->length)
        return false;
    if (template_has_secret(text))
        return true;
    at = strchr(text, '@');
    if (!at || at == text || !at[1] || strchr(at + 1, '@') || value->length > 254)
        return false;
    for (; *text; text++) {
        if ((unsigned char)*text <= ' ' || *text == 0x7f || strchr("<>()[],;:\\\"", *text))
            return false;
    }
    return true;
}

void read_email_from(void *object, const char *key, const struct json *value,
                     struct settings_report *report)
{
    struct email_settings *email = object;

    if (!is_mail_address(value))
        read_refuse(key, value, "an address such as \"someone@example.org\"", report);
    else
        read_line(&email->from, key, value, report);
}

void read_email_to(void *object, const char *key, const struct json *value,
                   struct settings_report *report)
{
    struct email_settings *email = object;
    bool is_right = true;

    if (value->type != JSON_ARRAY || value->count == 0 || value->count > LIST_MAX) {
        read_refuse(key, value, "a list of addresses", report);
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        if (is_mail_address(value->items[i]))
            continue;
        read_refuse(key, value->items[i], "a list of addresses such as \"someone@example.org\"",
                    report);
        is_right = false;
    }
    if (is_right)
        read_list(&email->to, &email->to_count, key, value, report);
}

void read_webhook_headers(void *object, const char *key, const struct json *value,
                          struct settings_report *report)
{
    struct webhook_settings *webhook = object;

    if (value->type != JSON_OBJECT)
        read_refuse(key, value, "an object of strings", report);
    else
        read_header_list(&webhook->headers, &webhook->header_count, value, report);
}

/* `key` of `object` must be there, and a URL of one of `schemes`. */
static void check_url(const struct json *object, const char *what, const char *key,
                      const char *schemes, const struct template_place *place)
{
    const struct json *value = json_get(object, key);

    if (!value)
        mistakes_say(place->mistakes, place->file, object, "\"%s\" lacks \"%s\"", what, key);
    else if (value->type == JSON_STRING)
        template_check_url(key, value, schemes, place);
}

static void check_email(const struct json *email, const struct template_place *place)
{
    static const char *const required[] = {"from", "to"};

    check_url(email, "email", "server", "smtp smtps", place);
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        if (!json_get(email, required[i]))
            mistakes_say(place->mistakes, place->file, email, "\"email\" lacks \"%s\"",
                         required[i]);
    }
    if (json_get(email, "username") && !json_get(email, "password"))
        mistakes_say(place->mistakes, place->file, email,
                     "\"email\" has \"username\" and lacks \"password\"");
    if (json_get(email, "password") && !json_get(email, "username"))
        mistakes_say(place->mistakes, place->file, email,
                     "\"email\" has \"password\" and lacks \"username\"");
}

static const struct json *get_object(const struct json *object, const char *key)
{
    const struct json *value = json_get(object, key);

    return value && value->type == JSON_OBJECT ? value : NULL;
}

void service_finish(struct service_settings *service, const struct json *file,
                    const struct template_place *place)
{
    struct template_place no_slot = *place;
    const struct json *alerts = get_object(file, "alerts");
    const struct json *email = alerts ? get_object(alerts, "email") : NULL;
    const struct json *webhook = alerts ? get_object(alerts, "webhook") : NULL;
    const struct json *heartbeat = alerts ? get_object(alerts, "heartbeat") : NULL;

    no_slot.has_no_slot = true;
    service->alerts.has_email = email != NULL;
    service->alerts.has_webhook = webhook != NULL;
    service->alerts.has_heartbeat = heartbeat != NULL;
    if (alerts)
        template_check_value("alerts", alerts, &no_slot);
    if (email)
        check_email(email, &no_slot);
    if (webhook)
        check_url(webhook, "webhook", "url", "http https", &no_slot);
    if (heartbeat)
        check_url(heartbeat, "heartbeat", "url", "http https", &no_slot);
    if (service->store && !*service->store)
        mistakes_say(place->mistakes, place->file, json_get(file, "store"),
                     "\"store\" must be a directory, not \"\"");
}
