#include "companion/arguments.h"

#include <getopt.h>
#include <string.h>

#include "base/nearest.h"

enum { OPTIONS_MAX = 40, LETTERS_MAX = 2 * OPTIONS_MAX + 4, WORD_MAX = 40 };
/* What getopt_long returns for a long option: this and its place in the table. */
enum { CODE_HELP = 256, CODE_VERSION, CODE_OPTION };

/* The form that getopt wants of a table. */
struct getopt_form {
    struct option options[OPTIONS_MAX + 3];
    const char *names[OPTIONS_MAX + 3];
    char letters[LETTERS_MAX];
};

static void make_form(const struct option_row *rows, struct getopt_form *form)
{
    size_t i, letters = 0;

    form->letters[letters++] = ':';
    form->letters[letters++] = 'h';
    for (i = 0; rows[i].kind != OPTION_END && i < OPTIONS_MAX; i++) {
        int has_value = rows[i].value ? required_argument : no_argument;

        form->options[i] = (struct option){rows[i].name, has_value, NULL, CODE_OPTION + (int)i};
        form->names[i] = rows[i].name;
        if (!rows[i].letter)
            continue;
        form->letters[letters++] = rows[i].letter;
        if (has_value == required_argument)
            form->letters[letters++] = ':';
    }
    form->letters[letters] = '\0';
    form->options[i] = (struct option){"help", no_argument, NULL, CODE_HELP};
    form->names[i++] = "help";
    form->options[i] = (struct option){"version", no_argument, NULL, CODE_VERSION};
    form->names[i++] = "version";
    form->options[i] = (struct option){0};
    form->names[i] = NULL;
}

static int refuse_unknown(const char *word, const struct getopt_form *form, struct err *err)
{
    char name[WORD_MAX];
    const char *meant = NULL;

    if (strncmp(word, "--", 2) == 0) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
        meant = nearest(name, form->names);
    }
    if (meant)
        return err_set(err, ERR_USAGE, "unknown option \"%s\", did you mean \"--%s\"?", word,
                       meant);
    return err_set(err, ERR_USAGE, "unknown option \"%s\"", word);
}

static int refuse(int code, char **argv, const struct getopt_form *form, struct err *err)
{
    const char *word = argv[optind - 1];
    char letter[3] = {'-', (char)optopt, '\0'};

    if (optopt > 0 && optopt < CODE_HELP)
        word = letter;
    if (code == ':')
        return err_set(err, ERR_USAGE, "option \"%s\" needs a value", word);
    if (optopt >= CODE_HELP)
        return err_set(err, ERR_USAGE, "option \"%s\" takes no value", word);
    return refuse_unknown(word, form, err);
}

static const struct option_row *find_row(const struct option_row *rows, int code)
{
    const struct option_row *row = rows;

    if (code >= CODE_OPTION)
        return rows + (code - CODE_OPTION);
    while (row->kind != OPTION_END && row->letter != code)
        row++;
    return row;
}

static int store_option(const struct option_row *row, struct arguments *arguments, struct err *err)
{
    char *field = (char *)arguments + row->offset;

    switch (row->kind) {
    case OPTION_TEXT:
        *(const char **)(void *)field = optarg;
        return 0;
    case OPTION_FLAG:
        *(bool *)(void *)field = true;
        return 0;
    case OPTION_LATER:
        return err_set(err, ERR_USAGE, "--%s is not in this release", row->name);
    case OPTION_END:
        break;
    }
    return 0;
}

static int take_operands(struct arguments *arguments, const struct command *command, int argc,
                         char **argv, struct err *err)
{
    size_t count = (size_t)(argc - optind);

    arguments->feeds = (const char *const *)(argv + optind);
    arguments->feed_count = count;
    if (count < command->operands_least)
        return err_set(err, ERR_USAGE, "%s is missing", command->operands);
    if (count > command->operands_most)
        return err_set(err, ERR_USAGE, "one word too many: \"%s\"",
                       argv[(size_t)optind + command->operands_most]);
    return 0;
}

int arguments_read(struct arguments *arguments, const struct command *command, int argc,
                   char **argv, enum wanted *wanted, struct err *err)
{
    struct getopt_form form;
    int code;

    *arguments = (struct arguments){0};
    *wanted = WANTED_RUN;
    make_form(command->options, &form);
    opterr = 0;
    while ((code = getopt_long(argc, argv, form.letters, form.options, NULL)) != -1) {
        if (code == '?' || code == ':')
            return refuse(code, argv, &form, err);
        if (code == 'h' || code == CODE_HELP || code == CODE_VERSION) {
            *wanted = code == CODE_VERSION ? WANTED_VERSION : WANTED_HELP;
            return 0;
        }
        if (store_option(find_row(command->options, code), arguments, err))
            return -1;
    }
    return take_operands(arguments, command, argc, argv, err);
}

static void help_line(FILE *out, char letter, const char *name, const char *value, const char *help)
{
    char option[64];
    char short_form[8] = "    ";

    if (letter)
        snprintf(short_form, sizeof short_form, "-%c, ", letter);
    snprintf(option, sizeof option, "%s--%s%s%s", short_form, name, value ? " " : "",
             value ? value : "");
    fprintf(out, "  %-26s %s\n", option, help);
}

void arguments_help(const struct command *command, FILE *out)
{
    const struct option_row *row;

    fprintf(out, "usage: pollard %s [OPTION…]%s%s\n%s\n\n", command->name,
            command->operands[0] ? " " : "", command->operands, command->help);
    if (command->details)
        fprintf(out, "%s\n\n", command->details);
    for (row = command->options; row->kind != OPTION_END; row++) {
        if (row->kind != OPTION_LATER)
            help_line(out, row->letter, row->name, row->value, row->help);
    }
    help_line(out, 'h', "help", NULL, "this text");
    help_line(out, 0, "version", NULL, "the release");
}
