/* Where a command writes: stdout, or a file that appears whole or not at all. Main thread. */
#ifndef COMPANION_OUTPUT_H
#define COMPANION_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "export/csv.h"

struct output {
    struct sink sink; /* its failure is ERR_IO; ERR_NONE if the reader has gone: end quietly */
    int fd;
    char *path;      /* of -o, links resolved; NULL: stdout, or a file that is no regular one */
    char *temporary; /* written first, in the same directory */
};

/* `path` NULL or "-": stdout. ERR_USAGE: a directory; ERR_IO. */
int output_open(struct output *output, const char *path, struct err *err);
/* Puts the file where it belongs, durably. */
int output_commit(struct output *output, struct err *err);
/* Also after a failure: what was not committed is removed. */
void output_close(struct output *output);
/* Removes what was begun; for a signal handler. */
void output_abandon(void);

/* Has who reads our pipe gone away? */
bool output_reader_has_gone(const struct output *output);

/* For output_dir. The directory `path` is to be removed if a signal ends us; NULL: none. A signal
 * that finds files in it only says so (output_stopped_by), and the writer ends. */
void output_guard_dir(const char *path);
/* A signal that would end us only says so, from now on. */
void output_stop_softly(void);
int output_stopped_by(void); /* 0: no signal came */

struct text_span {
    const char *bytes;
    size_t length;
};
/* As a sink; `what` is named in the error. */
int output_write_all(int fd, const char *what, const struct text_span *text, struct err *err);

#endif
