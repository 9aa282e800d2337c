/* `pollard dump --follow`: waits for the store to change, until a signal comes or the reader of our
 * output goes. Main thread. */
#ifndef COMPANION_FOLLOWING_H
#define COMPANION_FOLLOWING_H

#include "companion/output.h"
#include "export/dump.h"

int following_run(struct store *store, const struct dump_options *dump, struct output *output,
                  struct err *err);

#endif
