/* The keys of a feed that are more than a number or a text: how each is read (base/settings.h).
 * Also what pollard.json shares with feeds. Main thread. */
#ifndef FEEDS_FEED_READ_H
#define FEEDS_FEED_READ_H

#include "base/settings.h"
#include "feeds/feed.h"

typedef void setting_reader(void *object, const char *key, const struct json *value,
                            struct settings_report *report);

setting_reader read_at, read_offset, read_instant, read_hours, read_days, read_timezone;
setting_reader read_method, read_headers, read_auth, read_format, read_rows, read_columns;
setting_reader read_ca_file, read_pin, read_proxy, read_user_agent;

/* The text of a string without NUL bytes; NULL: a mistake was reported. Borrowed from `value`. */
const char *read_string(const char *key, const struct json *value, struct settings_report *report);
/* A string without control characters into an owned field. -1: a mistake was reported. */
int read_line(char **field, const char *key, const struct json *value,
              struct settings_report *report);
/* Reports `"key" must be what, not value`. */
void read_refuse(const char *key, const struct json *value, const char *what,
                 struct settings_report *report);
/* A copy of `text` into an owned field. */
void read_put(char **field, const char *text, const struct json *value,
              struct settings_report *report);
/* Where the key of `member` stands, for a mistake. */
struct json read_key_place(const struct json_member *member);
/* Lays the headers of `value` over those there are, name by name. */
void read_header_list(struct feed_header **headers, size_t *count, const struct json *value,
                      struct settings_report *report);
/* RFC 3339, or a date in `zone`: its first instant, or with `is_end` the first of the next day.
 * -1: neither. */
int read_instant_text(const char *text, const struct zone *zone, bool is_end, int64_t *at);

#endif
