#include "tests/sim/sim_servers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "tests/sim/fatal.h"

struct servers {
    struct server_rule **rules;
    struct tally **tallies;
    size_t rule_count, tally_count;
    uint64_t requests;
};

struct servers *servers_new(void)
{
    return must_alloc(1, sizeof(struct servers));
}

void servers_free(struct servers *servers)
{
    if (!servers)
        return;
    free(servers->rules);
    free(servers->tallies);
    free(servers);
}

void servers_add_rule(struct servers *servers, struct server_rule *rule)
{
    servers->rules = must_grow(servers->rules, servers->rule_count + 1, sizeof(void *));
    servers->rules[servers->rule_count++] = rule;
}

void servers_add_tally(struct servers *servers, struct tally *tally)
{
    tally->seen = tally->kind == TALLY_SPACING ? INT64_MAX : 0;
    tally->last_us = tally->second = -1;
    servers->tallies = must_grow(servers->tallies, servers->tally_count + 1, sizeof(void *));
    servers->tallies[servers->tally_count++] = tally;
}

/* "host/path" of an http or https URL. */
static const char *place_of(const char *url)
{
    const char *slashes = strstr(url, "://");

    return slashes ? slashes + 3 : url;
}

static bool is_at(const char *url, const char *place)
{
    size_t length = strlen(place);
    const char *of_url = place_of(url);

    if (length == 0)
        return true;
    if (strncmp(of_url, place, length) != 0)
        return false;
    /* A host alone must be the whole host; a path is a beginning. */
    return strchr(place, '/') || of_url[length] == '/' || of_url[length] == '\0' ||
           of_url[length] == '?';
}

static bool is_in(struct span span, int64_t elapsed_us)
{
    return elapsed_us >= span.from_us && elapsed_us < span.to_us;
}

static void count_second(struct tally *tally, int64_t elapsed_us)
{
    int64_t second = elapsed_us / US_PER_SECOND;

    if (second != tally->second)
        tally->in_second = 0;
    tally->second = second;
    if (++tally->in_second > tally->seen)
        tally->seen = tally->in_second;
}

static void note_request(struct tally *tally, int64_t elapsed_us)
{
    switch (tally->kind) {
    case TALLY_REQUESTS:
        tally->seen++;
        break;
    case TALLY_SPACING:
        if (tally->last_us >= 0 && elapsed_us - tally->last_us < tally->seen)
            tally->seen = elapsed_us - tally->last_us;
        tally->last_us = elapsed_us;
        break;
    case TALLY_AT_ONCE:
        if (++tally->in_second > tally->seen)
            tally->seen = tally->in_second;
        break;
    case TALLY_PEAK:
        count_second(tally, elapsed_us);
        break;
    }
}

void servers_ended(struct servers *servers, const char *url)
{
    for (size_t i = 0; i < servers->tally_count; i++)
        if (servers->tallies[i]->kind == TALLY_AT_ONCE && is_at(url, servers->tallies[i]->place))
            servers->tallies[i]->in_second--;
}

uint64_t servers_requests(const struct servers *servers)
{
    return servers->requests;
}

static void write_body(struct answer *answer, const struct server_rule *rule, const char *url,
                       uint64_t request, int64_t elapsed_us)
{
    uint64_t number = 0;
    int length;

    if (!rule || strcmp(rule->value, "each") == 0)
        number = request;
    else if (strcmp(rule->value, "every") == 0)
        number = (uint64_t)(elapsed_us / rule->value_us);
    if (rule && strcmp(rule->value, "broken") == 0)
        length = snprintf(answer->body, sizeof answer->body, "{\"rows\":[{\"n\":%" PRIu64, request);
    else
        length = snprintf(answer->body, sizeof answer->body,
                          "{\"rows\":[{\"place\":\"%.300s\",\"n\":%" PRIu64 "}]}", place_of(url),
                          number);
    answer->body_length = (size_t)length;
}

static void apply_error(struct answer *answer, const char *value)
{
    answer->error = RESPONSE_OK;
    if (strcmp(value, "refuse") == 0)
        answer->error = RESPONSE_REFUSED;
    else if (strcmp(value, "resolve") == 0)
        answer->error = RESPONSE_RESOLVE;
    else if (strcmp(value, "reset") == 0)
        answer->error = RESPONSE_TRUNCATED;
    else if (strcmp(value, "hang") == 0)
        answer->error = RESPONSE_TIMEOUT;
}

static void finish_answer(struct answer *answer, const struct server_rule *const by[SERVER_KEYS],
                          const char *if_none_match)
{
    if (by[SERVER_ERROR])
        apply_error(answer, by[SERVER_ERROR]->value);
    if (answer->error == RESPONSE_TIMEOUT)
        answer->after_us = INT64_MAX;
    if (answer->error == RESPONSE_REFUSED || answer->error == RESPONSE_RESOLVE ||
        answer->error == RESPONSE_TIMEOUT)
        answer->status = 0;
    if (answer->status != 200 && answer->status != 302)
        answer->body_length = 0;
    if (answer->error == RESPONSE_TRUNCATED)
        answer->body_length /= 2;
    if (answer->status != 200 || !by[SERVER_ETAG] || strcmp(by[SERVER_ETAG]->value, "on") != 0)
        return;
    snprintf(answer->etag, sizeof answer->etag, "\"%016" PRIx64 "\"",
             hash64(answer->body, answer->body_length, 0));
    if (if_none_match && strcmp(if_none_match, answer->etag) == 0) {
        answer->status = 304;
        answer->body_length = 0;
    }
}

static void note_rules(struct servers *servers, const char *url, int64_t elapsed_us,
                       const struct server_rule *by[SERVER_KEYS])
{
    for (size_t i = 0; i < servers->rule_count; i++) {
        struct server_rule *rule = servers->rules[i];

        if (!is_at(url, rule->place) || !is_in(rule->span, elapsed_us))
            continue;
        if (rule->times > 0 && rule->matched >= rule->times)
            continue;
        rule->matched++;
        by[rule->key] = rule;
    }
}

void servers_ask(struct servers *servers, const char *url, const char *if_none_match,
                 int64_t elapsed_us, struct answer *answer)
{
    const struct server_rule *by[SERVER_KEYS] = {NULL};

    servers->requests++;
    for (size_t i = 0; i < servers->tally_count; i++)
        if (is_at(url, servers->tallies[i]->place) &&
            (servers->tallies[i]->kind == TALLY_AT_ONCE ||
             is_in(servers->tallies[i]->span, elapsed_us)))
            note_request(servers->tallies[i], elapsed_us);
    memset(answer, 0, sizeof *answer);
    note_rules(servers, url, elapsed_us, by);
    answer->after_us = by[SERVER_LATENCY] ? by[SERVER_LATENCY]->value_us : 50 * US_PER_MS;
    answer->status = 200;
    if (by[SERVER_REDIRECT]) {
        snprintf(answer->location, sizeof answer->location, "%s", by[SERVER_REDIRECT]->value);
        answer->status = 302;
    }
    if (by[SERVER_STATUS])
        answer->status = (unsigned)strtoul(by[SERVER_STATUS]->value, NULL, 10);
    if (by[SERVER_RETRY_AFTER])
        snprintf(answer->retry_after, sizeof answer->retry_after, "%.100s",
                 by[SERVER_RETRY_AFTER]->value);
    write_body(answer, by[SERVER_BODY], url, servers->requests, elapsed_us);
    finish_answer(answer, by, if_none_match);
}
