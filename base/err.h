/* How a call says that it failed: a kind for the program, a text for a person.
 *
 * Every call that can fail returns 0 or -1 and takes `struct err *` last; the struct is filled
 * where the trouble is seen, callers add context with err_within(), and only the one who decides
 * prints it. Text: what failed first, subject quoted, no full stop. Any thread; nothing is owned.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_kind {
    ERR_NONE,
    ERR_USAGE,   /* wrong words on the command line: exit 2 */
    ERR_CONFIG,  /* the configuration is wrong or unreadable: exit 78 */
    ERR_ABSENT,  /* no such store, feed or thing: exit 1 */
    ERR_NEWER,   /* the store has a format of a later release: exit 1 */
    ERR_DAMAGED, /* stored bytes that cannot be what was written: exit 1 */
    ERR_IN_USE,  /* another pollardd holds the store: exit 75 */
    ERR_FULL,    /* a queue, a buffer or the disk is full: come back later */
    ERR_INPUT,   /* bytes from outside that are not what they should be */
    ERR_MEMORY,  /* no memory */
    ERR_IO,      /* the operating system said no */
};

struct err {
    enum err_kind kind;
    char text[1024]; /* cut if longer, always terminated */
};

/* Fills `err` (which may be NULL) and returns -1. */
int err_set(struct err *err, enum err_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "<formatted>: " in front of the text and returns -1. */
int err_within(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* err_set(ERR_MEMORY, "out of memory"). */
int err_memory(struct err *err);
/* The exit code for a kind: 0, 1, 2, 75 or 78 (sysexits.h: EX_TEMPFAIL 75, EX_CONFIG 78). */
int err_exit_code(enum err_kind kind);

#endif
