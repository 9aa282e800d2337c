/* pollardd: arguments in, the service, an exit code out. */
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/zone.h"
#include "feeds/feed_settings.h"
#include "feeds/paths.h"
#include "scheduler/daemon.h"
#include "scheduler/options.h"

enum { LINGER_MS = 20, LARGE_BYTES = 1024 * 1024 };

struct arguments {
    const char *values[OPTION_COUNT]; /* by ARG_…; "" for a flag that is set */
};

static void print_help(void)
{
    printf("usage: pollardd [OPTION]...\n"
           "Polls the HTTP feeds of a config directory on schedule and keeps every answer.\n\n");
    for (int i = 0; i < OPTION_COUNT; i++) {
        char left[40];

        snprintf(left, sizeof left, "--%s%s%s", option_lines[i].name,
                 option_lines[i].value ? " " : "",
                 option_lines[i].value ? option_lines[i].value : "");
        printf("  %-24s %s\n", left, option_lines[i].help);
    }
    printf("\nSignals: TERM and INT end it cleanly, HUP reloads the configuration, USR1 logs the "
           "status.\nExit codes: 0 done, 1 could not, 2 wrong usage, 75 the store is in use, "
           "78 wrong configuration.\n");
}

static int usage(const char *format, const char *what)
{
    fprintf(stderr, "pollard: ");
    fprintf(stderr, format, what);
    fprintf(stderr, ": see \"pollardd --help\"\n");
    return 2;
}

static int read_arguments(int argc, char **argv, struct arguments *arguments)
{
    struct option options[OPTION_COUNT + 1] = {{0}};
    int index = 0, c;

    for (int i = 0; i < OPTION_COUNT; i++) {
        options[i].name = option_lines[i].name;
        options[i].has_arg = option_lines[i].value ? required_argument : no_argument;
    }
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":h", options, &index)) != -1) {
        if (c == 'h') {
            arguments->values[ARG_HELP] = "";
            continue;
        }
        if (c == ':')
            return usage("%s needs a value", argv[optind - 1]);
        if (c != 0)
            return usage("unknown or ambiguous option %s", argv[optind - 1]);
        arguments->values[index] = optarg ? optarg : "";
    }
    if (optind < argc)
        return usage("unexpected argument \"%s\"", argv[optind]);
    return 0;
}

static uint64_t seed(void)
{
    uint64_t value = 0;

    if (getrandom(&value, sizeof value, 0) != (ssize_t)sizeof value || value == 0)
        value = (uint64_t)getpid() * UINT64_C(0x9e3779b97f4a7c15) + 1;
    return value;
}

/* Memory holds secrets: no core dump, no ptrace by others. Sockets and the store need descriptors.
 */
static void harden(void)
{
    struct rlimit none = {0, 0}, files;

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    umask(027);
}

/* What is large goes back to the system when it is freed. Left alone, glibc takes the largest piece
 * ever freed for the measure, and the page's texts of 10,000 feeds then cost 30 MiB for good. */
static void keep_small(void)
{
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
}

static int fail(const struct err *err)
{
    fprintf(stderr, "pollard: %s\n", err->text);
    return err_exit_code(err->kind);
}

/* Signals wait while nobody listens: at the start until the loop turns, at the end for good. */
static void hold_signals(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    sigprocmask(how, &set, NULL);
}

static int run_loop(struct loop *loop, struct err *err)
{
    int status;

    hold_signals(SIG_UNBLOCK);
    status = loop_run(loop, err);
    hold_signals(SIG_BLOCK);
    return status;
}

static int run(const struct daemon_options *options)
{
    struct daemon *daemon = NULL;
    struct loop *loop = NULL;
    struct err err = {0};
    int code;

    hold_signals(SIG_BLOCK);
    if (loop_new(&loop, &err) != 0)
        return fail(&err);
    if (daemon_new(&daemon, options, loop, &err) != 0 || run_loop(loop, &err) != 0)
        code = fail(&err);
    else
        code = daemon_exit_code(daemon);
    daemon_free(daemon);
    loop_free(loop);
    zones_release();
    if (code == 0)
        log_event(LEVEL_INFO, "ended", "code=%d", code);
    return code;
}

static int start(const struct arguments *arguments, struct daemon_options *options)
{
    struct err err = {0};
    char *config_dir = config_dir_choose(arguments->values[ARG_CONFIG], &err);
    char *store_dir =
        config_dir ? store_dir_choose(arguments->values[ARG_STORE], config_dir, &err) : NULL;
    int code;

    if (store_dir) {
        options->config_dir = config_dir;
        options->store_dir = store_dir;
        code = run(options);
    } else {
        code = fail(&err);
    }
    free(config_dir);
    free(store_dir);
    return code;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {{NULL}};
    struct daemon_options options = {.seed = seed(), .linger_ms = LINGER_MS};
    enum log_level level = LEVEL_INFO;
    struct err err = {0};
    int code = read_arguments(argc, argv, &arguments);
    const char *span = arguments.values[ARG_FOR];

    log_guard_standard_files();
    if (code != 0)
        return code;
    if (arguments.values[ARG_HELP]) {
        print_help();
        return 0;
    }
    if (arguments.values[ARG_VERSION]) {
        printf("pollardd %s\n", POLLARD_VERSION);
        return 0;
    }
    if (arguments.values[ARG_LOG_LEVEL] &&
        log_parse_level(arguments.values[ARG_LOG_LEVEL], &level) != 0)
        return usage("--log-level \"%s\" is none of debug, info, warn, error",
                     arguments.values[ARG_LOG_LEVEL]);
    if (span &&
        (clock_parse_duration(span, strlen(span), &options.for_ms) != 0 || options.for_ms <= 0))
        return usage("--for \"%s\" is not a duration such as \"24h\"", span);
    if (arguments.values[ARG_LISTEN] && listen_check(arguments.values[ARG_LISTEN], &err) != 0)
        return usage("--listen: %s", err.text);
    options.listen = arguments.values[ARG_LISTEN];
    options.is_once = arguments.values[ARG_ONCE] != NULL;
    log_start(level);
    harden();
    keep_small();
    return start(&arguments, &options);
}
