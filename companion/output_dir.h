/* The files of a split or raw dump: all of them appear in the directory, or none.
 *
 * They are written into a hidden directory inside it and put in their places at the end; what was
 * there under the same names is replaced. Main thread. */
#ifndef COMPANION_OUTPUT_DIR_H
#define COMPANION_OUTPUT_DIR_H

#include <stddef.h>

#include "export/dump.h"

struct output_dir {
    struct sink_set files;
    char *path;
    char *hidden; /* NULL: none */
    char *name;   /* of the file at hand, in `hidden` */
    int fd;       /* of it; -1: none */
};

/* Makes the directory if it is not there. ERR_USAGE: no directory; ERR_IO. */
int output_dir_open(struct output_dir *dir, const char *path, struct err *err);
/* Puts the files where they belong, durably. */
int output_dir_commit(struct output_dir *dir, struct err *err);
/* Also after a failure: what was not committed is removed. Safe on a zeroed one. */
void output_dir_close(struct output_dir *dir);

#endif
