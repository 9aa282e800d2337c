#include "tests/fuzz/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void input_convict(const char *claim, const char *file, int line)
{
    fprintf(stderr, "%s:%d: it does not hold that %s\n", file, line, claim);
    abort();
}

unsigned char input_byte(struct input *input)
{
    if (!input->left)
        return 0;
    input->left--;
    return (unsigned char)*input->at++;
}

char *input_line(struct input *input)
{
    const char *newline = input->left ? memchr(input->at, '\n', input->left) : NULL;
    size_t length = newline ? (size_t)(newline - input->at) : input->left;
    char *line = length ? strndup(input->at, length) : strdup("");

    must(line);
    input->left -= length + (newline != NULL);
    input->at += length + (newline != NULL);
    return line;
}

char *input_rest(struct input *input, size_t *length)
{
    char *rest = malloc(input->left ? input->left : 1);

    must(rest);
    if (input->left)
        memcpy(rest, input->at, input->left);
    *length = input->left;
    return rest;
}
