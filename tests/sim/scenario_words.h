/* One line of a scenario, cut into words. */
#ifndef TESTS_SIM_SCENARIO_WORDS_H
#define TESTS_SIM_SCENARIO_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/scenario.h"

enum { WORDS_MAX = 64, LINE_BYTES = 4096 };

struct words {
    const char *file;
    int line;
    bool is_indented;
    char text[LINE_BYTES]; /* the line as it is */
    char cut[LINE_BYTES];  /* … in terminated words; "in quotes" is one word */
    char *word[WORDS_MAX];
    size_t place[WORDS_MAX]; /* where it begins in `text` */
    int count, next;
};

_Noreturn void words_refuse(const struct words *words, const char *why);
/* false: an empty line or a comment. */
bool words_cut(struct words *words);
/* The next word; there must be one. */
const char *words_take(struct words *words);
const char *words_peek(const struct words *words); /* NULL: there is none */
bool words_take_if(struct words *words, const char *word);
/* What is left of the line, as it was written. */
const char *words_take_rest(struct words *words);
void words_end(const struct words *words); /* nothing may be left */

int64_t words_duration_us(const struct words *words, const char *text);
int64_t words_number(const struct words *words, const char *text);
/* "+1h..+2h" · "+1h.." · anything else is left alone: all the time. */
struct span words_take_span(struct words *words);
/* "new" "failed/timeout". */
void words_outcome(const struct words *words, const char *text, enum outcome *outcome,
                   enum poll_detail *detail);

#endif
