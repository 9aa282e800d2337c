/* A damaged store can end in a signal: its pages are mapped, not read. */
#ifndef COMPANION_CRASH_H
#define COMPANION_CRASH_H

/* From now on SIGBUS, SIGSEGV, SIGABRT and SIGFPE say that the store is damaged, remove what
 * output.h has begun, and end with 1. A build with a sanitizer keeps the sanitizer's own report. */
void crash_watch(void);

#endif
