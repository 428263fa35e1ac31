/* command.c - how commands refuse. */
#define _GNU_SOURCE
#include "command.h"
#include "masked.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int refuse(const char *name, const char *format, ...)
{
    va_list args;
    char *text = NULL;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    char *masked = text ? masked_text(text) : NULL;
    fprintf(stderr, "eddy%s%s: %s\n", *name ? " " : "", name, masked ? masked : "out of memory");
    free(masked);
    free(text);
    return STATUS_USAGE;
}
