/* What the fuzz targets share: an input taken apart from its head on, and claims that must hold.
 *
 * A target is one file with LLVMFuzzerTestOneInput(): libFuzzer's main calls it (POLLARD_FUZZ), or
 * replay.c with the inputs of corpus/. */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program with the claim if it does not hold. */
#define must(claim) ((claim) ? (void)0 : input_convict(#claim, __FILE__, __LINE__))
_Noreturn void input_convict(const char *claim, const char *file, int line);

struct input {
    const char *at;
    size_t left;
};

unsigned char input_byte(struct input *input); /* 0 if none is left */
/* Up to the next newline, which goes too, or a NUL, or the end. Returns owned, terminated. */
char *input_line(struct input *input);
/* What is left in memory of its own that ends with it and begins with it, so that a sanitizer sees
 * every byte read beside it. Returns owned. */
char *input_rest(struct input *input, size_t *length);

#endif
