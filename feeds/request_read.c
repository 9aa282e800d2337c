/* The keys of a feed that say how to ask: method headers auth ca_file pin proxy user_agent. */
#include "feeds/feed_read.h"

#include <stdlib.h>
#include <string.h>

#include "feeds/url.h"

enum { PIN_BASE64 = 44 };

/* RFC 9110 5.6.2. */
static bool is_token(const char *text)
{
    static const char *const allowed = "!#$%&'*+-.^_`|~0123456789"
                                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return *text && text[strspn(text, allowed)] == '\0';
}

void read_method(void *object, const char *key, const struct json *value,
                 struct settings_report *report)
{
    struct feed *feed = object;
    const char *text = read_string(key, value, report);

    if (!text)
        return;
    if (!is_token(text) || strlen(text) > 32 || strcasecmp(text, "CONNECT") == 0) {
        read_refuse(key, value, "a method of HTTP, such as \"GET\" or \"POST\"", report);
        return;
    }
    read_put(&feed->method, text, value, report);
    for (char *c = feed->method; *c; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
}

static struct feed_header *find_header(struct feed_header *headers, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(headers[i].name, name) == 0)
            return &headers[i];
    }
    return NULL;
}

static int put_header(struct feed_header **headers, size_t *count, const char *name,
                      const char *value)
{
    struct feed_header *found = find_header(*headers, *count, name);
    struct feed_header fresh = {.name = strdup(name), .value = strdup(value)};
    struct feed_header *grown = NULL;

    if (!fresh.name || !fresh.value)
        goto fail;
    if (!found) {
        grown = realloc(*headers, (*count + 1) * sizeof *grown);
        if (!grown)
            goto fail;
        *headers = grown;
        grown[(*count)++] = fresh;
        return 0;
    }
    free(found->name);
    free(found->value);
    *found = fresh;
    return 0;
fail:
    free(fresh.name);
    free(fresh.value);
    return -1;
}

static bool is_header_again(const struct json *object, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcasecmp(object->members[i].key, object->members[index].key) == 0)
            return true;
    }
    return false;
}

static void read_header(struct feed_header **headers, size_t *count,
                        const struct json_member *member, struct settings_report *report)
{
    const char *text = NULL;
    struct json place = read_key_place(member);

    if (!is_token(member->key)) {
        settings_mistake(report, &place, "\"%s\" cannot be the name of a header", member->key);
        return;
    }
    text = read_string(member->key, member->value, report);
    if (!text)
        return;
    if (strpbrk(text, "\r\n")) {
        read_refuse(member->key, member->value, "without line breaks", report);
        return;
    }
    if (put_header(headers, count, member->key, text) != 0)
        settings_mistake(report, member->value, "out of memory");
}

void read_header_list(struct feed_header **headers, size_t *count, const struct json *value,
                      struct settings_report *report)
{
    enum { HEADERS_MAX = 100 };

    if (value->count > HEADERS_MAX) {
        settings_mistake(report, value, "\"headers\" must not hold more than %d", HEADERS_MAX);
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        const struct json_member *member = &value->members[i];
        struct json place = read_key_place(member);

        if (is_header_again(value, i))
            settings_mistake(report, &place, "duplicate key \"%s\"", member->key);
        else
            read_header(headers, count, member, report);
    }
}

void read_headers(void *object, const char *key, const struct json *value,
                  struct settings_report *report)
{
    struct feed *feed = object;

    if (value->type != JSON_OBJECT)
        read_refuse(key, value, "an object of strings", report);
    else
        read_header_list(&feed->headers, &feed->header_count, value, report);
}

static char **auth_field(struct feed_auth *auth, enum auth_type type, const char *key)
{
    if (type == AUTH_BASIC && strcmp(key, "username") == 0)
        return &auth->username;
    if (type == AUTH_BASIC && strcmp(key, "password") == 0)
        return &auth->password;
    if (type == AUTH_BEARER && strcmp(key, "token") == 0)
        return &auth->token;
    return NULL;
}

static void read_auth_member(struct feed_auth *auth, const struct json_member *member,
                             struct settings_report *report)
{
    struct json place = read_key_place(member);
    char **field = auth_field(auth, auth->type, member->key);
    const char *text = NULL;

    if (!field) {
        settings_mistake(report, &place, "unknown key \"auth.%s\", type %s has: %s", member->key,
                         auth->type == AUTH_BASIC ? "basic" : "bearer",
                         auth->type == AUTH_BASIC ? "username, password" : "token");
        return;
    }
    if (*field) {
        settings_mistake(report, &place, "duplicate key \"%s\"", member->key);
        return;
    }
    text = read_string(member->key, member->value, report);
    if (text && strpbrk(text, "\r\n"))
        read_refuse(member->key, member->value, "without line breaks", report);
    read_put(field, text ? text : "", member->value, report);
}

static void check_auth(const struct feed_auth *auth, const struct json *value,
                       struct settings_report *report)
{
    if (auth->type == AUTH_BASIC && !auth->username)
        settings_mistake(report, value, "\"auth\" of type basic lacks \"username\"");
    if (auth->type == AUTH_BASIC && !auth->password)
        settings_mistake(report, value, "\"auth\" of type basic lacks \"password\"");
    if (auth->type == AUTH_BEARER && !auth->token)
        settings_mistake(report, value, "\"auth\" of type bearer lacks \"token\"");
}

void read_auth(void *object, const char *key, const struct json *value,
               struct settings_report *report)
{
    struct feed *feed = object;
    struct feed_auth auth = {.type = AUTH_NONE};
    const struct json *type = NULL;

    if (value->type != JSON_OBJECT) {
        read_refuse(key, value, "an object", report);
        return;
    }
    type = json_get(value, "type");
    if (!type) {
        settings_mistake(report, value, "\"auth\" lacks \"type\", \"basic\" or \"bearer\"");
        return;
    }
    if (type->type == JSON_STRING && strcmp(type->text, "basic") == 0)
        auth.type = AUTH_BASIC;
    else if (type->type == JSON_STRING && strcmp(type->text, "bearer") == 0)
        auth.type = AUTH_BEARER;
    if (auth.type == AUTH_NONE) {
        read_refuse("auth.type", type, "\"basic\" or \"bearer\"", report);
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        if (value->members[i].value != type)
            read_auth_member(&auth, &value->members[i], report);
    }
    check_auth(&auth, value, report);
    free(feed->auth.username);
    free(feed->auth.password);
    free(feed->auth.token);
    feed->auth = auth;
}

void read_ca_file(void *object, const char *key, const struct json *value,
                  struct settings_report *report)
{
    struct feed *feed = object;

    read_line(&feed->ca_file, key, value, report);
}

void read_user_agent(void *object, const char *key, const struct json *value,
                     struct settings_report *report)
{
    struct feed *feed = object;

    read_line(&feed->user_agent, key, value, report);
}

/* sha256//BASE64, several separated by ";" as curl takes them. */
static bool is_pin(const char *text)
{
    static const char *const base64 =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (;;) {
        if (strncmp(text, "sha256//", 8) != 0)
            return false;
        text += 8;
        if (strspn(text, base64) != PIN_BASE64 - 1 || text[PIN_BASE64 - 1] != '=')
            return false;
        text += PIN_BASE64;
        if (*text != ';')
            return *text == '\0';
        text++;
    }
}

void read_pin(void *object, const char *key, const struct json *value,
              struct settings_report *report)
{
    struct feed *feed = object;
    const char *text = read_string(key, value, report);

    if (text && !is_pin(text))
        read_refuse(key, value, "\"sha256//\" and 44 characters of base64", report);
    else if (text)
        read_put(&feed->pin, text, value, report);
}

void read_proxy(void *object, const char *key, const struct json *value,
                struct settings_report *report)
{
    struct feed *feed = object;
    const char *text = read_string(key, value, report);
    struct err err = {0};
    char quoted[96];

    if (!text)
        return;
    settings_quote(value, quoted);
    if (strstr(text, "${"))
        settings_mistake(report, value, "\"%s\" may not hold ${…}: %s", key, quoted);
    else if (url_check(text, "http https socks4 socks4a socks5 socks5h", &err) != 0)
        settings_mistake(report, value, "\"%s\" %s, not %s", key, err.text, quoted);
    else
        read_put(&feed->proxy, text, value, report);
}
