#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "companion/commands.h"
#include "packaging/describe/describe.h"
#include "scheduler/options.h"

void each_service_option(described_fn *on_option, const void *cookie)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option_line *line = &option_lines[i];

        on_option(cookie, &(struct described){i == ARG_HELP ? 'h' : '\0', line->name, line->value,
                                              line->help});
    }
}

void each_option(const struct command *command, described_fn *on_option, const void *cookie)
{
    for (const struct option_row *row = command->options; row->kind != OPTION_END; row++) {
        if (row->kind != OPTION_LATER)
            on_option(cookie, &(struct described){row->letter, row->name, row->value, row->help});
    }
    on_option(cookie, &(struct described){'h', "help", NULL, "this text"});
    on_option(cookie, &(struct described){'\0', "version", NULL, "the release"});
}

enum taking taking_of(const struct described *option)
{
    if (!option->value)
        return TAKES_NOTHING;
    if (strstr(option->value, "FILE"))
        return TAKES_FILE;
    if (strstr(option->value, "DIR"))
        return TAKES_DIR;
    if (strcmp(option->value, "ZONE") == 0)
        return TAKES_ZONE;
    return strcmp(option->value, "LEVEL") == 0 ? TAKES_LEVEL : TAKES_ANY;
}

int takes_feeds(const struct command *command)
{
    return strstr(command->operands, "FEED") != NULL;
}

int takes_dir(const struct command *command)
{
    return strstr(command->operands, "DEST") != NULL;
}

void write_quoted(const char *text, const char *special, const char *quote)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs(quote, stdout);
        else if (strchr(special, *text))
            printf("\\%c", *text);
        else
            putchar(*text);
    }
}

static int write_line(const char *line, const char *path)
{
    static const struct described_line *const kinds[] = {man_lines, bash_lines, zsh_lines,
                                                         fish_lines, NULL};

    if (*line != '@') {
        fputs(line, stdout);
        return 0;
    }
    for (size_t i = 0; kinds[i]; i++) {
        for (const struct described_line *found = kinds[i]; found->name; found++) {
            if (strcmp(line, found->name) != 0)
                continue;
            found->write();
            return 0;
        }
    }
    fprintf(stderr, "describe: %s: nothing is called %s", path, line);
    return -1;
}

int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    char *line = NULL;
    size_t size = 0;
    int status = 0;

    if (!file) {
        fprintf(stderr, "usage: describe TEMPLATE: %s\n", argc == 2 ? strerror(errno) : "missing");
        return 2;
    }
    while (!status && getline(&line, &size, file) > 0)
        status = write_line(line, argv[1]);
    if (ferror(file) || fflush(stdout) != 0)
        status = -1;
    free(line);
    (void)fclose(file);
    return status != 0;
}
