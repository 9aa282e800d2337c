/* Stored slots in the form in which a scenario expects them, those alike in one line. */
#ifndef TESTS_SIM_PRINT_H
#define TESTS_SIM_PRINT_H

#include "storage/poll_record.h"

enum { PRINT_SLOT_MAX = 256 };

struct print {
    char like[PRINT_SLOT_MAX]; /* what the slots of the line have in common */
    int64_t first_at, last_at, step_us;
    uint64_t count;
    int64_t day; /* of the line before */
};

void print_slot(const struct poll_record *poll, int64_t slot_at, char text[PRINT_SLOT_MAX]);
void print_feed(struct print *print, const char *name);
void print_poll(struct print *print, const struct poll_record *poll);
void print_end(struct print *print);

#endif
