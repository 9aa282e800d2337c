/* The words of `pollard dump` as options of a dump. */
#ifndef COMPANION_DUMP_WORDS_H
#define COMPANION_DUMP_WORDS_H

#include "companion/command.h"
#include "export/dump.h"

/* All but the range and where it goes. Borrows from `arguments` and from `columns`, an empty buf
 * that --columns is put into as JSON. ERR_USAGE. */
int dump_words(const struct arguments *arguments, struct dump_options *dump, struct buf *columns,
               struct err *err);

#endif
