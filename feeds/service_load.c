#include "feeds/service_load.h"

#include <stdlib.h>
#include <string.h>

#include "feeds/config_file.h"
#include "feeds/feed_check.h"
#include "feeds/feed_settings.h"
#include "feeds/secret.h"
#include "feeds/service_read.h"
#include "feeds/template_check.h"

static const char service_file[] = "pollard.json";

static int reset(struct service_settings *service)
{
    service_settings_release(service);
    settings_reset(service_settings, service);
    service->listen = strdup(LISTEN_DEFAULT);
    return service->listen ? 0 : -1;
}

static const struct json *get_defaults(const struct json *file)
{
    const struct json *defaults = file ? json_get(file, "defaults") : NULL;

    return defaults && defaults->type == JSON_OBJECT ? defaults : NULL;
}

/* Reads what `file` holds into the settings, loading secrets, saying mistakes. */
static void read_service(struct feed_set *set, const struct json *file,
                         const struct template_place *place)
{
    struct settings_report report = mistakes_report(place->mistakes);
    const struct json *defaults = json_get(file, "defaults");
    char quoted[96];

    settings_apply(service_settings, file, &set->service, &report);
    service_finish(&set->service, file, place);
    set->service.defaults = get_defaults(file);
    if (defaults && !set->service.defaults) {
        settings_quote(defaults, quoted);
        settings_mistake(&report, defaults, "\"defaults\" must be an object, not %s", quoted);
    }
    if (set->service.defaults)
        feed_check_defaults(set->service.defaults, place);
}

/* The settings that held before, from the file as it was then. */
static int restore(struct feed_set *set, const struct feed_set *previous)
{
    struct mistakes unheard = {0};
    struct template_place place = {.mistakes = &unheard,
                                   .file = service_file,
                                   .secrets = set->secrets,
                                   .previous = previous->secrets};

    if (!previous->service_source)
        return 0;
    set->service_source = json_clone(previous->service_source);
    if (!set->service_source)
        return -1;
    mistakes_enter(&unheard, service_file);
    read_service(set, set->service_source, &place);
    mistakes_release(&unheard);
    return 0;
}

int service_load(struct service_load *load, struct feed_set *set, const struct feed_set *previous,
                 int dir_fd, struct mistakes *mistakes)
{
    struct template_place place = {
        .mistakes = mistakes, .file = service_file, .secrets = set->secrets};
    size_t found = mistakes->found;
    struct json *file = NULL;

    if (reset(&set->service) != 0)
        return -1;
    mistakes_enter(mistakes, service_file);
    config_file_read(dir_fd, service_file, &file, mistakes);
    if (file)
        read_service(set, file, &place);
    set->service_is_broken = mistakes->found != found;
    if (!set->service_is_broken) {
        set->service_source = file;
        load->defaults = set->service.defaults;
        return 0;
    }
    load->broken = file;
    if (reset(&set->service) != 0)
        return -1;
    if (previous && (previous->service_source || !previous->service_is_broken)) {
        if (restore(set, previous) != 0)
            return -1;
        load->defaults = set->service.defaults;
    } else {
        load->defaults = get_defaults(file);
        load->has_unknown_defaults = file == NULL;
    }
    return 0;
}

void service_load_release(struct service_load *load)
{
    json_free(load->broken);
    *load = (struct service_load){0};
}
