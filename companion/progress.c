#include "companion/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 40, REDRAW_MS = 100 };

static int64_t mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_init(struct progress *progress, bool has_own_file)
{
    *progress = (struct progress){0};
    progress->is_shown = isatty(STDERR_FILENO) && (has_own_file || !isatty(STDOUT_FILENO));
    progress->drawn_ms = mono_ms();
}

void progress_draw(struct progress *progress, double share)
{
    static const char bar[] = "########################################";
    int64_t now_ms = progress->is_shown ? mono_ms() : 0;
    int filled = (int)(share * BAR_WIDTH);

    if (!progress->is_shown || now_ms - progress->drawn_ms < REDRAW_MS)
        return;
    if (filled < 0 || filled > BAR_WIDTH)
        filled = BAR_WIDTH;
    fprintf(stderr, "\r[%-*.*s] %3d %%", BAR_WIDTH, filled, bar, (int)(share * 100));
    fflush(stderr);
    progress->drawn_ms = now_ms;
    progress->is_drawn = true;
}

void progress_clear(struct progress *progress)
{
    if (progress->is_drawn)
        fputs("\r\033[K", stderr);
    progress->is_drawn = false;
}
