/* command.c - how commands refuse. */
#include "command.h"
#include <stdarg.h>
#include <stdio.h>

int refuse(const char *name, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "eddy%s%s: ", *name ? " " : "", name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return STATUS_USAGE;
}
