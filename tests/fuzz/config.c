/* A configuration file's text. The first byte: f a feed file, p pollard.json, d an object whose
 * member "defaults" holds for the feed file in its member "feed". No file and no secret is looked
 * at. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "feeds/feed_check.h"
#include "feeds/feed_load.h"
#include "feeds/feed_settings.h"
#include "feeds/for_each.h"
#include "feeds/service_read.h"
#include "feeds/template.h"
#include "tests/fuzz/input.h"

enum { FEEDS_A_FILE = 30, URL_MAX = 1 << 20 };

struct loading {
    const struct json *defaults;
    struct mistakes mistakes;
};

/* A feed without mistakes has a definition that gives the same feed. */
static void check_feed(const struct feed *feed)
{
    struct err err = {.kind = ERR_NONE};
    struct feed *again;
    struct buf url;

    must(feed->definition);
    must(again = feed_from_definition(feed->name, feed->definition, &err));
    must(strcmp(again->definition, feed->definition) == 0);
    must(again->schedule.interval_ms == feed->schedule.interval_ms);
    must(again->schedule.offset_ms == feed->schedule.offset_ms);
    must(again->timeout_ms == feed->timeout_ms);
    buf_init(&url, URL_MAX);
    template_expand(feed->url, feed, INT64_C(1700000000000000), NULL, &url, &err);
    buf_reset(&url);
    template_display_url(feed, INT64_C(1700000000000000), &url);
    buf_release(&url);
    feed_drop(again);
}

static int on_file(void *cookie, const struct json *file, struct err *err)
{
    struct loading *loading = cookie;
    struct feed_source source = {.file = "feeds/one.json",
                                 .name = "one",
                                 .tree = file,
                                 .defaults = loading->defaults,
                                 .mistakes = &loading->mistakes};
    size_t found = loading->mistakes.found;
    struct feed *feed = feed_make(&source);

    (void)err;
    must(feed);
    if (loading->mistakes.found == found)
        check_feed(feed);
    feed_drop(feed);
    return 0;
}

static void load_feed(const struct json *file, const struct json *defaults)
{
    struct loading loading = {.defaults = defaults};
    struct template_place place = {.mistakes = &loading.mistakes, .file = "pollard.json"};
    struct err err = {.kind = ERR_NONE};

    mistakes_enter(&loading.mistakes, "pollard.json");
    if (defaults)
        feed_check_defaults(defaults, &place);
    mistakes_enter(&loading.mistakes, "feeds/one.json");
    if (!loading.mistakes.found)
        must(for_each_file(file, FEEDS_A_FILE, &loading.mistakes, on_file, &loading, &err) == 0);
    mistakes_sort(&loading.mistakes);
    mistakes_release(&loading.mistakes);
}

static void load_service(const struct json *file)
{
    struct service_settings service = {0};
    struct mistakes mistakes = {0};
    struct settings_report report = mistakes_report(&mistakes);
    struct template_place place = {.mistakes = &mistakes, .file = "pollard.json"};

    mistakes_enter(&mistakes, "pollard.json");
    settings_reset(service_settings, &service);
    settings_apply(service_settings, file, &service, &report);
    service_finish(&service, file, &place);
    service_settings_release(&service);
    mistakes_release(&mistakes);
}

/* Any tree: written and read again it is the same. */
static void rewrite(const struct json *tree)
{
    struct buf text, second;
    struct json_mistake mistake;
    struct json *again;

    buf_init(&text, (size_t)1 << 24);
    buf_init(&second, (size_t)1 << 24);
    must(json_write(&text, tree) == 0);
    must(again = json_parse(text.bytes, text.length, &mistake));
    must(json_write(&second, again) == 0);
    must(text.length == second.length && memcmp(text.bytes, second.bytes, text.length) == 0);
    json_free(again);
    buf_release(&text);
    buf_release(&second);
}

static void load(unsigned char what, const struct json *tree)
{
    const struct json *defaults = json_get(tree, "defaults"), *feed = json_get(tree, "feed");

    if (what == 'p')
        load_service(tree);
    else if (what != 'd')
        load_feed(tree, NULL);
    else if (defaults && defaults->type == JSON_OBJECT && feed && feed->type == JSON_OBJECT)
        load_feed(feed, defaults);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {(const char *)data, size};
    unsigned char what = input_byte(&input);
    size_t length;
    char *text = input_rest(&input, &length);
    struct json_mistake mistake = {0};
    struct json *tree = json_parse(text, length, &mistake);

    if (!tree)
        must(mistake.line >= 1 && mistake.column >= 1 && mistake.text[0]);
    if (tree)
        rewrite(tree);
    if (tree && tree->type == JSON_OBJECT)
        load(what, tree);
    json_free(tree);
    free(text);
    return 0;
}
