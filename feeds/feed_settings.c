#include "feeds/feed_settings.h"

#include "feeds/feed.h"
#include "feeds/feed_read.h"
#include "feeds/service_read.h"

#define SECONDS(n) (INT64_C(1000) * (n))
#define MINUTES(n) SECONDS(INT64_C(60) * (n))
#define HOURS(n)   MINUTES(INT64_C(60) * (n))
#define DAYS(n)    HOURS(INT64_C(24) * (n))
#define KIB(n)     (INT64_C(1024) * (n))
#define MIB(n)     KIB(INT64_C(1024) * (n))

#define FEED(field)    offsetof(struct feed, field)
#define SERVICE(field) offsetof(struct service_settings, field)

/* Key, field, …, default as a user would write it, help. */
#define BOOLEAN(key, field, fallback, text, help)                                                  \
    {                                                                                              \
        key, SETTING_BOOL, field, 0, 1, fallback, text, help, NULL, NULL, NULL                     \
    }
#define COUNT(key, field, least, most, fallback, text, help)                                       \
    {                                                                                              \
        key, SETTING_COUNT, field, least, most, fallback, text, help, NULL, NULL, NULL             \
    }
#define DURATION(key, field, least, most, fallback, text, help)                                    \
    {                                                                                              \
        key, SETTING_DURATION, field, least, most, fallback, text, help, NULL, NULL, NULL          \
    }
#define SIZE(key, field, least, most, fallback, text, help)                                        \
    {                                                                                              \
        key, SETTING_SIZE, field, least, most, fallback, text, help, NULL, NULL, NULL              \
    }
#define TEXT(key, field, text, help)                                                               \
    {                                                                                              \
        key, SETTING_TEXT, field, 0, 0, 0, text, help, NULL, NULL, NULL                            \
    }
#define OBJECT(key, field, nested, off, text, help)                                                \
    {                                                                                              \
        key, SETTING_OBJECT, field, 0, 0, 0, text, help, nested, off, NULL                         \
    }
#define OTHER(key, field, read, text, help)                                                        \
    {                                                                                              \
        key, SETTING_OTHER, field, 0, 0, 0, text, help, NULL, NULL, read                           \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, SETTING_OTHER, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL                              \
    }

#define RETRY(field)   offsetof(struct feed_retry, field)
#define BACKOFF(field) offsetof(struct feed_backoff, field)
#define ALERT(field)   offsetof(struct feed_alert, field)

static void retry_off(void *object)
{
    struct feed_retry *retry = object;

    retry->attempts = 1;
}

static void backoff_off(void *object)
{
    struct feed_backoff *backoff = object;

    backoff->after = 0;
}

static void alert_off(void *object)
{
    struct feed_alert *alert = object;

    *alert = (struct feed_alert){0};
}

static const struct setting retry_settings[] = {
    COUNT("attempts", RETRY(attempts), 1, 10, 3, "3", "requests in a slot, the first included"),
    DURATION("wait", RETRY(wait_ms), 0, HOURS(24), SECONDS(1), "1s",
             "longest wait before the second attempt; doubles with each"),
    DURATION("max_wait", RETRY(max_wait_ms), 0, HOURS(24), SECONDS(30), "30s",
             "no wait between attempts is longer"),
    END,
};

static const struct setting backoff_settings[] = {
    COUNT("after", BACKOFF(after), 1, 1000000, 5, "5", "failed slots in a row before it begins"),
    DURATION("max", BACKOFF(max_ms), 0, HOURS(24), MINUTES(15), "15m",
             "never poll less often than this"),
    END,
};

static const struct setting alert_settings[] = {
    COUNT("failures", ALERT(failures), 0, 1000000, 3, "3",
          "slots in a row that failed or were invalid; 0: do not watch"),
    DURATION("stale", ALERT(stale_ms), 1, 0, 0, NULL, "no valid answer for so long"),
    DURATION("unchanged", ALERT(unchanged_ms), 1, 0, 0, NULL, "the same bytes for so long"),
    END,
};

const struct setting feed_settings[] = {
    TEXT("name", FEED(name), "the file's name",
         "1 to 100 letters, digits, \".\", \"_\", \"-\"; unique; may hold {var}"),
    TEXT("url", FEED(url), NULL,
         "http or https; may hold {var}, ${secret:NAME} and ${slot:%Y-%m-%d}"),
    OTHER("for_each", 0, NULL, NULL, "object of arrays: one feed for every combination"),
    BOOLEAN("enabled", FEED(enabled), 1, "true", "false: it has no slots"),
    DURATION("interval", FEED(schedule.interval_ms), 100, DAYS(366), 0, NULL,
             "from slot to slot; this or \"at\" is required"),
    OTHER("at", FEED(schedule.times), read_at, NULL,
          "times of day in \"timezone\" instead of \"interval\""),
    BOOLEAN("catch_up", FEED(catch_up), 1, "true",
            "after a start or a wake-up poll a missed latest slot once, late"),
    OTHER("offset", FEED(schedule.offset_ms), read_offset, "auto",
          "place of the slots in the interval; auto: by a hash of the name"),
    DURATION("timeout", FEED(timeout_ms), 50, HOURS(1), 0, "the smaller of 30s and interval",
             "one attempt, all of it"),
    DURATION("connect_timeout", FEED(connect_timeout_ms), 50, HOURS(1), SECONDS(10), "10s",
             "until the connection stands"),
    SIZE("max_body", FEED(max_body_bytes), KIB(1), MIB(256), MIB(16), "16MiB",
         "largest body, after decompression"),
    OTHER("method", FEED(method), read_method, "GET", "of the request"),
    OTHER("headers", FEED(headers), read_headers, NULL,
          "object of texts; values may hold ${secret:NAME} and ${slot:…}"),
    TEXT("body", FEED(body), NULL, "of the request; may hold ${secret:NAME} and ${slot:…}"),
    OTHER("auth", FEED(auth), read_auth, NULL,
          "type basic with username and password, or type bearer with token"),
    BOOLEAN("conditional", FEED(conditional), 1, "true",
            "send If-None-Match and If-Modified-Since"),
    COUNT("redirects", FEED(redirects), 0, 10, 3, "3", "how many are followed"),
    OBJECT("retry", FEED(retry), retry_settings, retry_off, NULL,
           "further attempts within a slot; false: none"),
    OBJECT("backoff", FEED(backoff), backoff_settings, backoff_off, NULL,
           "poll a failing feed ever more rarely; false: never"),
    DURATION("host_gap", FEED(host_gap_ms), 0, HOURS(24), 0, "0s",
             "least time between two requests to the host"),
    COUNT("host_limit", FEED(host_limit), 1, 1024, 2, "2", "requests at once to the host"),
    OTHER("from", FEED(schedule.from_at), read_instant, NULL,
          "collect from here on: RFC 3339 or a date"),
    OTHER("until", FEED(schedule.until_at), read_instant, NULL,
          "collect until here: RFC 3339, or a date to its end"),
    DURATION("for", FEED(schedule.for_ms), 1, 0, 0, NULL,
             "stop so long after the feed's first poll"),
    OTHER("hours", FEED(schedule.hours_from_min), read_hours, NULL,
          "\"05:00-01:30\" in \"timezone\", the end is outside"),
    OTHER("days", FEED(schedule.days), read_days, NULL, "list of mon tue wed thu fri sat sun"),
    OTHER("timezone", FEED(schedule.zone), read_timezone, "UTC",
          "IANA name, also the zone of this feed's CSV"),
    OTHER("format", FEED(format), read_format, "auto", "auto json ndjson gtfs-rt csv text binary"),
    OTHER("rows", FEED(rows), read_rows, NULL, "path of the rows: $ .name ['name'] [n] [*] .*"),
    OTHER("columns", FEED(columns), read_columns, NULL,
          "list of names, or object of name and path (@ the row, $ the document)"),
    DURATION("keep", FEED(keep_ms), 1, 0, 0, "for ever", "forget polls older than this"),
    OBJECT("alert", FEED(alert), alert_settings, alert_off, NULL,
           "when somebody is told; false: never"),
    OTHER("ca_file", FEED(ca_file), read_ca_file, NULL,
          "certificates to trust, beside pollard.json if relative"),
    OTHER("pin", FEED(pin), read_pin, NULL, "public key of the server: sha256//BASE64"),
    OTHER("proxy", FEED(proxy), read_proxy, NULL, "URL of a proxy"),
    OTHER("user_agent", FEED(user_agent), read_user_agent, "pollard/VERSION",
          "how pollard calls itself"),
    BOOLEAN("allow_private", FEED(allow_private), 0, "false",
            "may reach loopback, private and link-local addresses"),
    TEXT("notes", FEED(notes), NULL, "free text"),
    END,
};

#define ALERTS(field)  offsetof(struct alerts_settings, field)
#define EMAIL(field)   offsetof(struct email_settings, field)
#define WEBHOOK(field) offsetof(struct webhook_settings, field)

static const struct setting email_settings[] = {
    TEXT("server", EMAIL(server), NULL, "smtps://HOST or smtp://HOST"),
    OTHER("from", EMAIL(from), read_email_from, NULL, "address of the sender"),
    OTHER("to", EMAIL(to), read_email_to, NULL, "list of addresses"),
    TEXT("username", EMAIL(username), NULL, "for the server"),
    TEXT("password", EMAIL(password), NULL, "for the server: \"${secret:NAME}\""),
    END,
};

static const struct setting webhook_settings[] = {
    TEXT("url", WEBHOOK(url), NULL, "gets a POST with JSON"),
    OTHER("headers", WEBHOOK(headers), read_webhook_headers, NULL, "object of texts"),
    END,
};

/* In struct alerts_settings itself: it has no struct of its own. */
static const struct setting heartbeat_settings[] = {
    TEXT("url", ALERTS(heartbeat_url), NULL, "gets a GET while all is well"),
    DURATION("every", ALERTS(heartbeat_every_ms), SECONDS(1), HOURS(24), MINUTES(5), "5m",
             "how often"),
    END,
};

static const struct setting alerts_settings[] = {
    OBJECT("email", ALERTS(email), email_settings, NULL, NULL, "alerts by mail"),
    OBJECT("webhook", ALERTS(webhook), webhook_settings, NULL, NULL, "alerts by HTTP"),
    OBJECT("heartbeat", 0, heartbeat_settings, NULL, NULL,
           "a sign of life for a dead man's switch"),
    BOOLEAN("allow_private", ALERTS(allow_private), 0, "false",
            "alerts may go to loopback, private and link-local addresses"),
    END,
};

const struct setting service_settings[] = {
    TEXT("store", SERVICE(store), NULL, "directory of the store, beside pollard.json if relative"),
    OTHER("listen", SERVICE(listen), read_listen, LISTEN_DEFAULT,
          "address and port of the page, or off"),
    OTHER("defaults", 0, NULL, NULL, "any key of a feed but name, url, for_each"),
    COUNT("max_requests", SERVICE(max_requests), 1, 1024, 64, "64", "requests at once in all"),
    SIZE("store_limit", SERVICE(store_limit_bytes), MIB(1), 0, 0, NULL,
         "bytes in use in the store; over it the oldest polls of feeds with \"keep\" go"),
    OTHER("listen_hosts", SERVICE(listen_hosts), read_listen_hosts, NULL,
          "more names that the page answers to"),
    SIZE("disk_reserve", SERVICE(disk_reserve_bytes), 0, 0, MIB(500), "500MiB",
         "stop storing while less of the disk is free"),
    OBJECT("alerts", SERVICE(alerts), alerts_settings, NULL, NULL,
           "where alerts go: email, webhook, heartbeat"),
    END,
};
