/* pollard, the companion: its table of commands is commands.c, each is in its own file. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/nearest.h"
#include "base/zone.h"
#include "companion/arguments.h"
#include "companion/commands.h"
#include "companion/keys.h"

static void print_help(FILE *out)
{
    size_t i;

    fputs("usage: pollard COMMAND [OPTION…] [FEED…]\n"
          "reads what pollardd is told and what it has stored, also while it runs\n\n",
          out);
    for (i = 0; commands[i]; i++)
        fprintf(out, "  %-12s %s\n", commands[i]->name, commands[i]->help);
    fputs("  help         this text, or that of a command\n\n"
          "FEED is a name or a glob such as 'bus-*'; none means all.\n"
          "\"pollard help keys\" lists what may stand in the configuration.\n"
          "\"pollard COMMAND --help\" tells more.\n",
          out);
}

static const struct command *find_command(const char *name)
{
    size_t i;

    for (i = 0; commands[i]; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

static int refuse_command(const char *name)
{
    const char *names[COMMANDS_MAX + 2] = {0};
    const char *meant;
    size_t i;

    for (i = 0; commands[i]; i++)
        names[i] = commands[i]->name;
    names[i] = "help";
    meant = nearest(name, names);
    fprintf(stderr, "pollard: unknown command \"%s\"%s%s%s: see \"pollard help\"\n", name,
            meant ? ", did you mean \"" : "", meant ? meant : "", meant ? "\"?" : "");
    return 2;
}

static int help_of(const char *name)
{
    const struct command *command = name ? find_command(name) : NULL;

    if (name && strcmp(name, "keys") == 0) {
        keys_print(stdout);
        return 0;
    }
    if (name && !command && strcmp(name, "help") != 0 && strcmp(name, "--help") != 0 &&
        strcmp(name, "-h") != 0)
        return refuse_command(name);
    if (command)
        arguments_help(command, stdout);
    else
        print_help(stdout);
    return 0;
}

/* What was printed through stdio must have arrived, too. */
static int finish_stdout(struct err *err)
{
    if (!fflush(stdout) && !ferror(stdout))
        return 0;
    return errno == EPIPE
               ? err_set(err, ERR_NONE, "the reader has gone")
               : err_set(err, ERR_IO, "cannot write \"standard output\": %s", strerror(errno));
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct arguments arguments;
    struct err err = {0};
    enum wanted wanted;
    int result = arguments_read(&arguments, command, argc, argv, &wanted, &err);

    if (!result) {
        switch (wanted) {
        case WANTED_HELP:
            arguments_help(command, stdout);
            break;
        case WANTED_VERSION:
            puts("pollard " POLLARD_VERSION);
            break;
        case WANTED_RUN:
            result = command->run(&arguments, &err);
            break;
        }
    }
    if (!result)
        result = finish_stdout(&err);
    zones_release();
    if (!result || err.kind == ERR_NONE)
        return 0;
    if (err.kind == ERR_USAGE)
        fprintf(stderr, "pollard: %s: see \"pollard %s --help\"\n", err.text, command->name);
    else
        fprintf(stderr, "pollard: %s\n", err.text);
    return err_exit_code(err.kind);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    const struct command *command;

    log_guard_standard_files();
    signal(SIGPIPE, SIG_IGN);
    if (!name) {
        print_help(stderr);
        return 2;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help_of(NULL);
    if (strcmp(name, "--version") == 0) {
        puts("pollard " POLLARD_VERSION);
        return 0;
    }
    if (strcmp(name, "help") == 0)
        return help_of(argc > 2 ? argv[2] : NULL);
    command = find_command(name);
    return command ? run_command(command, argc - 1, argv + 1) : refuse_command(name);
}
