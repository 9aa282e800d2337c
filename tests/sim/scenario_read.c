#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/fatal.h"
#include "tests/sim/scenario_parts.h"

static void read_start(struct scenario *scenario, struct words *words)
{
    if (clock_parse_rfc3339(words_take(words), &scenario->start_at) != 0)
        words_refuse(words, "no instant");
    scenario->has_start = true;
}

static void read_run(struct scenario *scenario, struct words *words)
{
    scenario->run_us = words_duration_us(words, words_take(words));
}

static void read_seed(struct scenario *scenario, struct words *words)
{
    scenario->seed = (uint64_t)words_number(words, words_take(words));
}

static void read_for(struct scenario *scenario, struct words *words)
{
    scenario->for_ms = words_duration_us(words, words_take(words)) / US_PER_MS;
}

static void read_once(struct scenario *scenario, struct words *words)
{
    (void)words;
    scenario->is_once = true;
}

static struct action *add_action(struct scenario *scenario, int line)
{
    struct action *action = ADD(&scenario->actions, &scenario->action_count);

    action->line = line;
    return action;
}

static void read_path_and_text(struct words *words, struct action *action)
{
    action->kind = ACTION_WRITE;
    action->path = must_copy(words_take(words));
    action->text = must_copy(words_take_rest(words));
}

static void read_file(struct scenario *scenario, struct words *words)
{
    struct action *action = add_action(scenario, words->line);

    action->at_us = -1;
    read_path_and_text(words, action);
}

static void read_at(struct scenario *scenario, struct words *words)
{
    static const struct {
        const char *name;
        enum action_kind kind;
        char takes; /* p: a path, d: a duration */
    } forms[] = {{"remove", ACTION_REMOVE, 'p'},   {"hup", ACTION_HUP, ' '},
                 {"term", ACTION_TERM, ' '},       {"step", ACTION_STEP, 'd'},
                 {"suspend", ACTION_SUSPEND, 'd'}, {"kill", ACTION_KILL, ' '},
                 {"start", ACTION_START, ' '},     {"measure", ACTION_MEASURE, ' '}};
    struct action *action = add_action(scenario, words->line);

    action->at_us = words_duration_us(words, words_take(words));
    if (words_take_if(words, "file")) {
        read_path_and_text(words, action);
        return;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (!words_take_if(words, forms[i].name))
            continue;
        action->kind = forms[i].kind;
        if (forms[i].takes == 'p')
            action->path = must_copy(words_take(words));
        if (forms[i].takes == 'd')
            action->us = words_duration_us(words, words_take(words));
        return;
    }
    words_refuse(words, "no action");
}

static void read_rule_value(struct words *words, struct server_rule *rule)
{
    const char *word = words_take(words);

    if (rule->key == SERVER_LATENCY)
        rule->value_us = words_duration_us(words, word);
    snprintf(rule->value, sizeof rule->value, "%s", word);
    if (rule->key == SERVER_BODY && strcmp(word, "every") == 0)
        rule->value_us = words_duration_us(words, words_take(words));
}

static void read_server(struct scenario *scenario, struct words *words)
{
    static const char *const keys[SERVER_KEYS] = {"latency", "status",   "retry-after", "body",
                                                  "etag",    "redirect", "error"};
    const char *place = words_take(words);
    struct span span = words_take_span(words);
    uint64_t times = 0;

    if (words_take_if(words, "times"))
        times = (uint64_t)words_number(words, words_take(words));
    do {
        const char *name = words_take(words);
        struct server_rule *rule = ADD(&scenario->rules, &scenario->rule_count);
        int key = 0;

        while (key < SERVER_KEYS && strcmp(keys[key], name) != 0)
            key++;
        if (key == SERVER_KEYS)
            words_refuse(words, "no such key of a server");
        snprintf(rule->place, sizeof rule->place, "%s", place);
        rule->span = span;
        rule->times = times;
        rule->key = (enum server_key)key;
        read_rule_value(words, rule);
    } while (words_peek(words));
}

static struct tally_check *add_check(struct scenario *scenario, struct words *words,
                                     enum tally_kind kind)
{
    struct tally_check *check = ADD(&scenario->checks, &scenario->check_count);

    check->line = words->line;
    check->tally.kind = check->reference.kind = kind;
    check->least = INT64_MIN;
    check->most = INT64_MAX;
    if (kind != TALLY_PEAK)
        snprintf(check->tally.place, sizeof check->tally.place, "%s", words_take(words));
    check->tally.span = words_take_span(words);
    return check;
}

static void read_requests(struct scenario *scenario, struct words *words)
{
    struct tally_check *check = add_check(scenario, words, TALLY_REQUESTS);
    const char *text = words_take(words);
    const char *dots = strstr(text, "..");
    char least[32];

    snprintf(least, sizeof least, "%.*s", dots ? (int)(dots - text) : 31, text);
    check->least = check->most = words_number(words, least);
    if (dots)
        check->most = words_number(words, dots + 2);
}

static void read_spacing(struct scenario *scenario, struct words *words)
{
    struct tally_check *check = add_check(scenario, words, TALLY_SPACING);

    check->least = words_duration_us(words, words_take(words));
}

static void read_at_once(struct scenario *scenario, struct words *words)
{
    struct tally_check *check = add_check(scenario, words, TALLY_AT_ONCE);

    check->most = words_number(words, words_take(words));
}

/* peak SPAN PERCENT SPAN: at most so many percent of what it was there. */
static void read_peak(struct scenario *scenario, struct words *words)
{
    struct tally_check *check = add_check(scenario, words, TALLY_PEAK);

    check->most = words_number(words, words_take(words));
    check->reference.span = words_take_span(words);
}

static void read_flat(struct scenario *scenario, struct words *words)
{
    scenario->flat_kib = words_number(words, words_take(words));
}

static void read_space(struct scenario *scenario, struct words *words)
{
    scenario->space_percent = words_number(words, words_take(words));
}

static const struct {
    const char *name;
    void (*read)(struct scenario *scenario, struct words *words);
} directives[] = {
    {"start", read_start},
    {"run", read_run},
    {"seed", read_seed},
    {"for", read_for},
    {"once", read_once},
    {"file", read_file},
    {"at", read_at},
    {"server", read_server},
    {"expect", scenario_read_expect},
    {"sums", scenario_read_sums},
    {"requests", read_requests},
    {"spacing", read_spacing},
    {"at_once", read_at_once},
    {"peak", read_peak},
    {"flat", read_flat},
    {"space", read_space},
};

static void read_line(struct scenario *scenario, struct words *words)
{
    if (!words_cut(words))
        return;
    if (words->is_indented) {
        scenario_read_slot(scenario, words);
        return;
    }
    for (size_t i = 0; i < sizeof directives / sizeof *directives; i++) {
        if (words_take_if(words, directives[i].name)) {
            directives[i].read(scenario, words);
            words_end(words);
            return;
        }
    }
    words_refuse(words, "no such word");
}

struct scenario *scenario_read(const char *file)
{
    struct scenario *scenario = must_alloc(1, sizeof *scenario);
    struct words *words = must_alloc(1, sizeof *words);
    FILE *stream = fopen(file, "re");

    if (!stream)
        fatal("cannot open \"%s\"", file);
    scenario->file = must_copy(file);
    scenario->seed = 1;
    scenario->flat_kib = scenario->space_percent = ANY;
    words->file = scenario->file;
    while (fgets(words->text, sizeof words->text, stream)) {
        size_t length = strlen(words->text);

        words->line++;
        if (length + 1 == sizeof words->text)
            words_refuse(words, "too long a line");
        if (length > 0 && words->text[length - 1] == '\n')
            words->text[length - 1] = '\0';
        read_line(scenario, words);
    }
    fclose(stream);
    if (!scenario->has_start || scenario->run_us <= 0)
        fatal("%s: \"start\" or \"run\" is missing", file);
    free(words);
    return scenario;
}

void scenario_free(struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->action_count; i++) {
        free(scenario->actions[i].path);
        free(scenario->actions[i].text);
    }
    for (size_t i = 0; i < scenario->expectation_count; i++)
        free(scenario->expectations[i].runs);
    free(scenario->actions);
    free(scenario->rules);
    free(scenario->expectations);
    free(scenario->sums);
    free(scenario->checks);
    free(scenario->file);
    free(scenario);
}
