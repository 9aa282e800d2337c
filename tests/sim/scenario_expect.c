/* The slots that a scenario expects, line by line, and its sums. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/fatal.h"
#include "tests/sim/scenario_parts.h"

void scenario_read_expect(struct scenario *scenario, struct words *words)
{
    struct expectation *expectation = ADD(&scenario->expectations, &scenario->expectation_count);

    snprintf(expectation->feed, sizeof expectation->feed, "%s", words_take(words));
    expectation->line = words->line;
}

/* "+90s", "12:01:30" (of the day of the line before) or RFC 3339. */
static int64_t read_instant(const struct scenario *scenario, const struct words *words,
                            const char *text, int64_t before_at)
{
    int64_t day_at = clock_floor_div(before_at, US_PER_DAY) * US_PER_DAY;
    unsigned hour, minute;
    double second;
    int64_t at;
    int end;

    if (*text == '+')
        return scenario->start_at + words_duration_us(words, text);
    if (sscanf(text, "%2u:%2u:%lf%n", &hour, &minute, &second, &end) == 3 && !text[end])
        return day_at + ((int64_t)hour * 3600 + (int64_t)minute * 60) * US_PER_SECOND +
               (int64_t)(second * (double)US_PER_SECOND + 0.5);
    if (clock_parse_rfc3339(text, &at) != 0)
        words_refuse(words, "no instant");
    return at;
}

static void read_lateness(struct words *words, struct expected *run, const char *value)
{
    const char *dots = strstr(value, "..");
    char least[64];

    snprintf(least, sizeof least, "%.*s", dots ? (int)(dots - value) : 63, value);
    run->late_least_us = words_duration_us(words, least);
    run->late_most_us = run->late_least_us + US_PER_MS - 1;
    if (dots)
        run->late_most_us = words_duration_us(words, dots + 2);
}

static void read_detail_of_run(struct words *words, struct expected *run)
{
    while (words_peek(words)) {
        const char *word = words_take(words);
        const char *value = strchr(word, '=');

        if (*word == 'x' && !value) {
            run->count = (uint64_t)words_number(words, word + 1);
            if (!words_take_if(words, "every"))
                words_refuse(words, "xN needs \"every DURATION\"");
            run->step_us = words_duration_us(words, words_take(words));
        } else if (strcmp(word, "invalid") == 0) {
            run->is_invalid = true;
        } else if (value && strncmp(word, "late=", 5) == 0) {
            read_lateness(words, run, value + 1);
        } else if (value && strncmp(word, "attempts=", 9) == 0) {
            run->attempts = (int)words_number(words, value + 1);
        } else if (value && strncmp(word, "status=", 7) == 0) {
            run->status = (int)words_number(words, value + 1);
        } else if (value && strncmp(word, "definition=", 11) == 0) {
            run->definition = (uint32_t)words_number(words, value + 1);
        } else {
            words_refuse(words, "not a word of an expected slot");
        }
    }
}

void scenario_read_slot(struct scenario *scenario, struct words *words)
{
    struct expectation *expectation;
    struct expected *run;
    int64_t before_at = scenario->start_at;

    if (scenario->expectation_count == 0)
        words_refuse(words, "an expected slot without \"expect FEED\"");
    expectation = scenario->expectations + scenario->expectation_count - 1;
    if (expectation->count > 0)
        before_at = expectation->runs[expectation->count - 1].first_at;
    run = ADD(&expectation->runs, &expectation->count);
    *run = (struct expected){.count = 1,
                             .late_least_us = 0,
                             .late_most_us = US_PER_MS - 1,
                             .attempts = ANY,
                             .status = ANY,
                             .definition = 1,
                             .line = words->line};
    run->first_at = read_instant(scenario, words, words_take(words), before_at);
    words_outcome(words, words_take(words), &run->outcome, &run->detail);
    read_detail_of_run(words, run);
}

void scenario_read_sums(struct scenario *scenario, struct words *words)
{
    struct sums *sums = ADD(&scenario->sums, &scenario->sums_count);

    sums->line = words->line;
    snprintf(sums->glob, sizeof sums->glob, "%s", words_take(words));
    while (words_peek(words)) {
        const char *word = words_take(words);
        const char *value = strchr(word, '=');
        enum poll_detail detail;
        enum outcome outcome;
        char name[64];

        if (!value)
            words_refuse(words, "not OUTCOME=N");
        snprintf(name, sizeof name, "%.*s", (int)(value - word), word);
        words_outcome(words, name, &outcome, &detail);
        sums->by_outcome[outcome][detail] = (uint64_t)words_number(words, value + 1);
    }
}
