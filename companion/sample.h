/* The first rows of one body as the dump would write them. */
#ifndef COMPANION_SAMPLE_H
#define COMPANION_SAMPLE_H

#include "feeds/feed.h"
#include "scheduler/net/transfers.h"

enum { SAMPLE_ROWS = 5 };

/* Prints to stdout; bytes that give no rows are named instead. */
int sample_print(const struct feed *feed, const struct response *response, int64_t call_at,
                 struct err *err);

#endif
