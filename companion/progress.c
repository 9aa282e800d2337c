#include "companion/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum { BAR_WIDTH = 40, REDRAW_MS = 100, LEFT_FROM_MS = 1000, LEFT_MOST_S = 360000 };

void progress_init(struct progress *progress, bool has_own_file)
{
    *progress = (struct progress){0};
    progress->is_shown = isatty(STDERR_FILENO) && (has_own_file || !isatty(STDOUT_FILENO));
    progress->started_ms = progress->drawn_ms = clock_mono_ms();
}

/* "1:02:03 left", or nothing while it is too early to say. */
static void print_left(double share, int64_t spent_ms)
{
    double left_s = share > 0 ? (double)spent_ms / 1000 * (1 - share) / share : LEFT_MOST_S;
    int seconds;

    if (spent_ms < LEFT_FROM_MS || left_s >= LEFT_MOST_S)
        return;
    seconds = (int)(left_s + 0.5);
    if (seconds >= 3600)
        fprintf(stderr, "  %d:%02d:%02d left", seconds / 3600, seconds / 60 % 60, seconds % 60);
    else
        fprintf(stderr, "  %d:%02d left", seconds / 60, seconds % 60);
}

void progress_draw(struct progress *progress, double share, uint64_t bytes)
{
    static const char bar[] = "########################################";
    int64_t now_ms = progress->is_shown ? clock_mono_ms() : 0,
            spent_ms = now_ms - progress->started_ms;
    int filled = (int)(share * BAR_WIDTH);

    if (!progress->is_shown || now_ms - progress->drawn_ms < REDRAW_MS)
        return;
    if (filled < 0 || filled > BAR_WIDTH)
        filled = BAR_WIDTH;
    fprintf(stderr, "\r[%-*.*s] %3d %%  %.1f MB/s", BAR_WIDTH, filled, bar, (int)(share * 100),
            (double)bytes / 1000 / (double)spent_ms);
    print_left(share, spent_ms);
    fputs("\033[K", stderr);
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
