#include "feeds/feed_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feeds/definition.h"
#include "feeds/feed_read.h"
#include "feeds/feed_settings.h"
#include "feeds/template.h"
#include "feeds/template_check.h"

static const char service_file[] = "pollard.json";

/* A key in force: in the feed's file, or else in the defaults. */
struct place {
    const char *file;
    const struct json *value; /* NULL: in neither */
};

static struct place find_place(const struct feed_source *source, const char *key)
{
    struct place place = {.file = source->file, .value = json_get(source->tree, key)};

    if (!place.value && source->defaults) {
        place.value = json_get(source->defaults, key);
        place.file = service_file;
    }
    return place;
}

/* `"key" must …, not "value"`. */
static void say(const struct feed_source *source, const struct place *place, const char *key,
                const char *must)
{
    char quoted[96];

    settings_quote(place->value, quoted);
    mistakes_say(source->mistakes, place->file, place->value, "\"%s\" must %s, not %s", key, must,
                 quoted);
}

/* What `for` or `timeout` holds may be the defaults' where the feed's own text is no duration: that
 * was said already. */
static bool is_duration(const struct json *value, int64_t ms)
{
    int64_t parsed = -1;

    return value && value->type == JSON_STRING &&
           clock_parse_duration(value->text, value->length, &parsed) == 0 && parsed == ms;
}

static bool name_is_legal(const char *name)
{
    size_t length = strlen(name);

    return length >= 1 && length < FEED_NAME_MAX && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0 &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789._-")] == '\0';
}

/* true: a {var} is left in it, and said. */
static bool say_var(const char *key, const char *text, const struct json *value,
                    const struct feed_source *source)
{
    size_t length = 0;
    const char *var = template_find_var(text, &length);

    if (!var)
        return false;
    mistakes_say(source->mistakes, source->file, value,
                 "\"%s\" holds \"%.*s\", which \"for_each\" lacks", key,
                 (int)(length > 100 ? 100 : length), var);
    return true;
}

static void check_name(const struct feed *feed, const struct feed_source *source)
{
    const struct json *value = json_get(source->tree, "name");
    struct json name = {.type = JSON_STRING, .text = feed->name};
    char quoted[96];

    if (value && value->type != JSON_STRING)
        return;
    if (value && say_var("name", feed->name, value, source))
        return;
    if (name_is_legal(feed->name))
        return;
    name.length = strlen(feed->name);
    settings_quote(&name, quoted);
    mistakes_say(source->mistakes, source->file, value ? value : source->tree,
                 "\"name\" must be 1 to 100 letters, digits, \".\", \"_\" or \"-\", not %s%s",
                 quoted, value ? "" : ", the file's name");
}

static void check_url(const struct feed *feed, const struct feed_source *source,
                      const struct template_place *place)
{
    const struct json *value = json_get(source->tree, "url");

    if (!value)
        mistakes_say(source->mistakes, source->file, source->tree, "\"url\" is required");
    else if (value->type == JSON_STRING && feed->url && !say_var("url", feed->url, value, source))
        template_check_url("url", value, "http https", place);
}

static void check_interval(const struct feed *feed, const struct feed_source *source)
{
    const struct json *interval = json_get(source->tree, "interval");
    const struct json *at = json_get(source->tree, "at");

    if (interval && at)
        mistakes_say(source->mistakes, source->file, at,
                     "\"at\" stands instead of \"interval\": give one of them");
    if (feed->schedule.interval_ms == 0 && feed->schedule.time_count == 0 &&
        !find_place(source, "interval").value && !find_place(source, "at").value &&
        !source->has_unknown_defaults)
        mistakes_say(source->mistakes, source->file, source->tree,
                     "\"interval\" is required, or \"at\"");
}

static void describe_interval(const char *how, const struct feed *feed,
                              const struct feed_source *source, char out[160])
{
    char interval[CLOCK_DURATION_MAX];
    bool is_elsewhere = !json_get(source->tree, "interval");

    clock_format_duration(feed->schedule.interval_ms, interval);
    snprintf(out, 160, "%s \"interval\", \"%s\" in %.80s", how, interval,
             is_elsewhere ? service_file : source->file);
}

static void finish_timeout(struct feed *feed, const struct feed_source *source)
{
    int64_t interval_ms = feed->schedule.interval_ms;
    struct place place = find_place(source, "timeout");
    char must[160];

    if (feed->timeout_ms == 0)
        feed->timeout_ms = feed_default_timeout_ms(feed);
    if (interval_ms == 0 || feed->timeout_ms <= interval_ms ||
        !is_duration(place.value, feed->timeout_ms))
        return;
    describe_interval("not exceed", feed, source, must);
    say(source, &place, "timeout", must);
}

static void finish_offset(struct feed *feed, const struct feed_source *source)
{
    struct schedule *schedule = &feed->schedule;
    struct place place = find_place(source, "offset");
    char must[160];

    if (schedule->interval_ms == 0) {
        schedule->offset_ms = 0;
    } else if (!feed->has_own_offset) {
        schedule->offset_ms =
            (int64_t)(hash64(feed->name, strlen(feed->name), 0) % (uint64_t)schedule->interval_ms);
    } else if (schedule->offset_ms >= schedule->interval_ms) {
        describe_interval("be less than", feed, source, must);
        say(source, &place, "offset", must);
        schedule->offset_ms %= schedule->interval_ms;
    }
}

/* A date in the time zone, known only now. */
static void finish_window(struct feed *feed, const struct feed_source *source)
{
    struct schedule *schedule = &feed->schedule;
    struct place from = find_place(source, "from");
    struct place until = find_place(source, "until");

    if (from.value && from.value->type == JSON_STRING)
        read_instant_text(from.value->text, schedule->zone, false, &schedule->from_at);
    if (until.value && until.value->type == JSON_STRING)
        read_instant_text(until.value->text, schedule->zone, true, &schedule->until_at);
    if (from.value && until.value && schedule->from_at != AT_NONE &&
        schedule->until_at != AT_NEVER && schedule->from_at >= schedule->until_at)
        say(source, &until, "until", "be later than \"from\"");
}

static void check_body(const struct feed *feed, const struct feed_source *source)
{
    struct place place = find_place(source, "body");

    if (feed->body && place.value && strcmp(feed->method, "HEAD") == 0)
        say(source, &place, "body", "not stand with \"method\" \"HEAD\"");
}

static int finish_ca_file(struct feed *feed, const struct feed_source *source)
{
    struct place place = find_place(source, "ca_file");
    struct stat stat_;
    char *path = NULL;

    if (!feed->ca_file || !source->dir)
        return 0;
    if (feed->ca_file[0] != '/') {
        if (asprintf(&path, "%s/%s", source->dir, feed->ca_file) < 0)
            return -1;
        free(feed->ca_file);
        feed->ca_file = path;
    }
    if (stat(feed->ca_file, &stat_) != 0 || !S_ISREG(stat_.st_mode) ||
        access(feed->ca_file, R_OK) != 0)
        say(source, &place, "ca_file", "be a file that can be read");
    return 0;
}

static void check_templates(const struct json *tree, const struct template_place *place)
{
    static const char *const keys[] = {"url", "headers", "body", "auth"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct json *value = json_get(tree, keys[i]);

        if (value)
            template_check_value(keys[i], value, place);
    }
}

/* What `defaults` may not hold, and what is wrong with it whatever a feed says. */
void feed_check_defaults(const struct json *defaults, const struct template_place *place)
{
    static const char *const excluded[] = {"name", "url", "for_each"};
    struct settings_report report = mistakes_report(place->mistakes);
    struct feed *feed = feed_new();

    if (!feed) {
        mistakes_say(place->mistakes, place->file, defaults, "out of memory");
        return;
    }
    for (size_t i = 0; i < defaults->count; i++) {
        const struct json_member *member = &defaults->members[i];

        for (size_t j = 0; j < sizeof excluded / sizeof *excluded; j++) {
            if (strcmp(member->key, excluded[j]) == 0)
                settings_mistake(&report,
                                 &(struct json){.line = member->line, .column = member->column},
                                 "\"defaults\" may not hold \"%s\"", member->key);
        }
    }
    settings_apply(feed_settings, defaults, feed, &report);
    if (json_get(defaults, "interval") && json_get(defaults, "at"))
        mistakes_say(place->mistakes, place->file, json_get(defaults, "at"),
                     "\"at\" stands instead of \"interval\": give one of them");
    check_templates(defaults, place);
    feed_drop(feed);
}

static void on_nothing(void *cookie, int line, int column, const char *text)
{
    (void)cookie;
    (void)line;
    (void)column;
    (void)text;
}

/* Their mistakes were told when pollard.json was read. An object in the feed's file switches on
 * again what the defaults switched off. */
static void apply_defaults(struct feed *feed, const struct feed_source *source)
{
    struct settings_report silent = {.on_mistake = on_nothing};

    settings_apply(feed_settings, source->defaults, feed, &silent);
    for (const struct setting *setting = feed_settings; setting->key; setting++) {
        const struct json *own = setting->off ? json_get(source->tree, setting->key) : NULL;
        const struct json *other = json_get(source->defaults, setting->key);

        if (own && own->type == JSON_OBJECT && other && other->type == JSON_BOOL)
            settings_reset(setting->nested, (char *)feed + setting->offset);
    }
    if (json_get(source->tree, "at"))
        feed->schedule.interval_ms = 0;
    if (json_get(source->tree, "interval")) {
        free(feed->schedule.times);
        feed->schedule.times = NULL;
        feed->schedule.time_count = 0;
    }
}

struct feed *feed_make(const struct feed_source *source)
{
    struct settings_report report = mistakes_report(source->mistakes);
    size_t found = source->mistakes->found;
    struct feed *feed = feed_new();
    struct template_place place = {.mistakes = source->mistakes,
                                   .file = source->file,
                                   .secrets = source->secrets,
                                   .feed = feed};

    if (!feed)
        return NULL;
    if (source->defaults)
        apply_defaults(feed, source);
    settings_apply(feed_settings, source->tree, feed, &report);
    feed->file = strdup(source->file);
    if (!feed->name)
        feed->name = strdup(source->name);
    if (!feed->file || !feed->name)
        goto fail;
    if (source->dir)
        check_name(feed, source);
    check_interval(feed, source);
    finish_timeout(feed, source);
    finish_offset(feed, source);
    finish_window(feed, source);
    check_body(feed, source);
    check_templates(source->tree, &place);
    check_url(feed, source, &place);
    if (source->mistakes->found == found && definition_fill(feed, source->secrets) != 0)
        mistakes_say(source->mistakes, source->file, source->tree, "the feed is too large");
    if (finish_ca_file(feed, source) != 0)
        goto fail;
    return feed;
fail:
    feed_drop(feed);
    return NULL;
}
