/* fuzz.h - what the fuzz targets share. Each fuzz_NAME.c has one LLVMFuzzerTestOneInput: built with
 * libFuzzer by `make fuzz`, and with replay.c into a program that runs the files it is given. */
#ifndef FUZZ_H
#define FUZZ_H

#include <eddy.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input. */
#define MUST(condition)                                                                            \
    ((condition)                                                                                   \
         ? (void)0                                                                                 \
         : (fprintf(stderr, "%s:%d: MUST(%s)\n", __FILE__, __LINE__, #condition), abort()))

/* The bytes of an input, taken from its front; zeros when there are no more. */
struct input {
    const uint8_t *data;
    size_t size;
};

static inline unsigned take_byte(struct input *in)
{
    if (!in->size)
        return 0;
    in->size--;
    return *in->data++;
}

/* The next bytes up to a zero, a newline or the input's end, as a string of at most size − 1. */
static inline char *take_text(struct input *in, char *text, size_t size)
{
    size_t n = 0;

    for (unsigned c; in->size && (c = take_byte(in)) != 0 && c != '\n' && n + 1 < size;)
        text[n++] = (char)c;
    text[n] = '\0';
    return text;
}

/* Runs it on a loop that all inputs share, with the virtual clock. */
static inline int run_in_loop(eddy_coro coro)
{
    static eddy_loop *loop;

    if (!loop)
        loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);
    MUST(loop != NULL);
    return eddy_loop_run_until_complete(loop, coro);
}

#endif
