/* die.c - last words. */
#include "base/die.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void eddy__put(int fd, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t n = write(fd, text, left);

        if (n <= 0)
            return;
        text += n;
        left -= (size_t)n;
    }
}

void eddy__put_number(int fd, size_t n)
{
    char digits[24];
    size_t i = sizeof digits;

    digits[--i] = '\0';
    do
        digits[--i] = (char)('0' + n % 10);
    while (n /= 10);
    eddy__put(fd, digits + i);
}

void eddy__abort(void)
{
    abort();
}

void eddy__exit_failure(void)
{
    _exit(EXIT_FAILURE);
}
