/* One fact per line on stderr: `level event key=value …`.
 *
 * error = a person must act, warn = we coped, info = life events, debug = every step. The level is
 * the one global of the program. Any thread. A warn or info event that comes more than 20 times in
 * a minute is folded: the rest of that minute is counted and said in one line `folded event=…
 * count=…`: with the next event after that minute, with log_flush(), or at exit. Where
 * JOURNAL_STREAM names our stderr (systemd.exec(5)) lines start with "<N>" (sd-daemon(3)). A line
 * is one write(2) of at most 2 KiB; control bytes in it become '?'. errno is kept. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR };
enum { LOG_VALUE_MAX = 512 };

/* First of all: a standard file that is closed stands open on nothing from here on, so that no file
 * of the store, and nothing of the loop, becomes it and is written to. */
void log_guard_standard_files(void);
void log_start(enum log_level level);
/* "debug" "info" "warn" "error"; -1: none of them. */
int log_parse_level(const char *text, enum log_level *level);
bool log_has(enum log_level level);
void log_event(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What somebody asked for, by a signal: info, never folded. */
void log_answer(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Says what was folded in minutes that are over; for a loop that may be silent for long. */
void log_flush(void);
/* A value for key=value: as it is if it is one plain word, else in double quotes with \" \\ \n and
 * \xNN for control bytes; cut to fit. Returns `out`. */
const char *log_value(const char *text, char out[LOG_VALUE_MAX]);

#endif
