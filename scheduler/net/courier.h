/* Mail out: one letter at a time over SMTP, on a thread of its own.
 *
 * libcurl's home, and a seam: tests/sim implements this header with scripted servers. A thread,
 * because libcurl's SMTP waits for the server where a multi handle may not; a mail server that
 * hangs holds nobody but the letters behind it. Calls are for the loop's thread; a letter answers
 * exactly once, on the loop, never before courier_send() has returned.
 *
 * smtps:// is TLS from the start, smtp:// becomes TLS by STARTTLS, or the letter is not sent: no
 * password and no letter goes out in the clear. The one exception is a server on this very machine
 * that wants no login ("smtp://localhost"), which is spoken to without TLS. Certificates are
 * verified, TLS 1.2 is the least, addresses are judged at connect (address.h). */
#ifndef SCHEDULER_NET_COURIER_H
#define SCHEDULER_NET_COURIER_H

#include <stdbool.h>
#include <stddef.h>

#include "scheduler/net/loop.h"

struct letter {
    const char *server;              /* smtp://HOST[:PORT] or smtps://… */
    const char *username, *password; /* NULL: no login */
    const char *from;                /* bare addresses */
    const char *const *to;
    size_t to_count;
    const char *bytes; /* the message, RFC 5322, lines end in CRLF */
    size_t length;
    bool allow_private;
};

/* How it went. `words`: why not, in words; the server's own, if it had any, but never what it said
 * to a login. */
struct receipt {
    bool is_sent;
    char words[256];
};
typedef void letter_fn(void *cookie, const struct receipt *receipt);

struct courier_options {
    const char *ca_bundle; /* NULL: the system's */
    int64_t timeout_ms;    /* for all of a letter */
};

struct courier;
int courier_new(struct courier **courier, struct loop *loop, const struct courier_options *options,
                struct err *err); /* returns owned */
/* A letter under way is broken off and not answered. */
void courier_free(struct courier *courier);
/* Copies `letter`. ERR_IN_USE: another one is under way. */
int courier_send(struct courier *courier, const struct letter *letter, letter_fn *on_done,
                 void *cookie, struct err *err);
/* A letter under way is broken off, and answers so within a second or two. */
void courier_cancel(struct courier *courier);

#endif
