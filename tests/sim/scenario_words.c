#include "tests/sim/scenario_words.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/fatal.h"

void words_refuse(const struct words *words, const char *why)
{
    fatal("%s:%d: %s: %s", words->file, words->line, why, words->text);
}

bool words_cut(struct words *words)
{
    char *out = words->cut;

    words->count = words->next = 0;
    words->is_indented = isspace((unsigned char)words->text[0]);
    for (size_t i = 0;;) {
        bool is_quoted;

        while (isspace((unsigned char)words->text[i]))
            i++;
        if (!words->text[i] || (words->count == 0 && words->text[i] == '#'))
            break;
        if (words->count == WORDS_MAX)
            break; /* the rest can still be taken as it was written */
        words->place[words->count] = i;
        words->word[words->count++] = out;
        is_quoted = words->text[i] == '"';
        i += is_quoted;
        while (words->text[i] &&
               (is_quoted ? words->text[i] != '"' : !isspace((unsigned char)words->text[i])))
            *out++ = words->text[i++];
        i += is_quoted && words->text[i] == '"';
        *out++ = '\0';
    }
    return words->count > 0;
}

const char *words_peek(const struct words *words)
{
    return words->next < words->count ? words->word[words->next] : NULL;
}

const char *words_take(struct words *words)
{
    if (words->next >= words->count)
        words_refuse(words, "a word is missing");
    return words->word[words->next++];
}

bool words_take_if(struct words *words, const char *word)
{
    if (!words_peek(words) || strcmp(words_peek(words), word) != 0)
        return false;
    words->next++;
    return true;
}

const char *words_take_rest(struct words *words)
{
    const char *rest;

    if (words->next >= words->count)
        words_refuse(words, "a word is missing");
    rest = words->text + words->place[words->next];
    words->next = words->count;
    return rest;
}

void words_end(const struct words *words)
{
    if (words->next < words->count)
        words_refuse(words, "too many words");
}

int64_t words_duration_us(const struct words *words, const char *text)
{
    bool is_negative = *text == '-';
    int64_t ms;

    if (*text == '+' || *text == '-')
        text++;
    if (clock_parse_duration(text, strlen(text), &ms) != 0)
        words_refuse(words, "no duration");
    return (is_negative ? -ms : ms) * US_PER_MS;
}

int64_t words_number(const struct words *words, const char *text)
{
    char *end;
    int64_t number = strtoll(text, &end, 10);

    if (end == text || *end)
        words_refuse(words, "no number");
    return number;
}

struct span words_take_span(struct words *words)
{
    struct span span = {INT64_MIN, INT64_MAX};
    const char *word = words_peek(words);
    const char *dots = word && *word == '+' ? strstr(word, "..") : NULL;
    char from[64];

    if (!dots)
        return span;
    words->next++;
    snprintf(from, sizeof from, "%.*s", (int)(dots - word), word);
    span.from_us = words_duration_us(words, from);
    if (dots[2])
        span.to_us = words_duration_us(words, dots + 2);
    return span;
}

static bool detail_parse(const char *text, enum poll_detail *detail)
{
#define DETAIL_IF_NAMED(name, number, spelt)                                                       \
    if (strcmp(text, spelt) == 0) {                                                                \
        *detail = DETAIL_##name;                                                                   \
        return true;                                                                               \
    }
    POLL_DETAILS(DETAIL_IF_NAMED)
#undef DETAIL_IF_NAMED
    return false;
}

void words_outcome(const struct words *words, const char *text, enum outcome *outcome,
                   enum poll_detail *detail)
{
    size_t length = strcspn(text, "/");
    char name[16];

    snprintf(name, sizeof name, "%.*s", (int)length, text);
    for (*outcome = OUTCOME_NEW; *outcome <= OUTCOME_MISSED; ++*outcome)
        if (strcmp(outcome_name(*outcome), name) == 0)
            break;
    if (*outcome > OUTCOME_MISSED || !detail_parse(text[length] ? text + length + 1 : "", detail))
        words_refuse(words, "no outcome");
}
