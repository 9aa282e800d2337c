/* An alert in words, for people: mail, webhook, page and log say the same. Pure; any thread.
 *
 * What comes from outside (words of an error, a file's name) is made harmless: control bytes become
 * '?', what is not UTF-8 U+FFFD. */
#ifndef SCHEDULER_OUTPUTS_ALERT_WORDS_H
#define SCHEDULER_OUTPUTS_ALERT_WORDS_H

#include "scheduler/outputs/alert.h"

enum {
    ALERT_SENTENCE_MAX = ALERT_SUBJECT_MAX * 3 + 64,
    ALERT_REASONED_MAX = 2 * ALERT_SENTENCE_MAX, /* a sentence and why */
    ALERT_TEXT_MAX = 64 * 1024,
};

/* "feed bus-20 fails", "feed bus-20 answers again", "no alert any more: feed bus-20 fails". */
void alert_sentence(const struct alert_item *item, char out[ALERT_SENTENCE_MAX]);
/* The same with why: "feed bus-20 fails (http_status 503)". */
void alert_sentence_why(const struct alert_item *item, char out[ALERT_REASONED_MAX]);
/* One line that says it all, without an end of line: "feed bus-20 fails", "still: feed bus-20
 * fails", "3 alerts: 2 opened, 1 closed". -1: `out` is full, or no memory. */
int alert_headline(const struct alert_message *message, struct buf *out);
/* What, since when, why, what pollard does, how to look. `host`: this machine's name. */
int alert_text(const struct alert_message *message, const char *host, struct buf *out);

#endif
