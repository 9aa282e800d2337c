#include <stdio.h>

#include "companion/commands.h"
#include "packaging/describe/describe.h"

static void write_name(const void *unused, const struct described *option)
{
    (void)unused;
    if (option->letter)
        printf("-%c ", option->letter);
    printf("--%s ", option->name);
}

/* `--config) … ;;` of a case over the word before. */
static void write_value(const void *indent, const struct described *option)
{
    static const char *const actions[] = {
        [TAKES_ANY] = "return",
        [TAKES_DIR] = "_pollard_choose -d; return",
        [TAKES_FILE] = "_pollard_choose -f; return",
        [TAKES_ZONE] = "_pollard_choose -W \"$(_pollard_zones)\"; return",
        [TAKES_LEVEL] = "_pollard_choose -W 'debug info warn error'; return",
    };
    enum taking taking = taking_of(option);

    if (taking == TAKES_NOTHING)
        return;
    fputs(indent, stdout);
    if (option->letter)
        printf("-%c | ", option->letter);
    printf("--%s) %s ;;\n", option->name, actions[taking]);
}

static void write_command(const struct command *command)
{
    printf("    %s)\n        case $before in\n", command->name);
    each_option(command, write_value, "            ");
    fputs("        esac\n        options='", stdout);
    each_option(command, write_name, NULL);
    puts("'");
    if (takes_feeds(command))
        puts("        [[ $current == -* ]] || options=$(_pollard_feeds)");
    if (takes_dir(command))
        puts("        [[ $current == -* ]] || { _pollard_choose -d; return; }");
    puts("        ;;");
}

static void write_names(const char *before, const char *after)
{
    fputs(before, stdout);
    for (size_t i = 0; commands[i]; i++)
        printf("%s ", commands[i]->name);
    puts(after);
}

static void write_commands(void)
{
    for (size_t i = 0; commands[i]; i++)
        write_command(commands[i]);
    write_names("    help) options='keys ", "' ;;");
}

static void write_first_words(void)
{
    write_names("        _pollard_choose -W '", "help --help --version'");
}

static void write_service_values(void)
{
    each_service_option(write_value, "        ");
}

static void write_service_names(void)
{
    fputs("    _pollard_choose -W '", stdout);
    each_service_option(write_name, NULL);
    puts("'");
}

const struct described_line bash_lines[] = {
    {"@BASH_FIRST_WORDS@\n", write_first_words},
    {"@BASH_COMMANDS@\n", write_commands},
    {"@BASH_SERVICE_VALUES@\n", write_service_values},
    {"@BASH_SERVICE_NAMES@\n", write_service_names},
    {NULL, NULL},
};
