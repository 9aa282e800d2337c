#include "scheduler/net/httpd_target.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes text[0 … length) in place and terminates it: it never grows, and behind each piece lies
 * the separator that ended it, or the terminator of all. */
static int decode(char *text, size_t length, bool is_query, struct httpd_target *target,
                  struct err *err)
{
    size_t from, to = 0;

    for (from = 0; from < length; from++) {
        char c = text[from];

        if (c == '%') {
            int high = from + 2 < length ? digit_of(text[from + 1]) : -1;
            int low = from + 2 < length ? digit_of(text[from + 2]) : -1;

            if (high < 0 || low < 0)
                return err_set(err, ERR_INPUT,
                               "a %% in the address is not followed by two "
                               "hexadecimal digits");
            c = (char)(high * 16 + low);
            from += 2;
        } else if (is_query && c == '+') {
            target->has_plus = true;
            c = ' ';
        }
        if ((unsigned char)c < ' ' || c == 0x7f)
            return err_set(err, ERR_INPUT, "the address holds a control byte");
        text[to++] = c;
    }
    text[to] = '\0';
    if (utf8_valid(text, to) != to)
        return err_set(err, ERR_INPUT, "the address is not UTF-8");
    return 0;
}

static int add_parameter(struct httpd_target *target, char *text, size_t length, struct err *err)
{
    struct httpd_parameter *parameter = &target->parameters[target->parameter_count];
    char *equals = memchr(text, '=', length);
    size_t name_length = equals ? (size_t)(equals - text) : length;

    if (!length)
        return 0; /* "a=1&&b=2" */
    if (target->parameter_count == HTTPD_PARAMETERS_MAX)
        return err_set(err, ERR_INPUT, "the address has more than %d parameters",
                       HTTPD_PARAMETERS_MAX);
    parameter->name = text;
    parameter->value = equals ? equals + 1 : NULL;
    if (equals && decode(equals + 1, length - name_length - 1, true, target, err))
        return -1;
    if (decode(text, name_length, true, target, err))
        return -1;
    target->parameter_count++;
    return 0;
}

static int parse_query(struct httpd_target *target, char *query, struct err *err)
{
    size_t length = strcspn(query, "&");

    /* The byte that ended a piece is looked at before decoding puts its terminator there. */
    while (true) {
        bool is_last = query[length] == '\0';

        if (add_parameter(target, query, length, err))
            return -1;
        if (is_last)
            return 0;
        query += length + 1;
        length = strcspn(query, "&");
    }
}

int httpd_target_parse(struct httpd_target *target, const char *raw, size_t length, struct err *err)
{
    char *query;

    *target = (struct httpd_target){0};
    if (length > HTTPD_TARGET_MAX)
        return err_set(err, ERR_FULL, "the address is longer than %d bytes", HTTPD_TARGET_MAX);
    if (length == 0 || raw[0] != '/' || memchr(raw, '\0', length))
        return err_set(err, ERR_INPUT, "the address must be a path that begins with /");
    target->text = strndup(raw, length);
    if (!target->text)
        return err_memory(err);
    target->path = target->text;
    query = strchr(target->text, '?');
    if (query && parse_query(target, query + 1, err))
        return -1;
    return decode(target->text, query ? (size_t)(query - target->text) : length, false, target,
                  err);
}

void httpd_target_release(struct httpd_target *target)
{
    free(target->text);
    *target = (struct httpd_target){0};
}
