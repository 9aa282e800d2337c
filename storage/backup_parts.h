/* Inside storage/: between backup.c (where the copy goes) and backup_stream.c (where it comes
 * from). */
#ifndef STORAGE_BACKUP_PARTS_H
#define STORAGE_BACKUP_PARTS_H

#include "storage/backup.h"

/* data.mdb of the store in `dir`, as it is at one instant and without free pages, into `fd`. */
int backup_stream(const char *dir, int fd, const char *what, const struct backup_watcher *watcher,
                  struct err *err);

#endif
