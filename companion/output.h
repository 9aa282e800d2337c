/* Where a command writes: stdout, or a file that appears whole or not at all. Main thread. */
#ifndef COMPANION_OUTPUT_H
#define COMPANION_OUTPUT_H

#include <stdbool.h>

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

#endif
