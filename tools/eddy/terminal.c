/* terminal.c - a line that changes. */
#include "terminal.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A terminal that is called dumb cannot clear a line. */
bool terminal_can_show(void)
{
    const char *term = getenv("TERM");

    return isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
}

static int width(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

void terminal_show(const char *format, ...)
{
    char line[256];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    /* A line as wide as the terminal would wrap, and \r not bring it back. */
    fprintf(stderr, "\r%.*s\033[K", width() - 1, line);
    fflush(stderr);
}

void terminal_clear(void)
{
    fputs("\r\033[K", stderr);
    fflush(stderr);
}
