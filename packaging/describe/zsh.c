#include <stdio.h>

#include "companion/commands.h"
#include "packaging/describe/describe.h"

static const char quote[] = "'\\''";

/* One line of an _arguments that goes on. */
static void write_option(const void *unused, const struct described *option)
{
    static const char *const actions[] = {
        [TAKES_ANY] = " ",
        [TAKES_DIR] = "_files -/",
        [TAKES_FILE] = "_files",
        [TAKES_ZONE] = "_time_zone",
        [TAKES_LEVEL] = "(debug info warn error)",
    };
    enum taking taking = taking_of(option);

    (void)unused;
    fputs(" \\\n            ", stdout);
    if (option->letter)
        printf("'(-%c --%s)'{-%c,--%s}'[", option->letter, option->name, option->letter,
               option->name);
    else
        printf("'--%s[", option->name);
    write_quoted(option->help, "[]\\", quote);
    putchar(']');
    if (taking != TAKES_NOTHING) {
        putchar(':');
        write_quoted(option->value, ":\\", quote);
        printf(":%s", actions[taking]);
    }
    putchar('\'');
}

static void write_names(void)
{
    for (size_t i = 0; commands[i]; i++) {
        printf("        '%s:", commands[i]->name);
        write_quoted(commands[i]->help, "\\", quote);
        puts("'");
    }
}

static void write_commands(void)
{
    for (size_t i = 0; commands[i]; i++) {
        printf("    %s)\n        _arguments", commands[i]->name);
        each_option(commands[i], write_option, NULL);
        if (takes_feeds(commands[i]))
            fputs(" \\\n            '*:feed:_pollard_feeds'", stdout);
        if (takes_dir(commands[i]))
            fputs(" \\\n            '*:directory:_files -/'", stdout);
        puts(" ;;");
    }
    fputs("    help)\n        _values topic keys", stdout);
    for (size_t i = 0; commands[i]; i++)
        printf(" %s", commands[i]->name);
    puts(" ;;");
}

static void write_service(void)
{
    fputs("    _arguments", stdout);
    each_service_option(write_option, NULL);
    putchar('\n');
}

const struct described_line zsh_lines[] = {
    {"@ZSH_NAMES@\n", write_names},
    {"@ZSH_COMMANDS@\n", write_commands},
    {"@ZSH_SERVICE@\n", write_service},
    {NULL, NULL},
};
