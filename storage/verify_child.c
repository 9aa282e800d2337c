#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/verify.h"

/* From child to parent: a kind, a length, the bytes. */
enum message_kind { MESSAGE_FAULT = 'f', MESSAGE_COUNTS = 'c', MESSAGE_ERR = 'e' };
struct message {
    uint32_t kind, length;
};
enum { MESSAGE_MAX = 4096 };
_Static_assert(sizeof(struct err) < MESSAGE_MAX, "an error is one message");

static void send_message(FILE *pipe_end, enum message_kind kind, const void *bytes, size_t length)
{
    struct message message = {kind, (uint32_t)(length < MESSAGE_MAX ? length : MESSAGE_MAX - 1)};

    (void)fwrite(&message, sizeof message, 1, pipe_end);
    (void)fwrite(bytes, 1, message.length, pipe_end);
    (void)fflush(pipe_end); /* the next page may be the end */
}

static void on_fault_in_child(void *cookie, const char *text)
{
    FILE *pipe_end = cookie;

    send_message(pipe_end, MESSAGE_FAULT, text, strlen(text));
}

static _Noreturn void be_child(const char *dir, int fd)
{
    static const int deadly[] = {SIGBUS, SIGSEGV, SIGFPE, SIGABRT, SIGILL};
    FILE *pipe_end = fdopen(fd, "wb");
    struct verify_counts counts = {0};
    struct err err = {0};

    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
        (void)signal(deadly[i], SIG_DFL);
    if (!pipe_end)
        _exit(1);
    if (verify_store(dir, on_fault_in_child, pipe_end, &counts, &err))
        send_message(pipe_end, MESSAGE_ERR, &err, sizeof err);
    else
        send_message(pipe_end, MESSAGE_COUNTS, &counts, sizeof counts);
    _exit(0);
}

struct heard {
    void (*on_fault)(void *cookie, const char *text);
    void *cookie;
    struct verify_counts *counts;
    struct err *err;
    uint64_t faults;
    bool is_done, has_failed;
};

static void on_message(struct heard *heard, const struct message *message, const char *bytes)
{
    const struct err *why = (const struct err *)bytes;

    switch ((enum message_kind)message->kind) {
    case MESSAGE_FAULT:
        heard->faults++;
        heard->on_fault(heard->cookie, bytes);
        break;
    case MESSAGE_COUNTS:
        memcpy(heard->counts, bytes, sizeof *heard->counts);
        heard->is_done = true;
        break;
    case MESSAGE_ERR:
        (void)err_set(heard->err, why->kind, "%s", why->text);
        heard->has_failed = true;
        break;
    }
}

static void listen_to(FILE *pipe_end, struct heard *heard)
{
    _Alignas(struct err) char bytes[MESSAGE_MAX];
    struct message message;

    while (fread(&message, sizeof message, 1, pipe_end) == 1) {
        if (message.length >= sizeof bytes ||
            fread(bytes, 1, message.length, pipe_end) != message.length)
            return;
        bytes[message.length] = '\0';
        on_message(heard, &message, bytes);
    }
}

static int wait_for(pid_t child, int *status)
{
    pid_t waited;

    do
        waited = waitpid(child, status, 0);
    while (waited < 0 && errno == EINTR);
    return waited == child ? 0 : -1;
}

static int conclude(struct heard *heard, int status)
{
    char text[96];

    if (heard->has_failed)
        return -1;
    if (heard->is_done && WIFEXITED(status))
        return 0;
    if (WIFSIGNALED(status))
        (void)snprintf(text, sizeof text, "the store's pages cannot be read (signal %d)",
                       WTERMSIG(status));
    else
        (void)snprintf(text, sizeof text, "the store's pages cannot be read");
    heard->on_fault(heard->cookie, text);
    heard->counts->faults = heard->faults + 1;
    return 0;
}

int verify_run_child(const char *dir, void (*on_fault)(void *cookie, const char *text),
                     void *cookie, struct verify_counts *counts, struct err *err)
{
    struct heard heard = {.on_fault = on_fault, .cookie = cookie, .counts = counts, .err = err};
    int ends[2], status = 0;
    FILE *pipe_end;
    pid_t child;

    memset(counts, 0, sizeof *counts);
    if (pipe(ends))
        return err_set(err, ERR_IO, "cannot make a pipe: %s", strerror(errno));
    (void)fflush(NULL); /* or the child would print it again */
    child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        be_child(dir, ends[1]);
    }
    (void)close(ends[1]);
    pipe_end = child > 0 ? fdopen(ends[0], "rb") : NULL;
    if (pipe_end)
        listen_to(pipe_end, &heard);
    if (pipe_end)
        (void)fclose(pipe_end);
    else
        (void)close(ends[0]);
    if (child < 0 || wait_for(child, &status) || !pipe_end)
        return err_set(err, ERR_IO, "cannot start a child process: %s", strerror(errno));
    return conclude(&heard, status);
}
