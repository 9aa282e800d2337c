#include <stdio.h>

#include "companion/commands.h"
#include "packaging/describe/describe.h"

struct place {
    const char *program, *command; /* command NULL: the program has none */
};

static void write_help(const char *help)
{
    fputs(" -d '", stdout);
    write_quoted(help, "\\", "\\'");
    puts("'");
}

static void write_option(const void *cookie, const struct described *option)
{
    static const char *const actions[] = {
        [TAKES_NOTHING] = "",
        [TAKES_ANY] = " -x",
        [TAKES_DIR] = " -x -a '(__fish_complete_directories)'",
        [TAKES_FILE] = " -r -F",
        [TAKES_ZONE] = " -x -a '(__pollard_zones)'",
        [TAKES_LEVEL] = " -x -a 'debug info warn error'",
    };
    const struct place *place = cookie;

    printf("complete -c %s", place->program);
    if (place->command)
        printf(" -n '__fish_seen_subcommand_from %s'", place->command);
    if (option->letter)
        printf(" -s %c", option->letter);
    printf(" -l %s%s", option->name, actions[taking_of(option)]);
    write_help(option->help);
}

static void write_commands(void)
{
    for (size_t i = 0; commands[i]; i++) {
        const struct place place = {"pollard", commands[i]->name};

        printf("complete -c pollard -n __fish_use_subcommand -a %s", place.command);
        write_help(commands[i]->help);
        each_option(commands[i], write_option, &place);
        if (takes_feeds(commands[i]))
            printf("complete -c pollard -n '__fish_seen_subcommand_from %s' "
                   "-a '(__pollard_feeds)'\n",
                   place.command);
        if (takes_dir(commands[i]))
            printf("complete -c pollard -n '__fish_seen_subcommand_from %s' "
                   "-a '(__fish_complete_directories)'\n",
                   place.command);
    }
}

static void write_service(void)
{
    each_service_option(write_option, &(struct place){"pollardd", NULL});
}

const struct described_line fish_lines[] = {
    {"@FISH_COMMANDS@\n", write_commands},
    {"@FISH_SERVICE@\n", write_service},
    {NULL, NULL},
};
