/* A sink that keeps what it is given as one text, for tests. */
#ifndef TESTS_TEXT_SINK_H
#define TESTS_TEXT_SINK_H

#include "export/csv.h"

struct text_sink {
    struct sink sink;
    struct buf text;
};

void text_sink_init(struct text_sink *text);
void text_sink_release(struct text_sink *text);
/* What was written up to now, terminated. */
const char *text_sink_text(struct text_sink *text);

#endif
