/* How far a long command is: one line on a terminal's stderr, redrawn in place. */
#ifndef COMPANION_PROGRESS_H
#define COMPANION_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool is_shown; /* stderr is a terminal that our output does not share */
    bool is_drawn;
    int64_t started_ms, drawn_ms;
};

void progress_init(struct progress *progress, bool has_own_file);
/* `share` done of the whole, 0 … 1; `bytes` read up to now. */
void progress_draw(struct progress *progress, double share, uint64_t bytes);
void progress_clear(struct progress *progress); /* before anything else goes to stderr */

#endif
