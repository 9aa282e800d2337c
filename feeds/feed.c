#include "feeds/feed.h"

#include <stdlib.h>
#include <string.h>

#include "feeds/feed_settings.h"
#include "feeds/secret.h"

enum { EVERY_DAY = 127, LONGEST_TIMEOUT_MS = 30000 };

static const char *const format_names[] = {
    [FORMAT_AUTO] = "auto",       [FORMAT_JSON] = "json", [FORMAT_NDJSON] = "ndjson",
    [FORMAT_GTFS_RT] = "gtfs-rt", [FORMAT_CSV] = "csv",   [FORMAT_TEXT] = "text",
    [FORMAT_BINARY] = "binary",
};
enum { FORMAT_COUNT = sizeof format_names / sizeof *format_names };

const char *feed_format_name(enum feed_format format)
{
    return format_names[format];
}

int feed_format_parse(const char *name, enum feed_format *format)
{
    for (int i = 0; i < FORMAT_COUNT; i++) {
        if (strcmp(name, format_names[i]) == 0) {
            *format = (enum feed_format)i;
            return 0;
        }
    }
    return -1;
}

struct feed *feed_new(void)
{
    struct feed *feed = calloc(1, sizeof *feed);

    if (!feed)
        return NULL;
    settings_reset(feed_settings, feed);
    feed->references = 1;
    feed->format = FORMAT_AUTO;
    feed->schedule.from_at = AT_NONE;
    feed->schedule.until_at = AT_NEVER;
    feed->schedule.days = EVERY_DAY;
    feed->schedule.zone = zone_utc();
    feed->method = strdup("GET");
    if (!feed->method) {
        feed_drop(feed);
        return NULL;
    }
    return feed;
}

int64_t feed_default_timeout_ms(const struct feed *feed)
{
    int64_t interval_ms = feed->schedule.interval_ms;

    return interval_ms > 0 && interval_ms < LONGEST_TIMEOUT_MS ? interval_ms : LONGEST_TIMEOUT_MS;
}

struct feed *feed_hold(struct feed *feed)
{
    feed->references++;
    return feed;
}

void headers_free(struct feed_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(headers[i].name);
        free(headers[i].value);
    }
    free(headers);
}

void feed_drop(struct feed *feed)
{
    if (!feed || --feed->references > 0)
        return;
    char *const texts[] = {
        feed->file,    feed->name,          feed->url,           feed->method,
        feed->body,    feed->auth.username, feed->auth.password, feed->rows,
        feed->columns, feed->auth.token,    feed->ca_file,       feed->pin,
        feed->proxy,   feed->notes,         feed->user_agent,    feed->definition,
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    headers_free(feed->headers, feed->header_count);
    free(feed->schedule.times);
    free(feed);
}

static void texts_free(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

void service_settings_release(struct service_settings *service)
{
    struct alerts_settings *alerts = &service->alerts;

    free(service->store);
    free(service->listen);
    texts_free(service->listen_hosts, service->listen_host_count);
    free(alerts->email.server);
    free(alerts->email.from);
    free(alerts->email.username);
    free(alerts->email.password);
    texts_free(alerts->email.to, alerts->email.to_count);
    free(alerts->webhook.url);
    headers_free(alerts->webhook.headers, alerts->webhook.header_count);
    free(alerts->heartbeat_url);
    *service = (struct service_settings){0};
}

void feed_set_free(struct feed_set *set)
{
    if (!set)
        return;
    free(set->dir);
    service_settings_release(&set->service);
    json_free(set->service_source);
    for (size_t i = 0; i < set->count; i++)
        feed_drop(set->feeds[i]);
    free(set->feeds);
    for (size_t i = 0; i < set->mistake_count; i++) {
        free(set->mistakes[i].file);
        free(set->mistakes[i].text);
    }
    free(set->mistakes);
    texts_free(set->broken_files, set->broken_count);
    secrets_free(set->secrets);
    free(set);
}

static int compare_name(const void *name, const void *feed)
{
    return strcmp(name, (*(struct feed *const *)feed)->name);
}

struct feed *feed_set_find(const struct feed_set *set, const char *name)
{
    struct feed **found = NULL;

    if (set->count > 0)
        found = bsearch(name, set->feeds, set->count, sizeof(struct feed *), compare_name);
    return found ? *found : NULL;
}

static int compare_file(const void *file, const void *broken)
{
    return strcmp(file, *(char *const *)broken);
}

bool feed_set_is_broken(const struct feed_set *set, const char *file)
{
    return set->broken_count > 0 && bsearch(file, set->broken_files, set->broken_count,
                                            sizeof *set->broken_files, compare_file) != NULL;
}
