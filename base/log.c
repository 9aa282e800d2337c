#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"

enum { LINE_MAX_BYTES = 2048, EVENT_MAX = 48, FOLDS_MAX = 128, EVENTS_A_MINUTE = 20 };

/* One (level, event) and its minute, which starts with the first line. */
struct fold {
    char event[EVENT_MAX]; /* empty: the place is free */
    enum log_level level;
    int64_t since_ms;
    unsigned said, folded;
};

struct level_name {
    const char *name;
    int priority; /* syslog(3) */
};

static const struct level_name levels[] = {
    [LEVEL_DEBUG] = {"debug", 7},
    [LEVEL_INFO] = {"info", 6},
    [LEVEL_WARN] = {"warn", 4},
    [LEVEL_ERROR] = {"error", 3},
};

static atomic_int least_level = LEVEL_INFO;
static atomic_bool has_priorities;
static pthread_mutex_t folds_lock = PTHREAD_MUTEX_INITIALIZER;
static struct fold folds[FOLDS_MAX];

/* systemd.exec(5): the variable is inherited by what is started in a terminal too; it holds for us
 * only if it names the device and inode of our own stderr. */
static bool is_journal(const char *stream)
{
    unsigned long long device, inode;
    struct stat status;
    char *end;

    if (!stream)
        return false;
    device = strtoull(stream, &end, 10);
    if (*end != ':')
        return false;
    inode = strtoull(end + 1, &end, 10);
    return !*end && fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
           status.st_ino == inode;
}

static void write_line(enum log_level level, const char *event, const char *text)
{
    char line[LINE_MAX_BYTES + 1];
    size_t length;
    int wanted;

    if (atomic_load(&has_priorities))
        wanted = snprintf(line, sizeof line, "<%d>%s %.*s %s", levels[level].priority,
                          levels[level].name, EVENT_MAX, event, text);
    else
        wanted =
            snprintf(line, sizeof line, "%s %.*s %s", levels[level].name, EVENT_MAX, event, text);
    length = wanted > 0 ? (size_t)wanted : 0;
    if (length > LINE_MAX_BYTES - 1)
        length = utf8_cut(line, LINE_MAX_BYTES - 1); /* the journal shows half of one as a blob */
    if (!*text && length)
        length--; /* the blank */
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7F)
            line[i] = '?'; /* a line feed would be a second line */
    }
    line[length++] = '\n';
    while (write(STDERR_FILENO, line, length) < 0 && errno == EINTR)
        continue;
}

static int64_t monotonic_ms(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Ends the minutes that are over at `now_ms` and says what they folded. Under the lock. */
static void end_minutes(int64_t now_ms)
{
    for (size_t i = 0; i < FOLDS_MAX; i++) {
        struct fold *fold = &folds[i];

        if (!fold->event[0] || now_ms - fold->since_ms < 60000)
            continue;
        if (fold->folded) {
            char text[EVENT_MAX + 32];

            snprintf(text, sizeof text, "event=%.*s count=%u", EVENT_MAX - 1, fold->event,
                     fold->folded);
            write_line(fold->level, "folded", text);
        }
        fold->event[0] = '\0';
    }
}

/* NULL: all places are taken, and the event is said unfolded. Under the lock. */
static struct fold *find_fold(enum log_level level, const char *event, int64_t now_ms)
{
    struct fold *unused = NULL;

    for (size_t i = 0; i < FOLDS_MAX; i++) {
        struct fold *fold = &folds[i];

        if (!fold->event[0])
            unused = fold;
        else if (fold->level == level && strncmp(fold->event, event, EVENT_MAX - 1) == 0)
            return fold;
    }
    if (unused) {
        *unused = (struct fold){.level = level, .since_ms = now_ms};
        snprintf(unused->event, sizeof unused->event, "%s", event);
    }
    return unused;
}

static bool is_folded(enum log_level level, const char *event)
{
    int64_t now_ms = monotonic_ms();
    struct fold *fold = NULL;
    bool folds_now;

    pthread_mutex_lock(&folds_lock);
    end_minutes(now_ms);
    if (level == LEVEL_INFO || level == LEVEL_WARN)
        fold = find_fold(level, event, now_ms);
    folds_now = fold && fold->said >= EVENTS_A_MINUTE;
    if (fold)
        ++*(folds_now ? &fold->folded : &fold->said);
    pthread_mutex_unlock(&folds_lock);
    return folds_now;
}

void log_flush(void)
{
    int saved = errno;

    pthread_mutex_lock(&folds_lock);
    end_minutes(monotonic_ms());
    pthread_mutex_unlock(&folds_lock);
    errno = saved;
}

/* At the end of the program: a minute that is not over ends here. */
static void on_exit_program(void)
{
    pthread_mutex_lock(&folds_lock);
    end_minutes(INT64_MAX);
    pthread_mutex_unlock(&folds_lock);
}

/* Opened the wrong way round: who writes to it still learns that it was closed. */
void log_guard_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            abort();
}

void log_start(enum log_level level)
{
    static atomic_flag is_started = ATOMIC_FLAG_INIT;

    atomic_store(&least_level, (int)level);
    atomic_store(&has_priorities, is_journal(getenv("JOURNAL_STREAM")));
    /* Without it only the last counts of folded lines would be lost. */
    if (!atomic_flag_test_and_set(&is_started))
        (void)atexit(on_exit_program);
}

int log_parse_level(const char *text, enum log_level *level)
{
    for (int i = LEVEL_DEBUG; i <= LEVEL_ERROR; i++) {
        if (strcmp(text, levels[i].name) == 0) {
            *level = (enum log_level)i;
            return 0;
        }
    }
    return -1;
}

bool log_has(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

static void write_event(enum log_level level, const char *event, const char *format,
                        va_list arguments)
{
    char text[LINE_MAX_BYTES + 1];

    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';
    write_line(level, event, text);
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    int saved = errno;
    va_list arguments;

    if (log_has(level) && !is_folded(level, event)) {
        va_start(arguments, format);
        write_event(level, event, format, arguments);
        va_end(arguments);
    }
    errno = saved;
}

void log_answer(const char *event, const char *format, ...)
{
    int saved = errno;
    va_list arguments;

    if (log_has(LEVEL_INFO)) {
        va_start(arguments, format);
        write_event(LEVEL_INFO, event, format, arguments);
        va_end(arguments);
    }
    errno = saved;
}

static bool is_plain(const char *text)
{
    for (const char *at = text; *at; at++) {
        if ((unsigned char)*at <= ' ' || strchr("\"\\=\x7F", *at))
            return false;
    }
    return *text != '\0';
}

/* One byte as it stands between the quotes; returns its length. */
static size_t escape(unsigned char byte, char out[5])
{
    if (byte == '"' || byte == '\\')
        return (size_t)snprintf(out, 5, "\\%c", byte);
    if (byte == '\n')
        return (size_t)snprintf(out, 5, "\\n");
    if (byte < ' ' || byte == 0x7F)
        return (size_t)snprintf(out, 5, "\\x%02x", byte);
    out[0] = (char)byte;
    return 1;
}

const char *log_value(const char *text, char out[LOG_VALUE_MAX])
{
    size_t length = 0;

    if (is_plain(text)) {
        length = strlen(text);
        if (length > LOG_VALUE_MAX - 1)
            length = utf8_cut(text, LOG_VALUE_MAX - 1);
        memcpy(out, text, length);
        out[length] = '\0';
        return out;
    }
    out[length++] = '"';
    for (; *text; text++) {
        char piece[5];
        size_t size = escape((unsigned char)*text, piece);

        if (length + size > LOG_VALUE_MAX - 2)
            break;
        memcpy(out + length, piece, size);
        length += size;
    }
    /* Cut inside a character: the part of it that is there goes too. */
    if (((unsigned char)*text & 0xC0) == 0x80) {
        while (length > 1 && ((unsigned char)out[length - 1] & 0xC0) == 0x80)
            length--;
        length -= length > 1;
    }
    out[length++] = '"';
    out[length] = '\0';
    return out;
}
