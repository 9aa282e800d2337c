/* Inside storage/: the small stored things (feed, definition, shape, run) and their bytes. Keys
 * hold the ids, so those are the caller's to fill in. Decoding: -1 if the bytes cannot be what was
 * written. */
#ifndef STORAGE_STORED_H
#define STORAGE_STORED_H

#include "storage/store.h"

enum { STORED_TEXT_MAX = 250 * 1024 };

int stored_feed_encode(const struct stored_feed *feed, struct buf *out);
int stored_feed_decode(struct stored_feed *feed, const void *bytes, size_t length);
int stored_definition_encode(const struct stored_definition *definition, struct buf *out);
int stored_definition_decode(struct stored_definition *definition, const void *bytes,
                             size_t length);
/* path is not terminated: path_length. */
int stored_shape_encode(const struct stored_shape *shape, struct buf *out);
int stored_shape_decode(struct stored_shape *shape, size_t *path_length, const void *bytes,
                        size_t length);
int stored_run_encode(const struct stored_run *run, struct buf *out);
int stored_run_decode(struct stored_run *run, const void *bytes, size_t length);

#endif
