#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "companion/ask.h"
#include "companion/lines.h"
#include "companion/open.h"
#include "feeds/feed_settings.h"
#include "feeds/paths.h"

enum { COLUMNS = 7, CELL_MAX = 160, LINE_MAX_BYTES = 4096 };

static const struct option_row options[] = {
    OPTION_CONFIG,
    OPTION_STORE,
    {OPTION_TEXT, 0, "listen", ARGUMENT(listen), "ADDR:PORT",
     "where the service is: \"listen\" of pollard.json, else " LISTEN_DEFAULT},
    {OPTION_FLAG, 0, "json", ARGUMENT(words.is_json), NULL, "all that it knows, as JSON"},
    {0},
};

/* "" where there is none. */
static const char *text_of(const struct json *object, const char *key)
{
    const struct json *value = object && object->type == JSON_OBJECT ? json_get(object, key) : NULL;

    return value && value->text ? value->text : "";
}

static int64_t instant_of(const struct json *object, const char *key)
{
    int64_t at;

    return clock_parse_rfc3339(text_of(object, key), &at) ? AT_NONE : at;
}

static const struct json *array_of(const struct json *object, const char *key)
{
    static const struct json none = {.type = JSON_ARRAY};
    const struct json *value = json_get(object, key);

    return value && value->type == JSON_ARRAY ? value : &none;
}

/* "1m48s": as fine as one wants to read it. */
static void format_span(int64_t us, char out[CLOCK_DURATION_MAX])
{
    static const int64_t steps_ms[][2] = {{MS_PER_DAY, 3600000},
                                          {3600000, 60000},
                                          {1000, 1000},
                                          {0, 1}}; /* from so long on, to what */
    int64_t ms = us / US_PER_MS;
    size_t i = 0;

    while (ms < steps_ms[i][0])
        i++;
    clock_format_duration(ms / steps_ms[i][1] * steps_ms[i][1], out);
}

static void format_when(int64_t at, int64_t now_at, char out[CELL_MAX])
{
    char span[CLOCK_DURATION_MAX];

    out[0] = '\0';
    if (at == AT_NONE)
        return;
    format_span(at > now_at ? at - now_at : now_at - at, span);
    snprintf(out, CELL_MAX, at > now_at ? "in %s" : "%s ago", span);
}

static void format_last(const struct json *last, char out[CELL_MAX])
{
    const char *detail = text_of(last, "detail"), *status = text_of(last, "status");
    const struct json *invalid = last->type == JSON_OBJECT ? json_get(last, "invalid") : NULL;
    bool has_status = *status && strcmp(detail, "http_status") == 0;

    snprintf(out, CELL_MAX, "%s%s%s%s%s%s", text_of(last, "outcome"), *detail ? " " : "", detail,
             has_status ? " " : "", has_status ? status : "",
             invalid && invalid->is_true ? " invalid" : "");
}

static int add_feed(struct lines *lines, const struct json *feed, int64_t now_at)
{
    const struct json *last = json_get(feed, "last"), *complete = json_get(feed, "complete");
    int64_t ended_at = instant_of(last, "ended");
    char outcome[CELL_MAX] = "", when[CELL_MAX], next[CELL_MAX];
    const char *cells[COLUMNS] = {text_of(feed, "name"),
                                  outcome,
                                  when,
                                  next,
                                  text_of(feed, "failures"),
                                  text_of(complete, "24h"),
                                  text_of(feed, "alert")};

    if (last && last->type == JSON_OBJECT)
        format_last(last, outcome);
    format_when(ended_at != AT_NONE ? ended_at : instant_of(last, "slot"), now_at, when);
    format_when(instant_of(feed, "next_slot"), now_at, next);
    return lines_add(lines, cells);
}

static void format_bytes(const char *digits, char out[CELL_MAX])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double bytes = strtod(digits, NULL);
    size_t i = 0;

    for (; bytes >= 1024 && i < 4; i++)
        bytes /= 1024;
    snprintf(out, CELL_MAX, i ? "%.1f %s" : "%.0f %s", bytes, units[i]);
}

static int print_line(const char *line, struct err *err)
{
    struct lines lines;
    int result;

    lines_init(&lines, 1);
    result = lines_add(&lines, &line) ? err_memory(err) : 0;
    if (!result)
        lines_print(&lines);
    lines_release(&lines);
    return result;
}

static int print_service(const struct json *status, struct err *err)
{
    const struct json *store = json_get(status, "store");
    char since[CELL_MAX], used[CELL_MAX], free_text[CELL_MAX], line[4 * CELL_MAX];

    format_when(instant_of(status, "started"), instant_of(status, "now"), since);
    format_bytes(text_of(store, "used_bytes"), used);
    format_bytes(text_of(store, "free_bytes"), free_text);
    snprintf(line, sizeof line, "pollardd %.40s, started %s; store %.40s: %s in use, %s free",
             text_of(status, "version"), since, text_of(store, "state"), used, free_text);
    return print_line(line, err);
}

static int print_feeds(const struct arguments *arguments, const struct json *status,
                       struct err *err)
{
    static const char *const header[COLUMNS] = {"feed",     "last",   "when", "next",
                                                "failures", "24 h %", "alert"};
    const struct json *feeds = array_of(status, "feeds");
    bool *has_matched = calloc(arguments->feed_count + 1, sizeof *has_matched);
    int64_t now_at = instant_of(status, "now");
    struct lines lines;
    int result = -1;

    lines_init(&lines, COLUMNS);
    if (!has_matched || lines_add(&lines, header)) {
        err_memory(err);
        goto fail;
    }
    for (size_t i = 0; i < feeds->count; i++) {
        const struct json *feed = feeds->items[i];

        if (feed->type == JSON_OBJECT &&
            feed_is_meant(arguments, text_of(feed, "name"), has_matched) &&
            add_feed(&lines, feed, now_at)) {
            err_memory(err);
            goto fail;
        }
    }
    result = 0;
    for (size_t i = 0; !result && i < arguments->feed_count; i++)
        if (!has_matched[i])
            result = err_set(err, ERR_ABSENT, "no feed \"%s\" runs", arguments->feeds[i]);
    if (!result && !(result = print_service(status, err)))
        lines_print(&lines);
fail:
    lines_release(&lines);
    free(has_matched);
    return result;
}

/* What a person must see to. */
static int print_troubles(const struct json *status, struct err *err)
{
    const struct json *alerts = array_of(status, "alerts");
    const struct json *mistakes = array_of(status, "config_errors");
    char line[LINE_MAX_BYTES], when[CELL_MAX];

    for (size_t i = 0; i < alerts->count; i++) {
        format_when(instant_of(alerts->items[i], "since"), instant_of(status, "now"), when);
        snprintf(line, sizeof line, "alert: %s (%s)", text_of(alerts->items[i], "text"), when);
        if (print_line(line, err))
            return -1;
    }
    for (size_t i = 0; i < mistakes->count; i++) {
        const struct json *mistake = mistakes->items[i];

        snprintf(line, sizeof line, "%s:%s:%s: %s", text_of(mistake, "file"),
                 text_of(mistake, "line"), text_of(mistake, "column"), text_of(mistake, "text"));
        if (print_line(line, err))
            return -1;
    }
    return 0;
}

static int print_table(const struct arguments *arguments, const struct buf *body,
                       const char *listen, struct err *err)
{
    struct json_mistake mistake;
    struct json *status = json_parse(body->bytes, body->length, &mistake);
    int result;

    if (!status || status->type != JSON_OBJECT || instant_of(status, "now") == AT_NONE)
        result = err_set(err, ERR_IO, "what answers at %s is no pollardd", listen);
    else
        result = print_feeds(arguments, status, err) || print_troubles(status, err) ? -1 : 0;
    json_free(status);
    return result;
}

static char *find_listen(const struct arguments *arguments, struct err *err)
{
    char *dir = config_dir_choose(arguments->config, err);
    char *listen = dir ? listen_choose(arguments->listen, dir, err) : NULL;
    struct err why = {0};

    free(dir);
    if (!listen || listen_check(listen, &why) == 0)
        return listen;
    if (arguments->listen)
        err_set(err, ERR_USAGE, "--listen %s, not \"%s\"", why.text, listen);
    else
        err_set(err, ERR_CONFIG, "\"listen\" of pollard.json %s, not \"%s\"", why.text, listen);
    free(listen);
    return NULL;
}

static int run(const struct arguments *arguments, struct err *err)
{
    char *listen;
    struct buf body;
    int result;

    if (arguments->words.is_json && arguments->feed_count)
        return err_set(err, ERR_USAGE, "--json tells of every feed: leave out \"%s\"",
                       arguments->feeds[0]);
    listen = find_listen(arguments, err);
    if (!listen)
        return -1;
    result = ask_service(listen, "/status.json", &body, err);
    if (!result && arguments->words.is_json)
        fwrite(body.bytes, 1, body.length, stdout);
    else if (!result)
        result = print_table(arguments, &body, listen, err);
    buf_release(&body);
    free(listen);
    return result;
}

const struct command command_status = {
    .name = "status",
    .operands = "[FEED…]",
    .operands_most = SIZE_MAX,
    .help = "what the running service knows, feed by feed",
    .details =
        "Asks pollardd over HTTP, on this machine: how each feed's last slot ended, when the next\n"
        "comes, failed polls in a row, the share of complete slots of the last 24 hours; below\n"
        "that open alerts and mistakes of the configuration. The store is not looked at: --store\n"
        "is taken so that every command can be given the same words.",
    .options = options,
    .run = run,
};
