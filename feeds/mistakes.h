/* The mistakes of a configuration, as they are found: a list with a limit a file.
 *
 * Several feeds of one template make the same mistake at the same place: it is kept once, but
 * counted each time, so that `found` tells whether something was wrong. Main thread. */
#ifndef FEEDS_MISTAKES_H
#define FEEDS_MISTAKES_H

#include "base/settings.h"
#include "feeds/feed.h"

enum { MISTAKES_A_FILE = 1000 };

struct mistakes {
    struct mistake *items; /* owned, with their texts */
    size_t count, capacity;
    size_t first;       /* of the present file */
    const char *file;   /* the present file, borrowed */
    size_t found;       /* ever, repeated ones too */
    bool is_incomplete; /* no memory for one of them */
    bool is_sketch; /* {var}s stand unreplaced: what is said of a text that holds one is not kept */
};

void mistakes_release(struct mistakes *mistakes);
/* From here on mistakes belong to `file`, borrowed until the next call. */
void mistakes_enter(struct mistakes *mistakes, const char *file);
/* line 0: the file as a whole. */
void mistakes_add(struct mistakes *mistakes, int line, int column, const char *text);
/* A mistake at a place of any file; `where` NULL: the file as a whole. */
void mistakes_say(struct mistakes *mistakes, const char *file, const struct json *where,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* For settings_apply(): `cookie` is the mistakes. */
struct settings_report mistakes_report(struct mistakes *mistakes);
/* By file, line, column. */
void mistakes_sort(struct mistakes *mistakes);

#endif
