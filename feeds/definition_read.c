#include <string.h>

#include "feeds/feed_check.h"
#include "feeds/feed_load.h"

static struct feed *read_definition(const char *name, const struct json *tree, struct err *err)
{
    struct mistakes mistakes = {0};
    struct feed_source source = {.file = "", .name = name, .tree = tree, .mistakes = &mistakes};
    struct feed *feed = NULL;

    mistakes_enter(&mistakes, "");
    feed = feed_make(&source);
    if (!feed) {
        err_memory(err);
    } else if (mistakes.found > 0) {
        err_set(err, ERR_INPUT, "definition of feed \"%s\": %s", name,
                mistakes.count ? mistakes.items[0].text : "out of memory");
        feed_drop(feed);
        feed = NULL;
    }
    mistakes_release(&mistakes);
    return feed;
}

struct feed *feed_from_definition(const char *name, const char *definition, struct err *err)
{
    struct json_mistake mistake = {0};
    struct json *tree = json_parse(definition, strlen(definition), &mistake);
    struct feed *feed = NULL;

    if (tree && tree->type == JSON_OBJECT)
        feed = read_definition(name, tree, err);
    else
        err_set(err, ERR_INPUT, "definition of feed \"%s\": %s", name,
                tree ? "not an object" : mistake.text);
    json_free(tree);
    return feed;
}
