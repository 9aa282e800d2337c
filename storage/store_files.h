/* Inside storage/: directory, permissions, lock and ownership of a store. */
#ifndef STORAGE_STORE_FILES_H
#define STORAGE_STORE_FILES_H

#include <stdbool.h>

#include "base/err.h"

enum {
    STORE_DIR_MODE = 0750,
    STORE_DATA_MODE = 0640,
    STORE_LOCK_MODE = 0660, /* an LMDB reader writes it, so that the group may read the store */
};

/* `DIR/name`, owned; NULL: no memory. */
char *store_path(const char *dir, const char *name);
/* Creates the directory and those above it. */
int store_make_dir(const char *dir, struct err *err);
/* Refuses data.mdb and lock.mdb that are not plain files. `exists`: data.mdb is there. */
int store_look_at_files(const char *dir, bool *exists, struct err *err);
/* flock on pollardd.lock with our pid in it; the descriptor goes into `fd`. ERR_IN_USE. */
int store_lock(const char *dir, int *fd, struct err *err);
void store_unlock(int fd); /* -1 is fine */
/* The modes of data.mdb and lock.mdb whatever the umask was. */
void store_set_modes(const char *dir);
/* Marks every descriptor of data.mdb and lock.mdb close-on-exec: LMDB 0.9.24 does not. */
void store_close_on_exec(const char *dir);

/* Root reads a store as its owner, so that a lock.mdb it creates is not root's. */
struct guise {
    bool is_taken;
};
void guise_take(struct guise *guise, const char *dir);
int guise_drop(struct guise *guise, struct err *err);

#endif
