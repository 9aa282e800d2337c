#include "tests/sim/runner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "scheduler/daemon.h"
#include "scheduler/daemon_status.h"
#include "tests/sim/fatal.h"
#include "tests/sim/sim_loop.h"

enum { PATH_BYTES = 512, COPY_BYTES = 1 << 20, STATUS_BYTES = 1 << 28 };

struct runner {
    struct scenario *scenario;
    struct run *run;
    struct loop *loop;
    struct servers *servers;
    struct daemon *daemon;
    struct sim_event next;
    size_t next_action;
    unsigned kills;
    bool is_over;
};

/* Files. */

static void make_dir(const char *path, mode_t mode)
{
    if (mkdir(path, mode) != 0)
        fatal("cannot make \"%s\": %s", path, strerror(errno));
}

static void make_dirs(struct run *run)
{
    const char *below = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    char path[PATH_BYTES];

    /* In memory fdatasync costs nothing. */
    if (access("/dev/shm", W_OK) == 0)
        below = "/dev/shm";
    snprintf(run->dir, sizeof run->dir, "%.100s/pollard-sim-XXXXXX", below);
    if (!mkdtemp(run->dir))
        fatal("cannot make a directory below \"%s\"", below);
    snprintf(run->config_dir, sizeof run->config_dir, "%s/config", run->dir);
    snprintf(run->store_dir, sizeof run->store_dir, "%s/store-0", run->dir);
    make_dir(run->config_dir, 0755);
    snprintf(path, sizeof path, "%s/feeds", run->config_dir);
    make_dir(path, 0755);
    snprintf(path, sizeof path, "%s/secrets", run->config_dir);
    make_dir(path, 0755);
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) != 0)
        fatal("cannot write \"%s\": %s", path, strerror(errno));
}

static void copy_file(const char *from, const char *to)
{
    char *bytes = must_alloc(1, COPY_BYTES);
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    ssize_t length;

    if (in < 0 || out < 0)
        fatal("cannot copy \"%s\": %s", from, strerror(errno));
    while ((length = read(in, bytes, COPY_BYTES)) > 0)
        if (write(out, bytes, (size_t)length) != length)
            fatal("cannot write \"%s\": %s", to, strerror(errno));
    if (length < 0 || close(out) != 0)
        fatal("cannot copy \"%s\": %s", from, strerror(errno));
    close(in);
    free(bytes);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void run_release(struct run *run)
{
    ledger_free(run->ledger);
    buf_release(&run->status);
    nftw(run->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Measures. */

static int count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    if (!dir)
        return 0;
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

/* Memory of our own, without the mapped store. */
static long anonymous_kib(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    long kib = 0;

    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, "RssAnon:", 8) == 0)
            kib = strtol(line + 8, NULL, 10);
    if (status)
        fclose(status);
    return kib;
}

static uint64_t store_bytes(const struct run *run)
{
    char path[sizeof run->store_dir + 16];
    struct stat st;

    snprintf(path, sizeof path, "%s/data.mdb", run->store_dir);
    return stat(path, &st) ? 0 : (uint64_t)st.st_size;
}

static void measure(struct run *run)
{
    run->last_bytes = store_bytes(run);
    if (run->first_bytes == 0)
        run->first_bytes = run->last_bytes;
    run->last_kib = anonymous_kib();
    run->last_fds = count_fds();
    if (run->first_kib == 0) {
        run->first_kib = run->last_kib;
        run->first_fds = run->last_fds;
    }
}

/* The service. */

static bool is_settled(void *cookie)
{
    return daemon_is_settled(cookie);
}

static void begin_service(struct runner *runner)
{
    struct daemon_options options = {.config_dir = runner->run->config_dir,
                                     .store_dir = runner->run->store_dir,
                                     .listen = "off",
                                     .is_once = runner->scenario->is_once,
                                     .for_ms = runner->scenario->for_ms,
                                     .seed = runner->scenario->seed};
    struct err err = {0};

    sim_log(runner->loop, "start");
    if (runner->daemon)
        fatal("%s: the service runs already", runner->scenario->file);
    ledger_note(runner->run->ledger, loop_now(runner->loop).wall_at, true);
    if (daemon_new(&runner->daemon, &options, runner->loop, &err) != 0)
        fatal("%s: the service does not start: %s", runner->scenario->file, err.text);
    sim_settle_by(runner->loop, is_settled, runner->daemon);
    runner->run->starts++;
    runner->run->began_us = loop_now(runner->loop).mono_us;
}

static void end_service(struct runner *runner)
{
    struct run *run = runner->run;

    sim_settle_by(runner->loop, NULL, NULL);
    run->lasted_us = loop_now(runner->loop).mono_us - run->began_us;
    buf_reset(&run->status);
    if (!runner->scenario->is_once && daemon_write_status(runner->daemon, &run->status) != 0)
        fatal("%s: no status", runner->scenario->file);
    run->ended_at = loop_now(runner->loop).wall_at;
    daemon_free(runner->daemon);
    runner->daemon = NULL;
}

/* What a SIGKILL leaves is what the store holds now: the service goes on with a copy of that, and
 * whatever the old one still does goes into what nobody reads. */
static void kill_service(struct runner *runner)
{
    struct run *run = runner->run;
    char from[PATH_BYTES], to[PATH_BYTES];

    sim_log(runner->loop, "kill");
    if (!runner->daemon)
        fatal("%s: there is nothing to kill", runner->scenario->file);
    snprintf(from, sizeof from, "%s/data.mdb", run->store_dir);
    snprintf(run->store_dir, sizeof run->store_dir, "%s/store-%u", run->dir, ++runner->kills);
    make_dir(run->store_dir, 0750);
    snprintf(to, sizeof to, "%s/data.mdb", run->store_dir);
    copy_file(from, to);
    end_service(runner);
    buf_reset(&run->status);
}

static void change_file(struct runner *runner, const struct action *action)
{
    char path[PATH_BYTES];
    char *slash;

    snprintf(path, sizeof path, "%s/%s", runner->run->config_dir, action->path);
    if (action->kind == ACTION_WRITE)
        write_file(path, action->text);
    else if (unlink(path) != 0)
        fatal("%s:%d: cannot remove \"%s\"", runner->scenario->file, action->line, path);
    slash = strrchr(path, '/');
    *slash = '\0';
    sim_log(runner->loop, "change file=%s", action->path);
    sim_touch(runner->loop, path);
}

static void on_noticed(void *cookie)
{
    struct runner *runner = cookie;

    ledger_note(runner->run->ledger, loop_now(runner->loop).wall_at, false);
}

static void act(struct runner *runner, const struct action *action)
{
    switch (action->kind) {
    case ACTION_WRITE:
    case ACTION_REMOVE:
        change_file(runner, action);
        break;
    case ACTION_HUP:
        sim_raise(runner->loop, SIGHUP);
        on_noticed(runner);
        break;
    case ACTION_TERM:
        sim_raise(runner->loop, SIGTERM);
        break;
    case ACTION_STEP:
        sim_step(runner->loop, action->us);
        break;
    case ACTION_SUSPEND:
        sim_suspend(runner->loop, action->us);
        break;
    case ACTION_KILL:
        kill_service(runner);
        break;
    case ACTION_START:
        begin_service(runner);
        break;
    case ACTION_MEASURE:
        measure(runner->run);
        break;
    }
}

static void end_run(struct runner *runner)
{
    runner->is_over = true;
    if (runner->scenario->flat_kib != ANY || runner->scenario->space_percent != ANY)
        measure(runner->run);
    if (runner->daemon)
        sim_raise(runner->loop, SIGTERM);
    else
        loop_stop(runner->loop);
}

static void set_next(struct runner *runner)
{
    const struct scenario *scenario = runner->scenario;
    int64_t at_us = runner->next_action < scenario->action_count
                        ? scenario->actions[runner->next_action].at_us
                        : scenario->run_us;

    if (at_us > scenario->run_us)
        fatal("%s: an action after the end of the run", scenario->file);
    sim_at(runner->loop, &runner->next, at_us);
}

static void on_next(void *cookie)
{
    struct runner *runner = cookie;

    if (runner->next_action == runner->scenario->action_count) {
        end_run(runner);
        return;
    }
    act(runner, runner->scenario->actions + runner->next_action++);
    set_next(runner);
}

/* Stable: lines of one instant act in order. */
static void sort_actions(struct scenario *scenario)
{
    for (size_t i = 1; i < scenario->action_count; i++) {
        struct action moved = scenario->actions[i];
        size_t place = i;

        for (; place > 0 && scenario->actions[place - 1].at_us > moved.at_us; place--)
            scenario->actions[place] = scenario->actions[place - 1];
        scenario->actions[place] = moved;
    }
}

static void prepare(struct runner *runner, FILE *log)
{
    struct scenario *scenario = runner->scenario;
    struct err err = {0};
    char path[PATH_BYTES];

    if (loop_new(&runner->loop, &err) != 0)
        fatal("%s", err.text);
    sim_set_start(runner->loop, scenario->start_at);
    sim_log_to(runner->loop, log);
    sim_on_noticed(runner->loop, on_noticed, runner);
    runner->servers = servers_new();
    sim_set_servers(runner->loop, runner->servers);
    for (size_t i = 0; i < scenario->rule_count; i++)
        servers_add_rule(runner->servers, scenario->rules + i);
    for (size_t i = 0; i < scenario->check_count; i++) {
        servers_add_tally(runner->servers, &scenario->checks[i].tally);
        if (scenario->checks[i].tally.kind == TALLY_PEAK)
            servers_add_tally(runner->servers, &scenario->checks[i].reference);
    }
    snprintf(path, sizeof path, "%s/pollard.json", runner->run->config_dir);
    write_file(path, "{\"disk_reserve\": \"0B\"}");
    sort_actions(scenario);
    while (runner->next_action < scenario->action_count &&
           scenario->actions[runner->next_action].at_us < 0)
        act(runner, scenario->actions + runner->next_action++);
}

static double real_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void run_scenario(struct run *run, struct scenario *scenario, FILE *log)
{
    struct runner runner = {.scenario = scenario, .run = run};
    struct err err = {0};
    double began_s = real_s();

    memset(run, 0, sizeof *run);
    buf_init(&run->status, STATUS_BYTES);
    make_dirs(run);
    run->ledger = ledger_new(run->config_dir);
    prepare(&runner, log);
    runner.next.on_event = on_next;
    runner.next.cookie = &runner;
    begin_service(&runner);
    set_next(&runner);
    while (!runner.is_over || runner.daemon) {
        if (loop_run(runner.loop, &err) != 0)
            fatal("%s", err.text);
        sim_log(runner.loop, "stopped");
        if (runner.daemon)
            end_service(&runner);
    }
    run->requests = servers_requests(runner.servers);
    run->log_hash = sim_log_hash(runner.loop);
    run->real_s = real_s() - began_s;
    servers_free(runner.servers);
    loop_free(runner.loop);
}
