/* Pages of mdoc(7). */
#include <stdio.h>

#include "companion/commands.h"
#include "companion/keys.h"
#include "feeds/feed_settings.h"
#include "packaging/describe/describe.h"

/* One character of UTF-8 as groff names it; returns its length. */
static size_t write_wide(const unsigned char *at)
{
    unsigned length = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : 2;
    unsigned code = at[0] & (0xFFu >> (length + 1));

    for (unsigned i = 1; i < length; i++)
        code = code << 6 | (at[i] & 0x3F);
    printf("\\[u%04X]", code);
    return length;
}

/* Text that roff shows as it is: in a line of its own, or among a macro's arguments. A sentence
 * ends its line, as roff wants it. */
static void write_text(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    if (*at == '.' || *at == '\'')
        fputs("\\&", stdout);
    while (*at) {
        if (*at >= 0x80) {
            at += write_wide(at);
            continue;
        }
        if (*at == '\\')
            fputs("\\e", stdout);
        else if (*at == '-')
            fputs("\\-", stdout);
        else if (*at == '"')
            fputs("\\(dq", stdout);
        else if (*at == '\'')
            fputs("\\(aq", stdout);
        else if (*at == '\n' && (at[1] == '.' || at[1] == '\''))
            fputs("\n\\&", stdout);
        else if (*at == ' ' && at > (const unsigned char *)text && at[-1] == '.' && at[1] >= 'A' &&
                 at[1] <= 'Z')
            putchar('\n');
        else
            putchar(*at);
        at++;
    }
}

static void write_option(const void *unused, const struct described *option)
{
    (void)unused;
    fputs(".It ", stdout);
    if (option->letter)
        printf("Fl %c , ", option->letter);
    printf("Fl Fl %s", option->name);
    if (option->value) {
        fputs(" Ar ", stdout);
        write_text(option->value);
    }
    putchar('\n');
    write_text(option->help);
    putchar('\n');
}

static void write_service_options(void)
{
    puts(".Bl -tag -width Ds");
    each_service_option(write_option, NULL);
    puts(".El");
}

static void write_command(const struct command *command)
{
    printf(".Ss pollard %s", command->name);
    if (command->operands[0])
        putchar(' ');
    write_text(command->operands);
    putchar('\n');
    write_text(command->help);
    puts(".");
    if (command->details) {
        puts(".Pp");
        write_text(command->details);
        putchar('\n');
    }
    puts(".Bl -tag -width Ds");
    each_option(command, write_option, NULL);
    puts(".El");
}

static void write_commands(void)
{
    for (size_t i = 0; commands[i]; i++)
        write_command(commands[i]);
}

static void write_key(const char *name, const struct setting *key)
{
    char range[KEYS_RANGE_MAX];

    printf(".It Cm ");
    write_text(name);
    putchar('\n');
    write_text(key->help);
    puts(".");
    if (key->fallback_text) {
        fputs("Default: ", stdout);
        write_text(key->fallback_text);
        puts(".");
    }
    keys_range(key, range);
    if (*range) {
        fputs("Bounds: ", stdout);
        write_text(range);
        puts(".");
    }
}

static void write_table(const struct setting *table, const char *parent)
{
    for (; table->key; table++) {
        char name[64];

        snprintf(name, sizeof name, "%s%s%s", parent, *parent ? "." : "", table->key);
        write_key(name, table);
        if (table->nested)
            write_table(table->nested, name);
    }
}

static void write_keys(const struct setting *table)
{
    puts(".Bl -tag -width Ds");
    write_table(table, "");
    puts(".El");
}

static void write_feed_keys(void)
{
    write_keys(feed_settings);
}

static void write_service_keys(void)
{
    write_keys(service_settings);
}

const struct described_line man_lines[] = {
    {"@SERVICE_OPTIONS@\n", write_service_options},
    {"@COMMANDS@\n", write_commands},
    {"@FEED_KEYS@\n", write_feed_keys},
    {"@SERVICE_KEYS@\n", write_service_keys},
    {NULL, NULL},
};
