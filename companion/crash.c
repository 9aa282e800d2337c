#include "companion/crash.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "companion/output.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER 0
#endif

static void on_crash(int number)
{
    static const char text[] = "pollard: the store is damaged: run \"pollard verify\"\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);

    (void)number;
    (void)written;
    output_abandon();
    _exit(1);
}

void crash_watch(void)
{
    static const int signals[] = {SIGBUS, SIGSEGV, SIGABRT, SIGFPE};
    struct sigaction action = {.sa_handler = on_crash};
    size_t i;

    if (HAS_SANITIZER)
        return;
    sigemptyset(&action.sa_mask);
    for (i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &action, NULL);
}
