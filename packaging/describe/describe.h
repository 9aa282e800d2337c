/* Man pages and completions, made at build time from the tables that the programs themselves read:
 * what a table gains, they gain. `describe TEMPLATE` prints the file; a line @NAME@ in it stands
 * for what one of the writers below prints. */
#ifndef PACKAGING_DESCRIBE_DESCRIBE_H
#define PACKAGING_DESCRIBE_DESCRIBE_H

struct described_line {
    const char *name; /* "@COMMANDS@\n" */
    void (*write)(void);
};
/* End with a NULL name. */
extern const struct described_line man_lines[], bash_lines[], zsh_lines[], fish_lines[];

/* One option of either program. */
struct described {
    char letter; /* 0: none */
    const char *name, *value, *help;
};
typedef void described_fn(const void *cookie, const struct described *option);
/* Calls back for each option of pollardd. */
void each_service_option(described_fn *on_option, const void *cookie);
/* … of a command of pollard, --help and --version included. */
struct command;
void each_option(const struct command *command, described_fn *on_option, const void *cookie);

/* What a shell can complete of an option's value. */
enum taking { TAKES_NOTHING, TAKES_ANY, TAKES_DIR, TAKES_FILE, TAKES_ZONE, TAKES_LEVEL };
enum taking taking_of(const struct described *option);
/* What its operands are. */
int takes_feeds(const struct command *command);
int takes_dir(const struct command *command);
/* `text` as it stands between single quotes: a quote becomes `quote`, `special` get a backslash. */
void write_quoted(const char *text, const char *special, const char *quote);

#endif
