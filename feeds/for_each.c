#include "feeds/for_each.h"

#include <stdlib.h>
#include <string.h>

#include "feeds/template.h"

enum { VARS_MAX = 16, VAR_NAME_MAX = 64 };

static void refuse(struct mistakes *mistakes, const char *what, const struct json *value,
                   const char *must)
{
    char quoted[96];

    settings_quote(value, quoted);
    mistakes_say(mistakes, mistakes->file, value, "\"%s\" must %s, not %s", what, must, quoted);
}

static bool is_var_name(const char *name)
{
    size_t length = strlen(name);

    return length >= 1 && length <= VAR_NAME_MAX &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789._-")] == '\0';
}

static bool is_again(const struct json *object, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(object->members[i].key, object->members[index].key) == 0)
            return true;
    }
    return false;
}

static void check_member(const struct json *vars, size_t index, struct mistakes *mistakes)
{
    const struct json_member *member = &vars->members[index];
    struct json place = {.line = member->line, .column = member->column};

    if (is_again(vars, index)) {
        mistakes_say(mistakes, mistakes->file, &place, "duplicate key \"%s\"", member->key);
        return;
    }
    if (!is_var_name(member->key))
        mistakes_say(mistakes, mistakes->file, &place,
                     "\"%s\" in \"for_each\" must be 1 to 64 letters, digits, \".\", \"_\" or "
                     "\"-\"",
                     member->key);
    if (member->value->type != JSON_ARRAY || member->value->count == 0) {
        refuse(mistakes, member->key, member->value, "be a list of values");
        return;
    }
    for (size_t i = 0; i < member->value->count; i++) {
        const struct json *item = member->value->items[i];

        if (item->type != JSON_STRING && item->type != JSON_NUMBER && item->type != JSON_BOOL)
            refuse(mistakes, member->key, item, "be a list of strings, numbers, true or false");
    }
}

/* The number of combinations; 0: a mistake was said. */
static size_t count_combinations(const struct json *vars, size_t room, struct mistakes *mistakes)
{
    size_t found = mistakes->found;
    size_t count = 1;

    if (vars->type != JSON_OBJECT || vars->count == 0 || vars->count > VARS_MAX) {
        refuse(mistakes, "for_each", vars, "be an object of 1 to 16 lists");
        return 0;
    }
    for (size_t i = 0; i < vars->count; i++)
        check_member(vars, i, mistakes);
    if (mistakes->found != found)
        return 0;
    for (size_t i = 0; i < vars->count && count <= room; i++)
        count *= vars->members[i].value->count; /* ≤ room × items of a file: no overflow */
    if (count > room) {
        mistakes_say(mistakes, mistakes->file, vars,
                     "\"for_each\" makes too many feeds: a configuration holds at most %d",
                     FEEDS_MAX);
        return 0;
    }
    return count;
}

static int combine(const struct json *tree, const struct json *vars, size_t number,
                   struct json **file, struct err *err)
{
    struct json_member members[VARS_MAX];
    struct json values = {.type = JSON_OBJECT, .members = members, .count = vars->count};

    for (size_t i = vars->count; i-- > 0;) {
        const struct json *list = vars->members[i].value;

        members[i] = vars->members[i];
        members[i].value = list->items[number % list->count];
        number /= list->count;
    }
    *file = json_clone(tree);
    if (!*file)
        return err_memory(err);
    return template_apply(*file, &values, err);
}

/* The file without its `for_each`, which may be long: a shallow copy, its members owned. */
static int strip(const struct json *tree, struct json *bare, struct mistakes *mistakes)
{
    size_t found = 0;

    *bare = *tree;
    bare->count = 0;
    bare->members = calloc(tree->count, sizeof *bare->members);
    if (!bare->members)
        return -1;
    for (size_t i = 0; i < tree->count; i++) {
        const struct json_member *member = &tree->members[i];

        if (strcmp(member->key, "for_each") != 0)
            bare->members[bare->count++] = *member;
        else if (found++ > 0)
            mistakes_add(mistakes, member->line, member->column, "duplicate key \"for_each\"");
    }
    return 0;
}

int for_each_file(const struct json *tree, size_t room, struct mistakes *mistakes,
                  int (*on_file)(void *cookie, const struct json *file, struct err *err),
                  void *cookie, struct err *err)
{
    const struct json *vars = json_get(tree, "for_each");
    struct json bare;
    size_t count = 0;
    int status = 0;

    if (!vars && room > 0)
        return on_file(cookie, tree, err) < 0 ? -1 : 0;
    if (!vars) {
        mistakes_say(mistakes, mistakes->file, tree, "a configuration holds at most %d feeds",
                     FEEDS_MAX);
        return 0;
    }
    if (strip(tree, &bare, mistakes) != 0)
        return err_memory(err);
    count = count_combinations(vars, room, mistakes);
    if (count == 0) { /* the other keys' mistakes are said as well */
        mistakes->is_sketch = true;
        status = on_file(cookie, &bare, err);
        mistakes->is_sketch = false;
    }
    for (size_t i = 0; i < count && status == 0; i++) {
        struct json *file = NULL;

        status = combine(&bare, vars, i, &file, err);
        if (status == 0)
            status = on_file(cookie, file, err);
        if (status < 0 && err->kind == ERR_FULL) {
            mistakes_say(mistakes, mistakes->file, vars, "%s", err->text);
            status = 1;
        }
        json_free(file);
    }
    free(bare.members);
    return status < 0 ? -1 : 0;
}
