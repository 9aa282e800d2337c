/* What to poll: one feed, the service's settings, and a set of them as loaded from a directory.
 *
 * Plain data, immutable after loading. A feed is counted (feed_hold / feed_drop), because polls in
 * flight may outlive the set they came from. One thread at a time. All texts are owned by their
 * struct. Templates still hold ${secret:NAME} and ${slot:…}: template.h expands them for each
 * request. */
#ifndef FEEDS_FEED_H
#define FEEDS_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/zone.h"

enum { FEED_NAME_MAX = 101, FEED_TIMES_MAX = 1440 };

/* When a feed is due. Everything plan.h needs to know. */
struct schedule {
    int64_t interval_ms; /* 0: `times` instead */
    int64_t offset_ms;   /* 0 … interval_ms - 1, already chosen if "auto" */
    unsigned *times;     /* seconds of the day, ascending, distinct */
    size_t time_count;
    int64_t from_at, until_at; /* AT_NONE / AT_NEVER: unbounded; until is outside */
    int64_t for_ms;            /* 0: for ever */
    bool has_hours;
    int hours_from_min, hours_to_min; /* minutes of the day 0…1440; to < from: over midnight */
    unsigned days;                    /* bit 0 Sunday … bit 6 Saturday; 127: all */
    const struct zone *zone;
};

struct feed_header {
    char *name;
    char *value; /* template */
};

struct feed_retry {
    unsigned attempts; /* in all, 1: no retry */
    int64_t wait_ms, max_wait_ms;
};

struct feed_backoff {
    unsigned after; /* 0: off */
    int64_t max_ms;
};

struct feed_alert {
    unsigned failures;              /* 0: not watched */
    int64_t stale_ms, unchanged_ms; /* 0: not watched */
};

enum auth_type { AUTH_NONE, AUTH_BASIC, AUTH_BEARER };
struct feed_auth {
    enum auth_type type;
    char *username, *password, *token; /* templates */
};

enum feed_format {
    FORMAT_AUTO,
    FORMAT_JSON,
    FORMAT_NDJSON,
    FORMAT_GTFS_RT,
    FORMAT_CSV,
    FORMAT_TEXT,
    FORMAT_BINARY,
};
/* "auto" "json" … and back; -1: none of them. */
const char *feed_format_name(enum feed_format format);
int feed_format_parse(const char *name, enum feed_format *format);

struct feed {
    unsigned references;
    char *file;       /* "feeds/bus.json": where it came from */
    char *name, *url; /* url: template */
    bool enabled, catch_up, conditional, allow_private;
    struct schedule schedule;
    int64_t timeout_ms, connect_timeout_ms, max_body_bytes;
    char *method;
    struct feed_header *headers;
    size_t header_count;
    char *body; /* template, NULL: none */
    struct feed_auth auth;
    unsigned redirects;
    struct feed_retry retry;
    struct feed_backoff backoff;
    int64_t host_gap_ms;
    unsigned host_limit;
    enum feed_format format;
    char *rows;      /* path text, NULL: auto */
    char *columns;   /* compact JSON of `columns`, NULL: auto */
    int64_t keep_ms; /* 0: for ever */
    struct feed_alert alert;
    char *ca_file;                          /* NULL: none; a path that the process can open */
    char *pin, *proxy, *user_agent, *notes; /* NULL: none */
    /* The effective keys as compact JSON, templates unexpanded, literal passwords and tokens masked
     * as "***", each key only where it differs from the built-in default; `url` and
     * `interval`/`at` always. The same keys give the same bytes. feed_from_definition() reads it
     * back. */
    char *definition;
    bool has_own_offset;     /* `offset` is a duration, not "auto" */
    struct hash fingerprint; /* of the definition unmasked and its secrets' values, for reloads */
};

struct feed *feed_new(void); /* built-in defaults, one reference; NULL: no memory */
/* The smaller of 30 s and the interval. */
int64_t feed_default_timeout_ms(const struct feed *feed);
struct feed *feed_hold(struct feed *feed);
void feed_drop(struct feed *feed); /* the last drop frees; NULL is fine */

struct email_settings {
    char *server, *from, **to, *username, *password;
    size_t to_count;
};
struct webhook_settings {
    char *url;
    struct feed_header *headers;
    size_t header_count;
};
struct alerts_settings {
    bool has_email, has_webhook, has_heartbeat, allow_private;
    struct email_settings email;
    struct webhook_settings webhook;
    char *heartbeat_url;
    int64_t heartbeat_every_ms;
};

/* pollard.json. */
struct service_settings {
    char *store;  /* NULL: not set; as written, relative means beside pollard.json */
    char *listen; /* "127.0.0.1:8889", "off" */
    unsigned max_requests;
    int64_t store_limit_bytes; /* 0: none */
    int64_t disk_reserve_bytes;
    char **listen_hosts;
    size_t listen_host_count;
    struct alerts_settings alerts;
    const struct json *defaults; /* as read, borrowed from the set; NULL: none */
};

/* One mistake of the configuration. */
struct mistake {
    char *file;       /* "feeds/bus.json", "pollard.json": relative to the config directory */
    int line, column; /* from 1; 0: the file as a whole */
    char *text;
};

struct secrets; /* secret.h */

/* `defaults` of `service` is a part of `service_source`. */
struct feed_set {
    char *dir;
    struct service_settings service;
    bool service_is_broken;      /* pollard.json has mistakes */
    struct json *service_source; /* the pollard.json that `service` was read from; NULL: none */
    struct feed **feeds;         /* sorted by name; disabled ones too */
    size_t count;
    struct mistake *mistakes; /* in order of file, line, column */
    size_t mistake_count;
    char **broken_files; /* "feeds/bus.json", sorted */
    size_t broken_count;
    struct secrets *secrets;
};

void headers_free(struct feed_header *headers, size_t count);
void service_settings_release(struct service_settings *service); /* leaves it zeroed */

void feed_set_free(struct feed_set *set); /* NULL is fine */
/* Binary search; NULL: none of that name. */
struct feed *feed_set_find(const struct feed_set *set, const char *name);
bool feed_set_is_broken(const struct feed_set *set, const char *file);

#endif
