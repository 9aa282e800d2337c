#include "feeds/mistakes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MISTAKE_TEXT_MAX = 1024 };

void mistakes_release(struct mistakes *mistakes)
{
    for (size_t i = 0; i < mistakes->count; i++) {
        free(mistakes->items[i].file);
        free(mistakes->items[i].text);
    }
    free(mistakes->items);
    *mistakes = (struct mistakes){0};
}

void mistakes_enter(struct mistakes *mistakes, const char *file)
{
    mistakes->file = file;
    mistakes->first = mistakes->count;
}

static bool mistakes_hold(const struct mistakes *mistakes, const struct mistake *mistake)
{
    for (size_t i = mistakes->first; i < mistakes->count; i++) {
        const struct mistake *other = &mistakes->items[i];

        if (other->line == mistake->line && other->column == mistake->column &&
            strcmp(other->text, mistake->text) == 0 && strcmp(other->file, mistake->file) == 0)
            return true;
    }
    return false;
}

/* Names of files and keys may hold anything; a mistake is one line. */
static char *one_line(const char *text)
{
    char *copy = strdup(text);

    for (char *at = copy; at && *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7F)
            *at = '?';
    return copy;
}

static int mistakes_append(struct mistakes *mistakes, const struct mistake *mistake)
{
    struct mistake copy = *mistake;

    if (mistakes->count == mistakes->capacity) {
        size_t capacity = mistakes->capacity ? 2 * mistakes->capacity : 16;
        struct mistake *items = realloc(mistakes->items, capacity * sizeof *items);

        if (!items)
            return -1;
        mistakes->items = items;
        mistakes->capacity = capacity;
    }
    copy.file = one_line(mistake->file);
    copy.text = one_line(mistake->text);
    if (!copy.file || !copy.text) {
        free(copy.file);
        free(copy.text);
        return -1;
    }
    mistakes->items[mistakes->count++] = copy;
    return 0;
}

static void mistakes_put(struct mistakes *mistakes, struct mistake mistake)
{
    size_t in_file = mistakes->count - mistakes->first;

    mistakes->found++;
    if (in_file > MISTAKES_A_FILE || mistakes_hold(mistakes, &mistake))
        return;
    if (in_file == MISTAKES_A_FILE)
        mistake.text = "too many mistakes: the others in this file are not shown";
    if (mistakes_append(mistakes, &mistake) != 0)
        mistakes->is_incomplete = true;
}

void mistakes_add(struct mistakes *mistakes, int line, int column, const char *text)
{
    mistakes_put(mistakes, (struct mistake){.file = (char *)mistakes->file,
                                            .line = line,
                                            .column = column,
                                            .text = (char *)text});
}

void mistakes_say(struct mistakes *mistakes, const char *file, const struct json *where,
                  const char *format, ...)
{
    char text[MISTAKE_TEXT_MAX];
    va_list arguments;

    if (mistakes->is_sketch && where && where->type == JSON_STRING && strchr(where->text, '{'))
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    mistakes_put(mistakes, (struct mistake){.file = (char *)file,
                                            .line = where ? where->line : 0,
                                            .column = where ? where->column : 0,
                                            .text = text});
}

static void on_mistake(void *cookie, int line, int column, const char *text)
{
    mistakes_add(cookie, line, column, text);
}

struct settings_report mistakes_report(struct mistakes *mistakes)
{
    return (struct settings_report){.on_mistake = on_mistake, .cookie = mistakes};
}

/* By text at last, since qsort is not stable. */
static int compare_mistakes(const void *left, const void *right)
{
    const struct mistake *a = left;
    const struct mistake *b = right;
    int order = strcmp(a->file, b->file);

    if (order != 0)
        return order;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return strcmp(a->text, b->text);
}

void mistakes_sort(struct mistakes *mistakes)
{
    if (mistakes->count > 1)
        qsort(mistakes->items, mistakes->count, sizeof *mistakes->items, compare_mistakes);
}
