#include "scheduler/outputs/process.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"

/* The file as a text; "" if it cannot be read. */
static char *read_text(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t length = file ? fread(text, 1, size - 1, file) : 0;

    if (file)
        (void)fclose(file);
    text[length] = '\0';
    return text;
}

/* The process's name comes second, in brackets, and may hold anything. */
static void look_at_stat(struct process_view *view)
{
    enum { THREADS = 20, VIRTUAL = 23, RESIDENT = 24 };
    char text[1024], *at = strrchr(read_text("/proc/self/stat", text, sizeof text), ')'), *rest;
    int64_t page_bytes = sysconf(_SC_PAGESIZE);

    if (!at)
        return;
    at = strtok_r(at + 1, " ", &rest);
    for (int field = 3; at && field <= RESIDENT; field++, at = strtok_r(NULL, " ", &rest)) {
        int64_t number;

        if (sscanf(at, "%" SCNd64, &number) != 1)
            continue;
        if (field == THREADS)
            view->threads = number;
        if (field == VIRTUAL)
            view->virtual_bytes = number;
        if (field == RESIDENT)
            view->resident_bytes = number * page_bytes;
    }
}

static int64_t count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;
    int64_t count = -1; /* the directory itself is open too */

    if (!dir)
        return -1;
    while ((entry = readdir(dir)))
        count += entry->d_name[0] != '.';
    (void)closedir(dir);
    return count;
}

void process_look(struct process_view *view)
{
    struct rusage usage;
    struct rlimit files;

    *view = (struct process_view){-1, -1, -1, -1, -1, -1};
    look_at_stat(view);
    view->open_fds = count_fds();
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY)
        view->max_fds = (int64_t)files.rlim_cur;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        view->cpu_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * US_PER_SECOND +
                       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}
